"""Whether the age's intervals hold the radiologists' readings as often as they say."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from core.assessment.assessor import Assessment, Assessor
from core.assessment.bone_age import BoneAge, heard, interval_of_total
from core.evaluation.readings import Reading, by_sex
from core.evaluation.shares import wilson95
from core.standards import total_distribution

#: The nominal coverages of the reliability table.
NOMINAL: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

#: An assessment with an age, and a nominal coverage -> the interval's ends in months.
IntervalOf = Callable[[Assessment, float], tuple[float, float]]


def intervals_of(assessor: Assessor) -> IntervalOf:
    """Intervals of any nominal coverage, made as the assessor makes its 90 % interval and with the same spread."""

    def interval(assessment: Assessment, coverage: float) -> tuple[float, float]:
        distribution = total_distribution("rus_chn", assessment.sex, dict(assessment.probabilities))
        bones, second = assessment.bones_age_months, assessment.second_opinion
        ends = interval_of_total(assessor.grader, assessment.sex, distribution, assessor.spread, coverage)
        return ends if bones is None or second is None else heard(BoneAge(bones, ends), second).interval90

    return interval


def interval_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Share of answered hands whose reading lies in the 90 % interval, ends included, in all and by sex.

    answered: hands with an interval. held: those whose reading lies in it. coverage: the share, with its Wilson 95 %
    interval. mean_width_months: of the intervals. The figures of all stand beside the keys male and female.
    """
    everyone, male, female = (_coverage(_intervals(members)) for members in by_sex(readings).values())
    return {**everyone, "male": male, "female": female}


def reliability_figures(readings: Sequence[Reading], interval_of: IntervalOf) -> list[dict[str, Any]]:
    """The same of all hands with an age for each nominal coverage, the smallest first."""
    aged = [
        (r.assessment, r.film.bone_age_months) for r in readings if r.assessment is not None and r.months is not None
    ]
    rows = []
    for nominal in NOMINAL:
        intervals = [(*interval_of(assessment, nominal), label) for assessment, label in aged]
        rows.append({"nominal": nominal, **_coverage(intervals)})
    return rows


def _intervals(readings: Sequence[Reading]) -> list[tuple[float, float, float]]:
    """Lower end, upper end and label of every hand with a 90 % interval."""
    return [
        (*r.assessment.interval90_months, r.film.bone_age_months)
        for r in readings
        if r.assessment is not None and r.assessment.interval90_months is not None
    ]


def _coverage(intervals: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    if not intervals:
        return {"answered": 0}
    low, high, label = np.array(intervals).T
    held = int(((low <= label) & (label <= high)).sum())
    return {
        "answered": len(intervals),
        "held": held,
        "coverage": round(held / len(intervals), 4),
        "coverage_wilson95": list(wilson95(held, len(intervals))),
        "mean_width_months": round(float((high - low).mean()), 1),
    }
