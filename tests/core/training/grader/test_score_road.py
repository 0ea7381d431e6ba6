"""The last step of the grader's training moves the cut points and the calibration, and nothing else."""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.cohort.crop_store import GradedCrops, HandCrops
from core.hand.crops import CONTEXT_SIDE
from core.training.grader.score_road import ScoreRoadRecipe, fit_score_road
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from tests.graded import crops_of_hands

_FITTED = ("first_cut", "cut_steps", "log_steepness", "calibration.")


@pytest.fixture(scope="module")
def grader() -> BoneGrader:
    torch.manual_seed(0)
    return BoneGrader(OrdinalScale(starting_cuts()), ResNetOptions(width=16, groups=2))


@pytest.fixture(scope="module")
def hands() -> HandCrops:
    """Four hands, the last of an absurd age and without its first bone."""
    hands = crops_of_hands(4)
    hands.found[3, 0] = False
    return dataclasses.replace(hands, months=np.array([60, 120, 150, 1000], np.float32))


@pytest.fixture(scope="module")
def exemplars() -> GradedCrops:
    random = np.random.default_rng(1)
    crops = random.integers(0, 256, (2, CONTEXT_SIDE, CONTEXT_SIDE), dtype=np.uint8)
    return GradedCrops(crops, np.array([0, 5]), np.array([7, 6]))


def test_only_the_score_road_moves_and_the_ages_come_nearer(
    grader: BoneGrader, hands: HandCrops, exemplars: GradedCrops
) -> None:
    before = copy.deepcopy(grader.state_dict())
    first = fit_score_road(copy.deepcopy(grader), hands, exemplars, ScoreRoadRecipe(views=1, steps=1))
    fitted = copy.deepcopy(grader)
    last = fit_score_road(fitted, hands, exemplars, ScoreRoadRecipe(views=1, steps=60))
    assert last < 0.9 * first
    assert last < 10  # years: the incomplete hand, whose label is absurd, is left out
    for name, value in fitted.state_dict().items():
        moved = not torch.equal(value, before[name])
        assert moved == name.startswith(_FITTED) or name == "calibration.knots", name


def test_cut_points_still_increase(grader: BoneGrader, hands: HandCrops, exemplars: GradedCrops) -> None:
    fitted = copy.deepcopy(grader)
    fit_score_road(fitted, hands, exemplars, ScoreRoadRecipe(views=1, steps=60, learning_rate=0.2))
    assert (fitted.cuts().diff(dim=1) > 0).all()
    assert (fitted.calibration.values().diff(dim=1) > 0).all()
