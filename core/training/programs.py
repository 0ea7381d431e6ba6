"""The whole programs behind `python -m core train`: from a data folder to registered weights."""

import dataclasses
from pathlib import Path

import numpy as np

from core.grade import Grader
from core.localize import Localizer
from core.training.crop_store import EXEMPLARS_KEY, HandCrops, Part, cut_films, read_graded
from core.training.films import read_boxes, read_films
from core.training.grader import GraderRecipe, train_grader
from core.training.interval import calibrate_spread
from core.training.localizer import LocalizerRecipe, train_localizer
from core.training.pseudo_boxes import pseudo_boxes
from core.training.score_road import ScoreRoadRecipe, fit_score_road
from models.registry import load_grader, load_localizer, register


def make_localizer(data: Path, run: Path, samples: int, pseudo_samples: int) -> None:
    """Trains on the boxed `train` hands, boxes the others of `train` with the result, and trains on with both."""
    first = train_localizer(data, run / "boxed", LocalizerRecipe(samples=samples))
    boxed = read_boxes(data)
    unboxed = [film for film in read_films(data, "train") if film.id not in boxed]
    saved = run / "pseudo_boxes.npz"
    if not saved.is_file():
        np.savez(saved, **pseudo_boxes(unboxed, Localizer(first)))  # type: ignore[arg-type]
    with np.load(saved) as file:
        pseudo = dict(file)
    recipe = LocalizerRecipe(samples=pseudo_samples, seed=2)
    register("localizer", train_localizer(data, run / "self_trained", recipe, pseudo, teacher=first), {})


def make_grader(data: Path, run: Path, epochs: int, seed: int, part: Part = "all") -> None:
    """Cuts crops of `train` and `val`, trains on `train`, and sets the interval's spread on `val`.

    part: of the exemplars to train on; the weights' metadata tells it, so that the others can be tested on.
    """
    localizer = Localizer(load_localizer()[0])
    run.mkdir(parents=True, exist_ok=True)
    hands: dict[str, HandCrops] = {}
    for split in ("train", "val"):
        saved = run / f"crops_{split}.npz"
        if not saved.is_file():
            cut_films(read_films(data / "hands", split), localizer).save(saved)
        hands[split] = HandCrops.load(saved)
    exemplars = read_graded(data / "graded_rois", "exemplar", part)
    recipe = dataclasses.replace(GraderRecipe(), epochs=epochs, seed=seed)
    network = train_grader(hands["train"], hands["val"], exemplars, run, recipe)
    fit_score_road(network, hands["train"], exemplars, ScoreRoadRecipe(seed=seed))
    metadata = {**recipe.options.to_metadata(), EXEMPLARS_KEY: part}
    register("grader", network, metadata)
    spread = calibrate_spread(Grader(load_grader()[0]), hands["val"])
    register("grader", network, {**metadata, "interval_spread": f"{spread:.3f}"})
