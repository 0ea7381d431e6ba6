"""Whether the grades rise with age, as they should."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.bones import RUS_BONES
from core.cohort.films import Film
from core.evaluation.accuracy.assessed import AssessedFilm, by_sex
from core.evaluation.figures import BySex, Inline
from core.standards import total_of_age

#: A rank correlation of fewer hands is not given.
_LEAST_HANDS: Final = 3


@dataclass(frozen=True)
class Rising:
    """One bone's rank correlation over the n hands in which it was found; None where it has none."""

    n: int
    spearman: float | None


@dataclass(frozen=True)
class RisingFigures:
    """By bone, in all and by sex. lowest: the least of the 13 in all; None without any.

    faultless: that of the RUS-CHN totals of the labelled ages themselves, both sexes together. It is below 1, since a girl's
    bones are ahead of a boy's of the same bone age, and no bone's correlation in all can be expected to be higher.
    """

    sexes: Inline[BySex[Mapping[str, Rising]]]
    lowest: float | None
    faultless: float | None


def rising_figures(films: Sequence[AssessedFilm]) -> RisingFigures:
    """Spearman's rank correlation of each bone's expected grade with the labelled bone age, in all and by sex.

    The expected grade is the mean of a bone's grade distribution, which has no ties where the likeliest grade has many.
    Hands in which the bone was not found count in none.
    """
    sexes: BySex[Mapping[str, Rising]] = by_sex(films, _correlations)
    given = [one.spearman for one in sexes.all.values() if one.spearman is not None]
    return RisingFigures(sexes, min(given, default=None), _faultless([one.film for one in films]))


def _correlations(films: Sequence[AssessedFilm]) -> dict[str, Rising]:
    rows = {}
    for bone in RUS_BONES:
        pairs = [
            (expected_grade(one.assessment.probabilities[bone]), one.film.bone_age_months)
            for one in films
            if one.assessment is not None and one.assessment.bones[bone] is not None
        ]
        rows[bone] = Rising(len(pairs), _spearman(pairs))
    return rows


def _faultless(films: Sequence[Film]) -> float | None:
    totals = [total_of_age("rus_chn", film.sex, film.bone_age_months / 12) for film in films]
    return _spearman(list(zip(totals, (film.bone_age_months for film in films), strict=True)))


def expected_grade(probabilities: NDArray[np.float64]) -> float:
    """The mean of a distribution over the grades 0..n."""
    return float(probabilities @ np.arange(len(probabilities)))


def _spearman(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Spearman's correlation of the pairs; None for too few, and where one of the two is constant."""
    if len(pairs) < _LEAST_HANDS:
        return None
    grades, months = np.array(pairs).T
    if np.ptp(grades) == 0 or np.ptp(months) == 0:
        return None
    value = float(spearmanr(grades, months).statistic)
    return round(value, 4) if math.isfinite(value) else None
