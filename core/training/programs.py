"""The whole programs behind `python -m core train`: from a data folder to registered weights."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.bone_age import SecondOpinion
from core.grade import Grader
from core.localize import Localizer
from core.training.crop_store import GradedCrops, HandCrops, cut_films
from core.training.exemplar_frame import EXEMPLARS_KEY, MEAN_CROPS, mean_crops, read_graded
from core.training.films import read_boxes, read_films
from core.training.grader import GraderRecipe, months_of, train_grader
from core.training.interval import calibrate_spread
from core.training.localizer import LocalizerRecipe, train_localizer
from core.training.pseudo_boxes import pseudo_boxes
from core.training.score_road import ScoreRoadRecipe, fit_score_road
from core.training.second_opinion import (
    HandWindows,
    SecondOpinionRecipe,
    best_weight,
    cut_hands,
    months_of_hands,
    train_second_opinion,
)
from core.whole_hand import WholeHandReader
from models.registry import load_grader, load_localizer, load_whole_hand, register
from models.whole_hand_network import WholeHandNetwork


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


@dataclass(frozen=True)
class GradingMaterial:
    """What graders are trained on (`train`, `exemplars`) and measured on (`val`)."""

    train: HandCrops
    val: HandCrops
    exemplars: GradedCrops


def grading_material(data: Path, run: Path) -> GradingMaterial:
    """Cuts crops of `train` and `val` and frames the exemplars that are trained on, or reads what `run` has of them.

    Half of the exemplars are left out, see core.training.exemplar_frame.Part.
    """
    localizer = Localizer(load_localizer()[0])
    run.mkdir(parents=True, exist_ok=True)
    hands: dict[str, HandCrops] = {}
    for split in ("train", "val"):
        saved = run / f"crops_{split}.npz"
        if not saved.is_file():
            cut_films(read_films(data / "hands", split), localizer).save(saved)
        hands[split] = HandCrops.load(saved)
    framed = run / "exemplars.npz"
    if not framed.is_file():
        read_graded(data / "graded_rois", "exemplar", "trained", mean_crops(hands["train"])).save(framed)
    return GradingMaterial(hands["train"], hands["val"], GradedCrops.load(framed))


def make_grader(data: Path, run: Path, epochs: int, seed: int) -> None:
    """Cuts crops of `train` and `val`, trains on `train`, and sets the interval's spread on `val`."""
    material = grading_material(data, run)
    np.savez_compressed(MEAN_CROPS, **mean_crops(material.train))  # type: ignore[arg-type]
    recipe = dataclasses.replace(GraderRecipe(), epochs=epochs, seed=seed)
    network = train_grader(material.train, material.val, material.exemplars, run, recipe)
    fit_score_road(network, material.train, material.exemplars, ScoreRoadRecipe(seed=seed))
    metadata = {**recipe.options.to_metadata(), EXEMPLARS_KEY: "trained"}
    register("grader", network, metadata)
    spread = calibrate_spread(Grader(load_grader()[0]), material.val)
    register("grader", network, {**metadata, "interval_spread": f"{spread:.3f}"})


def make_second_opinion(data: Path, run: Path, seed: int) -> None:
    """Trains the network that looks at the whole hand on `train`; sets its weight, and the interval's spread, on `val`.

    data: as of make_grader. The registered grader's ages are what it is the second opinion on.
    """
    localizer = Localizer(load_localizer()[0])
    run.mkdir(parents=True, exist_ok=True)
    windows: dict[str, HandWindows] = {}
    for split in ("train", "val"):
        saved = run / f"windows_{split}.npz"
        if not saved.is_file():
            cut_hands(read_films(data / "hands", split), localizer).save(saved)
        windows[split] = HandWindows.load(saved)
    network = train_second_opinion(
        windows["train"], windows["val"], run / "second_opinion", SecondOpinionRecipe(seed=seed)
    )
    crops = run / "crops_val.npz"
    if not crops.is_file():
        cut_films(read_films(data / "hands", "val"), localizer).save(crops)
    register_opinion(network, HandCrops.load(crops), windows["val"])


def register_opinion(network: WholeHandNetwork, val: HandCrops, windows: HandWindows) -> None:
    """Registers the network with its weight, and the grader anew with the spread that suits both.

    val, windows: the same hands in the same order; none of them trained on.
    """
    if val.ids.tolist() != windows.ids.tolist():
        raise ValueError("the crops and the pictures of the whole hand are not of the same hands")
    grader, file = load_grader()
    register("whole_hand", network, {"weight": "0"})
    shipped = load_whole_hand()
    assert shipped is not None
    whole = months_of_hands(WholeHandReader(shipped[0], 0.0), windows)
    complete = val.found.all(axis=1)
    bones = months_of(grader, HandCrops(**{n: getattr(val, n)[complete] for n in HandCrops.__dataclass_fields__}))
    weight = best_weight(bones, whole[complete], val.months[complete].astype(float))
    register("whole_hand", network, {"weight": f"{weight:.2f}"})
    second = [SecondOpinion(float(months), weight) for months in whole]
    spread = calibrate_spread(Grader(grader), val, second)
    register("grader", grader, {**file.metadata, "interval_spread": f"{spread:.3f}"})
