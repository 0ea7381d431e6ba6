"""Calibrates the 90 % intervals: how far the radiologists' readings scatter beyond what the grade distributions say."""

import logging
from collections.abc import Sequence

import numpy as np

from core.assessment.age.bone_age import bone_age_of_total
from core.assessment.grading.grader import Grader
from core.assessment.records import BoneAge, IntervalSetting, SecondOpinion
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.cohort.films import DataFolderError
from core.standards import INTERVAL_COVERAGE, total_distribution

_LOG = logging.getLogger(__name__)
#: The scatter is tried in tenths of a month, up to five years.
_STEPS_A_MONTH, _WIDEST = 10, 600


def calibrate_intervals(grader: Grader, hands: HandCrops, second: Sequence[SecondOpinion] | None) -> IntervalSetting:
    """The least scatter (in tenths of a month, up to 60) with which a single reading's 90 % interval holds 90 % of the labels.

    hands: not trained on; hands with a bone missing are left out. second: of each hand, None
    if there is none. Where even 60 months miss too many, a warning is logged. Raises DataFolderError where there is no such
    hand.

    Why a scatter and no factor: on `val` the width of the grade distributions does not tell how far off the age is, nor does
    the difference of the two opinions (rank correlations with the error within 0.05 of 0), so that intervals as wide as they
    are, times a factor, were wider for the same coverage.
    """
    complete = np.flatnonzero(hands.found.all(axis=1))
    if not len(complete):
        raise DataFolderError("The intervals cannot be calibrated: no hand of the `val` split has all 13 bones.")
    cases = []
    for row in complete.tolist():
        crops = {bone: hands.crops[row, i].astype(np.float32) / 255 for i, bone in enumerate(RUS_BONES)}
        sex: Sex = "F" if hands.female[row] else "M"
        distribution = total_distribution("rus_chn", sex, dict(grader.grade(crops)))
        cases.append((sex, distribution, None if second is None else second[row], float(hands.months[row])))

    def ages(scatter: float) -> list[BoneAge]:
        alone = ((bone_age_of_total(grader, sex, given, scatter), opinion) for sex, given, opinion, _ in cases)
        return [age if opinion is None else opinion.heard(age) for age, opinion in alone]

    def covered(step: int) -> float:
        intervals = np.array([age.interval90 for age in ages(step / _STEPS_A_MONTH)])
        labels = np.array([label for *_, label in cases])
        return float(((intervals[:, 0] <= labels) & (labels <= intervals[:, 1])).mean())

    low, high = 0, _WIDEST
    while low < high:
        middle = (low + high) // 2
        if covered(middle) >= INTERVAL_COVERAGE:
            high = middle
        else:
            low = middle + 1
    if low == _WIDEST and (held := covered(low)) < INTERVAL_COVERAGE:
        _LOG.warning("The 90 %% interval holds %.0f %% of the labels: the ages are far off.", 100 * held)
    return IntervalSetting(low / _STEPS_A_MONTH)
