"""Calibrates the 90 % intervals: how much the score distribution must be widened to hold the radiologists' readings."""

import logging
from collections.abc import Sequence

import numpy as np
import torch

from core.assessment.bone_age import bone_age_of_total
from core.assessment.grader import Grader
from core.assessment.records import SecondOpinion
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.cohort.films import DataFolderError
from core.standards import total_distribution

_LOG = logging.getLogger(__name__)
_COVERAGE = 0.9
#: Of the spread, in steps of 0.02: from the grade distributions' own width to twenty times that.
_NARROWEST, _WIDEST = 50, 1000


def calibrate_spread(grader: Grader, hands: HandCrops, second: Sequence[SecondOpinion] | None) -> float:
    """The smallest spread (in steps of 0.02, 1 to 20) with which a single reading's 90 % interval holds 90 % of the labels.

    hands: not trained on; hands with a bone missing are left out. second: of each hand, None if there is none. The 13 bones'
    errors are taken as independent in the convolution and are not, so the spread comes out above 1; below that what
    readers agree on would be surer than the grades are. Where even 20 misses too many, a warning is logged.
    Raises DataFolderError where there is no such hand.
    """
    complete = np.flatnonzero(hands.found.all(axis=1))
    cases = []
    for row in complete.tolist():
        crops = {bone: hands.crops[row, i].astype(np.float32) / 255 for i, bone in enumerate(RUS_BONES)}
        sex: Sex = "F" if hands.female[row] else "M"
        opinion = None if second is None else second[row]
        distribution = total_distribution("rus_chn", sex, dict(grader.grade(crops)))
        cases.append((sex, distribution, opinion, float(hands.months[row])))

    if not cases:
        raise DataFolderError("The interval cannot be calibrated: no hand of the `val` split has all 13 bones.")

    def covered(spread: float) -> float:
        held = 0
        for sex, distribution, opinion, label in cases:
            age = bone_age_of_total(grader, sex, distribution, spread)
            low, high = (age if opinion is None else opinion.heard(age)).interval90
            held += low <= label <= high
        return held / len(cases)

    low, high = _NARROWEST, _WIDEST
    with torch.inference_mode():
        while low < high:
            middle = (low + high) // 2
            if covered(middle / 50) >= _COVERAGE:
                high = middle
            else:
                low = middle + 1
        if low == _WIDEST and (held := covered(low / 50)) < _COVERAGE:
            _LOG.warning("The 90 %% interval holds %.0f %% of the labels: the ages are far off.", 100 * held)
    return low / 50
