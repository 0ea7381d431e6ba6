"""The whole programs behind `python -m core train`: from a data folder to registered weights."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import torch

from core.grade import Grader
from core.localize import Localizer
from core.training.crop_store import HandCrops, cut_films, no_graded_crops, read_graded
from core.training.device import CPU
from core.training.films import read_boxes, read_films
from core.training.grader import GraderRecipe, train_grader
from core.training.interval import calibrate_spread
from core.training.localizer import LocalizerRecipe, train_localizer
from core.training.pseudo_boxes import pseudo_boxes
from core.training.score_road import ScoreRoadRecipe, fit_score_road
from models.registry import load_grader, load_localizer, register


def make_localizer(
    data: Path,
    run: Path,
    samples: int,
    pseudo_samples: int,
    device: torch.device = CPU,
    most_unboxed: int | None = None,
) -> None:
    """Trains on the boxed `train` hands, boxes the others of `train` with the result, and trains on with both.

    most_unboxed: if given, of the others only so many are taken, spread evenly over the table.
    """
    first = train_localizer(data, run / "boxed", LocalizerRecipe(samples=samples), device=device).cpu()
    boxed = read_boxes(data)
    unboxed = [film for film in read_films(data, "train") if film.id not in boxed]
    if most_unboxed is not None:
        unboxed = unboxed[:: max(1, math.ceil(len(unboxed) / most_unboxed))]
    saved = run / "pseudo_boxes.npz"
    if not saved.is_file():
        np.savez(saved, **pseudo_boxes(unboxed, Localizer(first)))  # type: ignore[arg-type]
    with np.load(saved) as file:
        pseudo = dict(file)
    recipe = LocalizerRecipe(samples=pseudo_samples, seed=2)
    register("localizer", train_localizer(data, run / "self_trained", recipe, pseudo, first, device).cpu(), {})


def make_grader(data: Path, run: Path, epochs: int, seed: int) -> None:
    """The grader of the development data's folder: hands/ and graded_rois/. See `train_and_register_grader`."""
    recipe = dataclasses.replace(GraderRecipe(), epochs=epochs, seed=seed)
    train_and_register_grader(data / "hands", data / "graded_rois", run, recipe)


def train_and_register_grader(
    films: Path, graded: Path | None, run: Path, recipe: GraderRecipe, device: torch.device = CPU, workers: int = 1
) -> None:
    """Cuts crops of `train` and `val`, trains on `train`, and sets the interval's spread on `val`.

    films: folder of labelled films. graded: folder of graded exemplars; without one, grades are learned from ages alone,
    from where the score table puts them. workers: processes that cut.
    """
    localizer = Localizer(load_localizer()[0])
    run.mkdir(parents=True, exist_ok=True)
    hands: dict[str, HandCrops] = {}
    for split in ("train", "val"):
        saved = run / f"crops_{split}.npz"
        if not saved.is_file():
            cut_films(read_films(films, split), localizer, workers).save(saved)
        hands[split] = HandCrops.load(saved)
    if graded is None:
        exemplars, recipe = no_graded_crops(), dataclasses.replace(recipe, exemplars=0)
    else:
        exemplars = read_graded(graded, "exemplar")
    network = train_grader(hands["train"], hands["val"], exemplars, run, recipe, device)
    fit_score_road(network, hands["train"], exemplars, ScoreRoadRecipe(seed=recipe.seed))
    network.cpu()
    metadata = recipe.options.to_metadata()
    register("grader", network, metadata)
    spread = calibrate_spread(Grader(load_grader()[0]), hands["val"])
    register("grader", network, {**metadata, "interval_spread": f"{spread:.3f}"})
