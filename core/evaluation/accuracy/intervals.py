"""Whether the age's intervals hold the radiologists' readings as often as they say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.assessment.age.bone_age import intervals_of_total
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.evaluation.accuracy.assessed import AssessedFilm, by_sex
from core.evaluation.figures import Inline
from core.evaluation.uncertainty import wilson95
from core.standards import total_distribution

#: The nominal coverages of the reliability table.
NOMINAL: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)

#: An interval's ends in months.
Ends = tuple[float, float]
#: An assessment with an age, and a nominal coverage -> the interval of a single reading.
IntervalOf = Callable[[Assessment, float], Ends]


@dataclass(frozen=True)
class Held:
    """How many intervals hold their reading, ends included; the share with its Wilson 95 % interval; and their width."""

    held: int
    coverage: float
    coverage_wilson95: tuple[float, float]
    mean_width_months: float


@dataclass(frozen=True)
class Coverage:
    """answered: hands with an interval; the figures are None without any."""

    answered: int
    readings: Inline[Held | None]


@dataclass(frozen=True)
class IntervalFigures:
    """Figures of all hands, which in JSON stand alongside the keys male and female, and of each sex."""

    everyone: Inline[Coverage]
    male: Coverage
    female: Coverage


@dataclass(frozen=True)
class NominalCoverage:
    """What should be held, and what is."""

    nominal: float
    measured: Inline[Coverage]


def intervals_of(assessor: Assessor) -> IntervalOf:
    """Intervals of any nominal coverage, made as the assessor makes its 90 % interval and with the same setting."""

    def interval(assessment: Assessment, coverage: float) -> Ends:
        distribution = total_distribution("rus_chn", assessment.sex, dict(assessment.probabilities))
        second = assessment.second_opinion
        scatter = assessor.intervals.scatter_months
        bones = intervals_of_total(assessor.grader, assessment.sex, distribution, scatter, coverage)
        return (bones if second is None else second.heard(bones)).interval90

    return interval


def interval_figures(films: Sequence[AssessedFilm]) -> IntervalFigures:
    """How many of the 90 % intervals of a single reading hold it, in all and by sex."""
    return _figures(films, lambda assessment: assessment.interval90_months)


def consensus_figures(films: Sequence[AssessedFilm]) -> IntervalFigures:
    """The same for the intervals of what six readers would agree on, which a single reading more often misses."""
    return _figures(films, lambda assessment: assessment.consensus90_months)


def _figures(films: Sequence[AssessedFilm], ends_of: Callable[[Assessment], Ends | None]) -> IntervalFigures:
    sexes = by_sex(films, lambda members: _coverage(_intervals(members, ends_of)))
    return IntervalFigures(sexes.all, sexes.male, sexes.female)


def reliability_figures(films: Sequence[AssessedFilm], interval_of: IntervalOf) -> list[NominalCoverage]:
    """The same for all hands with an age, at each nominal coverage, the smallest first."""
    aged = [
        (one.assessment, one.film.bone_age_months)
        for one in films
        if one.assessment is not None and one.months is not None
    ]
    rows = []
    for nominal in NOMINAL:
        intervals = [(*interval_of(assessment, nominal), label) for assessment, label in aged]
        rows.append(NominalCoverage(nominal, _coverage(intervals)))
    return rows


def _intervals(
    films: Sequence[AssessedFilm], ends_of: Callable[[Assessment], Ends | None]
) -> list[tuple[float, float, float]]:
    """Lower end, upper end and label of every hand with an interval."""
    found = [(ends_of(one.assessment), one.film.bone_age_months) for one in films if one.assessment is not None]
    return [(*ends, label) for ends, label in found if ends is not None]


def _coverage(intervals: Sequence[tuple[float, float, float]]) -> Coverage:
    if not intervals:
        return Coverage(0, None)
    low, high, label = np.array(intervals).T
    held = int(((low <= label) & (label <= high)).sum())
    return Coverage(
        len(intervals),
        Held(
            held=held,
            coverage=round(held / len(intervals), 4),
            coverage_wilson95=wilson95(held, len(intervals)),
            mean_width_months=round(float((high - low).mean()), 1),
        ),
    )
