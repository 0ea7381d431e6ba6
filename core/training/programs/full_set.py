"""python -m core train all: everything, on the RSNA challenge's full set with one GPU; the usual recipe, scaled to 12,611
hands."""

import dataclasses
import math
from pathlib import Path

import torch

from core.cohort.exemplar_frame import check_graded
from core.cohort.films import read_boxes
from core.training.grader.recipe import GraderRecipe
from core.training.loop.clock import TimeLimit
from core.training.material.sources import GraderSources, HandSources
from core.training.programs.grader import make_grader
from core.training.programs.localizer import make_localizer
from core.training.programs.whole_hand import make_whole_hand
from core.training.whole_hand.recipe import whole_hand_recipe
from models.efficientnet_lite import imagenet_state

#: As many samples as `train localizer` takes; in addition, boxes on a thousand unboxed films are enough.
_SAMPLES, _PSEUDO_SAMPLES, _MOST_UNBOXED = 9600, 4800, 1000
#: Height of the whole hand's pictures: windows for larger ones of all hands would take 5 GB.
_FINEST = 256


def full_set_recipe(hands: int = 64, epochs: int = 40, seed: int = 1) -> GraderRecipe:
    """The grader's recipe for the full set: the usual one with `hands` a step.

    The learning rate grows with the square root of the step's size, as AdamW's should (Malladi et al. 2022). The number of
    exemplars a step stays the same: there are still only a few, and each is drawn several hundred times anyway.
    """
    usual = GraderRecipe()
    rate = usual.learning_rate * math.sqrt(hands / usual.hands)
    return dataclasses.replace(usual, epochs=epochs, hands=hands, learning_rate=rate, seed=seed)


def check_ready(exemplars: Path | None) -> None:
    """Checks that what the training will need is available: before hours of work, not after.

    Raises DataFolderError for the folder of exemplars, ImportError without the package of ImageNet weights.
    """
    if exemplars is not None:
        check_graded(exemplars)
    imagenet_state()


def make_all(
    data: Path, run: Path, recipe: GraderRecipe, device: torch.device, exemplars: Path | None = None, workers: int = 1
) -> bool:
    """Trains the localiser where `data` has boxes21.csv, then the grader on the crops that it cuts, then the second opinion
    on the age from the whole hand; registers them.

    data: folder of labelled films with the splits `train` and `val`. exemplars: folder of graded exemplars, if any. run: folder
    of checkpoints, crops and logs; called again on it, it resumes where it stopped.
    Returns whether the localiser was trained; without boxes the registered one is kept.
    Raises DataFolderError where a folder is not laid out as expected.
    """
    boxed = bool(read_boxes(data))
    if boxed:
        make_localizer(data, run / "localizer", _SAMPLES, _PSEUDO_SAMPLES, device, _MOST_UNBOXED)
    sources = GraderSources(data, exemplars)
    make_grader(sources, run / "grader", recipe, TimeLimit(None), None, device, workers)
    whole_hand = whole_hand_recipe("resnet", _FINEST, recipe.seed)
    stages = tuple(dataclasses.replace(stage, passes=recipe.epochs) for stage in whole_hand.stages)
    make_whole_hand(
        HandSources(data), run / "grader", dataclasses.replace(whole_hand, stages=stages), "none", TimeLimit(None),
        device=device, workers=workers,
    )  # fmt: skip
    return boxed
