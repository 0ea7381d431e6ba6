"""Calibration of the 90 % interval."""

import numpy as np
import pytest

from core.assessment.bone_age import bone_age
from core.assessment.grader import Grader
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.hand.crops import CONTEXT_SIDE
from core.training.interval import calibrate_spread

COUNT = 12


def _hands(grader: Grader, error_months: float) -> HandCrops:
    """Random crops labelled with the grader's own age and an error, one with a bone missing and a wild label."""
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (COUNT, 13, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
    female = np.arange(COUNT) % 2
    months = []
    for row in range(COUNT):
        probabilities = grader.grade({bone: crops[row, i] / np.float32(255) for i, bone in enumerate(RUS_BONES)})
        sex: Sex = "F" if female[row] else "M"
        age = bone_age(grader, sex, probabilities, 1.0, None)
        assert age is not None
        months.append(age.months + error_months * random.uniform(-1, 1))
    found = np.ones((COUNT, 13), bool)
    found[-1, 3] = False
    months[-1] = 2000.0
    return HandCrops(
        crops=crops, found=found, months=np.array(months, np.float32), female=female, ids=np.arange(COUNT).astype(str)
    )


def _coverage(grader: Grader, hands: HandCrops, spread: float) -> float:
    held = []
    for row in np.flatnonzero(hands.found.all(1)):
        crops = {bone: hands.crops[row, i] / np.float32(255) for i, bone in enumerate(RUS_BONES)}
        age = bone_age(grader, "F" if hands.female[row] else "M", grader.grade(crops), spread, None)
        assert age is not None
        held.append(age.interval90[0] <= hands.months[row] <= age.interval90[1])
    return float(np.mean(held))


@pytest.mark.parametrize("error_months", [80.0, 120.0])
def test_the_smallest_spread_that_holds_nine_in_ten(small_grader: Grader, error_months: float) -> None:
    hands = _hands(small_grader, error_months)
    spread = calibrate_spread(small_grader, hands, None)
    assert 1 < spread < 20
    assert _coverage(small_grader, hands, spread) >= 0.9
    assert _coverage(small_grader, hands, spread - 0.02) < 0.9


def test_greater_errors_need_a_greater_spread(small_grader: Grader) -> None:
    small, great = (calibrate_spread(small_grader, _hands(small_grader, error), None) for error in (80.0, 120.0))
    assert small < great


def test_nobody_is_surer_than_the_grades(small_grader: Grader) -> None:
    """The readers' own spread holds errors as small as these, and the distribution of the total stays as it is."""
    assert calibrate_spread(small_grader, _hands(small_grader, 4.0), None) == 1.0
