"""python -m core train grader: from labelled hands and exemplars to the registered grader and its intervals."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from core.cohort.exemplar_frame import EXEMPLARS_KEY, MEAN_CROPS, mean_crops
from core.training.grader.recipe import GraderRecipe
from core.training.grader.score_road import ScoreRoadRecipe, fit_score_road
from core.training.grader.training import train_grader
from core.training.loop.clock import TimeLimit
from core.training.loop.device import CPU
from core.training.material.sources import GraderSources, GradingMaterial
from core.training.programs.intervals import set_intervals
from models.bone_grader import BoneGrader
from models.improved_resnet import ResNetOptions
from models.registry import WHOLE_HANDS, load_grader, register, unregister


def make_grader(
    sources: GraderSources,
    run: Path,
    recipe: GraderRecipe,
    limit: TimeLimit,
    start: Path | None,
    device: torch.device = CPU,
    workers: int = 1,
) -> None:
    """Trains on the `train` films and the exemplars, at most until the time limit, sets the intervals on `val`, and registers
    the grader. A second opinion must be trained again afterwards.

    start: a folder with a registered grader whose weights are trained further; the recipe's options are then those of these
    weights. Without exemplars, grades are learned from ages alone, from where the score table puts them.
    """
    known = None
    if start is not None:
        known, file = load_grader(folder=start)
        recipe = dataclasses.replace(recipe, start=file.sha256, options=ResNetOptions.from_metadata(file.metadata))
    material = sources.material(run, workers)
    if sources.graded is None:
        recipe = dataclasses.replace(recipe, exemplars=0)
    network = train_grader(material.train, material.val, material.exemplars, run, recipe, device, limit.left(), known)
    fit_score_road(network, material.train, material.exemplars, ScoreRoadRecipe(seed=recipe.seed))
    register_grader(network.cpu(), material, recipe)


def register_grader(network: BoneGrader, material: GradingMaterial, recipe: GraderRecipe) -> None:
    """Registers a trained grader with the intervals that it needs on `val`, and the mean crops that its exemplars were compared
    with. A registered second opinion is removed: its weight was chosen for another grader.
    """
    for name in WHOLE_HANDS:
        unregister(name)
    metadata = {**recipe.options.to_metadata(), EXEMPLARS_KEY: "trained" if len(material.exemplars) else "none"}
    if len(material.exemplars):
        np.savez_compressed(MEAN_CROPS, **mean_crops(material.train))  # type: ignore[arg-type]
    register("grader", network, metadata)
    set_intervals(material.val, None)
