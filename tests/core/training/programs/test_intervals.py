"""Calibration of the 90 % intervals."""

import numpy as np

from core.assessment.age.bone_age import bone_age
from core.assessment.grading.grader import Grader
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.hand.crops import CONTEXT_SIDE
from core.training.programs.intervals import calibrate_intervals

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
        age = bone_age(grader, sex, probabilities, 9.0, None)
        assert age is not None
        months.append(age.months + error_months * random.uniform(-1, 1))
    found = np.ones((COUNT, 13), bool)
    found[-1, 3] = False
    months[-1] = 2000.0
    return HandCrops(
        crops=crops, found=found, months=np.array(months, np.float32), female=female, ids=np.arange(COUNT).astype(str)
    )


def _coverage(grader: Grader, hands: HandCrops, scatter: float) -> float:
    held = []
    for row in np.flatnonzero(hands.found.all(1)):
        crops = {bone: hands.crops[row, i] / np.float32(255) for i, bone in enumerate(RUS_BONES)}
        age = bone_age(grader, "F" if hands.female[row] else "M", grader.grade(crops), scatter, None)
        assert age is not None
        held.append(age.interval90[0] <= hands.months[row] <= age.interval90[1])
    return float(np.mean(held))


def test_the_least_scatter_that_holds_nine_in_ten(small_grader: Grader) -> None:
    hands = _hands(small_grader, 120.0)
    scatter = calibrate_intervals(small_grader, hands, None).scatter_months
    assert 0 < scatter < 60
    assert _coverage(small_grader, hands, scatter) >= 0.9
    assert _coverage(small_grader, hands, scatter - 0.1) < 0.9


def test_errors_that_the_grades_expect_need_no_scatter(small_grader: Grader) -> None:
    assert calibrate_intervals(small_grader, _hands(small_grader, 4.0), None).scatter_months == 0


def test_greater_errors_need_more_scatter(small_grader: Grader) -> None:
    small, great = (calibrate_intervals(small_grader, _hands(small_grader, error), None) for error in (90.0, 120.0))
    assert 0 < small.scatter_months < great.scatter_months
