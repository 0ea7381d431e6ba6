"""The whole programs behind `python -m core train`: from a data folder to registered weights."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.assessment.grader import Grader
from core.assessment.records import IntervalSetting, SecondOpinion
from core.assessment.second_opinion import WholeHandReader
from core.cohort.crop_store import (
    GradedCrops,
    HandCrops,
    complete_hands,
    cut_films,
    no_graded_crops,
    save_arrays,
)
from core.cohort.exemplar_frame import EXEMPLARS_KEY, MEAN_CROPS, mean_crops, read_graded
from core.cohort.films import read_boxes, training_films
from core.cohort.settings import settle
from core.hand.localizer import Localizer
from core.training.device import CPU
from core.training.grader import GraderRecipe, months_of, train_grader
from core.training.intervals import calibrate_intervals
from core.training.localizer import LocalizerRecipe, train_localizer
from core.training.pseudo_boxes import pseudo_boxes
from core.training.score_road import ScoreRoadRecipe, fit_score_road
from core.training.second_opinion import (
    HandWindows,
    SecondOpinionRecipe,
    best_weight,
    kept_windows,
    months_of_hands,
    train_second_opinion,
)
from models.bone_grader import BoneGrader
from models.registry import (
    load_grader,
    load_localizer,
    load_whole_hand,
    register,
    register_intervals,
    unregister,
)
from models.whole_hand_network import WholeHandNetwork


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
    unboxed = [film for film in training_films(data, "train") if film.id not in boxed]
    if most_unboxed is not None:
        unboxed = unboxed[:: max(1, math.ceil(len(unboxed) / most_unboxed))]
    saved = run / "pseudo_boxes.npz"
    if not saved.is_file():
        save_arrays(saved, pseudo_boxes(unboxed, Localizer(first)))
    with np.load(saved) as file:
        pseudo = dict(file)
    recipe = LocalizerRecipe(samples=pseudo_samples, seed=2)
    register("localizer", train_localizer(data, run / "self_trained", recipe, pseudo, first, device).cpu(), {})


@dataclass(frozen=True)
class GradingMaterial:
    """What graders are trained on (`train`, `exemplars`) and measured on (`val`)."""

    train: HandCrops
    val: HandCrops
    exemplars: GradedCrops


def localizer_for(films: Path, run: Path) -> Localizer:
    """The registered localiser. Raises DataFolderError where the run folder holds crops of other films or another localiser."""
    network, sha256 = load_localizer()
    settle(run / "material.json", {"folder of films": str(films.resolve()), "localiser": sha256})
    return Localizer(network)


def grading_material(films: Path, graded: Path | None, run: Path, workers: int = 1) -> GradingMaterial:
    """Cuts crops of `train` and `val` and frames the exemplars that are trained on, or reads what `run` has of them.

    films: folder of labelled films. graded: folder of graded exemplars, half of which are left out, see
    core.cohort.exemplar_frame.left_out; None for none at all. workers: processes that cut.
    """
    localizer = localizer_for(films, run)
    train, val = (_crops(films, split, run, localizer, workers) for split in ("train", "val"))
    if graded is None:
        return GradingMaterial(train, val, no_graded_crops())
    settle(run / "exemplars.json", {"folder of exemplars": str(graded.resolve())})
    exemplars = GradedCrops.kept(
        run / "exemplars.npz", lambda: read_graded(graded, "exemplar", "trained", mean_crops(train))
    )
    return GradingMaterial(train, val, exemplars)


def _crops(films: Path, split: str, run: Path, localizer: Localizer, workers: int) -> HandCrops:
    return HandCrops.kept(
        run / f"crops_{split}.npz", lambda: cut_films(training_films(films, split), localizer, workers)
    )


def make_grader(data: Path, run: Path, epochs: int, seed: int) -> None:
    """The grader of the development data's folder: hands/ and graded_rois/. See `train_and_register_grader`."""
    recipe = dataclasses.replace(GraderRecipe(), epochs=epochs, seed=seed)
    train_and_register_grader(data / "hands", data / "graded_rois", run, recipe)


def train_and_register_grader(
    films: Path, graded: Path | None, run: Path, recipe: GraderRecipe, device: torch.device = CPU, workers: int = 1
) -> None:
    """Trains on the `train` films and half of the exemplars, and sets the intervals on `val`.

    films, graded, workers: see grading_material; without exemplars, grades are learned from ages alone, from where the
    score table puts them. A second opinion is to be trained anew afterwards.
    """
    material = grading_material(films, graded, run, workers)
    if graded is None:
        recipe = dataclasses.replace(recipe, exemplars=0)
    network = train_grader(material.train, material.val, material.exemplars, run, recipe, device)
    fit_score_road(network, material.train, material.exemplars, ScoreRoadRecipe(seed=recipe.seed))
    register_grader(network.cpu(), material, recipe)


def register_grader(network: BoneGrader, material: GradingMaterial, recipe: GraderRecipe) -> None:
    """Registers a trained grader with the intervals that it needs on `val`, and the mean crops that its exemplars were held
    against. A second opinion that is registered goes: its weight is another grader's.
    """
    unregister("whole_hand")
    metadata = {**recipe.options.to_metadata(), EXEMPLARS_KEY: "trained" if len(material.exemplars) else "none"}
    if len(material.exemplars):
        np.savez_compressed(MEAN_CROPS, **mean_crops(material.train))  # type: ignore[arg-type]
    register("grader", network, metadata)
    set_intervals(material.val, None)


def make_second_opinion(
    films: Path, run: Path, recipe: SecondOpinionRecipe, device: torch.device = CPU, workers: int = 1
) -> None:
    """Trains the network that looks at the whole hand on `train`; its weight and the intervals are set on `val`.

    films: folder of labelled films. run: may be the grader's, whose crops of `val` are then taken. The registered grader's
    ages are what it is the second opinion on.
    """
    localizer = localizer_for(films, run)
    train, val = (kept_windows(films, split, run, localizer, workers) for split in ("train", "val"))
    network = train_second_opinion(train, val, run / "second_opinion", recipe, device)
    register_opinion(network.cpu(), _crops(films, "val", run, localizer, workers), val)


def register_opinion(network: WholeHandNetwork, val: HandCrops, windows: HandWindows) -> None:
    """Registers the network with its weight, and the intervals that suit it and the grader.

    val, windows: the same hands in the same order; none of them trained on.
    """
    if val.ids.tolist() != windows.ids.tolist():
        raise ValueError("the crops and the pictures of the whole hand are not of the same hands")
    grader, _ = load_grader()
    register("whole_hand", network, {"weight": "0"})
    shipped = load_whole_hand()
    assert shipped is not None
    whole = months_of_hands(WholeHandReader(shipped[0], 0.0), windows)
    complete = complete_hands(val)
    bones = months_of(grader, complete)
    weight = best_weight(bones, whole[val.found.all(axis=1)], complete.months.astype(float))
    register("whole_hand", network, {"weight": f"{weight:.2f}"})
    set_intervals(val, windows)


def make_intervals(films: Path, run: Path, workers: int = 1) -> IntervalSetting:
    """Sets the intervals of the registered networks on `val`. films, run: as in make_second_opinion."""
    localizer = localizer_for(films, run)
    val = _crops(films, "val", run, localizer, workers)
    return set_intervals(
        val, None if load_whole_hand() is None else kept_windows(films, "val", run, localizer, workers)
    )


def set_intervals(val: HandCrops, windows: HandWindows | None) -> IntervalSetting:
    """Registers the setting of the intervals that suits the registered networks, and returns it.

    val, windows: the same hands in the same order, none of them trained on; windows: None without a second opinion.
    """
    grader, file = load_grader()
    weights = {"grader": file.sha256}
    second: list[SecondOpinion] | None = None
    if windows is not None:
        shipped = load_whole_hand()
        assert shipped is not None
        network, whole_hand = shipped
        weights["whole_hand"], weight = whole_hand.sha256, float(whole_hand.metadata["weight"])
        months = months_of_hands(WholeHandReader(network, weight), windows)
        second = [SecondOpinion(float(given), weight) for given in months]
    setting = calibrate_intervals(Grader(grader), val, second)
    register_intervals(setting.scatter_months, setting.spread, weights)
    return setting
