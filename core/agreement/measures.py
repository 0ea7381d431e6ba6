"""How far two voices agree on a bone, how their ages differ, and how long reading takes: the statistics alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

#: With fewer films than this there is no kappa and there are no limits of agreement: the interval would span most of
#: the scale.
LEAST_FILMS: Final = 10

#: The 95 % point of the normal distribution: two tails of 5 % leave the 90 % interval.
_NORMAL_95: Final = 1.6448536269514722

#: The 97.5 % point: limits of agreement contain 95 % of the differences, as is usual.
_NORMAL_975: Final = 1.959963984540054

#: Greater correlations are set to this, so that their Fisher z is finite.
_WITHIN: Final = 1 - 1e-6

#: Why there is no kappa: too few films; or both voices gave the same grade to all of them, so that agreement by chance
#: is complete as well.
NoKappa = Literal["too_few", "one_grade"]


@dataclass(frozen=True)
class Kappa:
    """Quadratic-weighted kappa. films: their number. value: at most 1; None where there is none, and `missing` says why.

    interval90: lower and upper end; None where no two grades differ, so that there is no spread to estimate.
    """

    films: int
    value: float | None
    interval90: tuple[float, float] | None
    missing: NoKappa | None


@dataclass(frozen=True)
class AgeDifferences:
    """Bland and Altman's description of paired ages, first minus second, in months.

    films: number of pairs. mean, limits: None with fewer than LEAST_FILMS pairs. limits: mean -+ 1.96 standard deviations.
    mean_interval90: of the mean. limit_reach90: half the length of the 90 % interval of each limit.
    """

    films: int
    mean: float | None
    limits: tuple[float, float] | None
    mean_interval90: tuple[float, float] | None
    limit_reach90: float | None


@dataclass(frozen=True)
class Times:
    """How long readings took, in seconds.

    counted: readings in the figures. interrupted: left out, because they took longer than the limit, so the reader must
    have been away. unmeasured: left out, because no time was recorded (imported labels). quartiles: 25, 50 and 75 %;
    whiskers: 5 and 95 %; None with nothing to count.
    """

    counted: int
    interrupted: int
    unmeasured: int
    quartiles: tuple[float, float, float] | None
    whiskers: tuple[float, float] | None


def confusion(first: NDArray[Any], second: NDArray[Any], grades: int) -> NDArray[np.int64]:
    """Films by pair of grades: grades x grades, rows the first voice's grade.

    first, second: n grades each, 0..grades-1; a negative one in either leaves the film out.
    """
    both = (first >= 0) & (second >= 0)
    cells = first[both].astype(np.int64) * grades + second[both]
    return np.bincount(cells, minlength=grades * grades).reshape(grades, grades)


def kappa_of_two(first: NDArray[Any], second: NDArray[Any], least: int = LEAST_FILMS) -> Kappa:
    """Quadratic-weighted kappa (Cohen 1968) of two voices on one bone.

    first, second: n grades each; a negative one in either leaves the film out. least: fewer films give no kappa. It does
    not depend on how many grades the bone has, only on those that were given: with quadratic weights kappa is one minus
    the mean squared difference over that of all pairs of a first and a second grade.
    """
    both = (first >= 0) & (second >= 0)
    one, other = first[both].astype(float), second[both].astype(float)
    return _kappa(np.stack([(one - other) ** 2, one, other, one**2 + other**2]), least)


def kappa_of_many(grades: NDArray[Any]) -> Kappa:
    """Quadratic-weighted kappa over all pairs of any number of readers, in no order; each film counts once.

    grades: films x readers; negative where a reader gave none. Films with fewer than two grades are left out.
    """
    given = grades >= 0
    count = given.sum(1)
    kept = count >= 2
    values, given, count = grades[kept].astype(float), given[kept], count[kept]
    mean = np.where(given, values, 0.0).sum(1) / count
    square = np.where(given, values**2, 0.0).sum(1) / count
    # The mean squared difference over all pairs of n grades is twice their variance with n - 1.
    apart = 2 * np.where(given, (values - mean[:, None]) ** 2, 0.0).sum(1) / (count - 1)
    return _kappa(np.stack([apart, mean, mean, 2 * square]), LEAST_FILMS)


def _kappa(moments: NDArray[np.float64], least: int) -> Kappa:
    """Kappa from 4 x films: squared difference, first grade, second grade, sum of both squares.

    The interval leaves out one film at a time (jackknife) on Fisher's z scale, on which such an intraclass correlation is
    about normal (Fleiss and Cohen 1973), so that it stays below 1.
    """
    films = moments.shape[1]
    if films < least:
        return Kappa(films, None, None, "too_few")
    total = moments.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(share_beyond_chance(total / films))
        left_out = share_beyond_chance((total[:, None] - moments) / (films - 1))
    if not math.isfinite(value):
        return Kappa(films, None, None, "one_grade")
    if total[0] == 0:
        return Kappa(films, 1.0, None, None)
    # Without its only film of another grade, the rest may give no kappa, or a perfect one: that film says little.
    scores = np.arctanh(np.clip(np.nan_to_num(left_out, nan=value), -_WITHIN, _WITHIN))
    reach = _NORMAL_95 * math.sqrt((films - 1) * float(scores.var()))
    middle = math.atanh(min(max(value, -_WITHIN), _WITHIN))
    return Kappa(films, value, (math.tanh(middle - reach), math.tanh(middle + reach)), None)


def share_beyond_chance(means: Sequence[NDArray[np.float64]] | NDArray[np.float64]) -> Any:
    """Quadratic-weighted kappa: one minus the mean squared difference over that of pairs drawn at random; NaN if that is 0.

    means: 4 x any shape: of the squared difference, the first grade, the second grade, and the sum of both squares.
    """
    apart, first, second, squares = means
    by_chance = squares - 2 * first * second
    return 1 - apart / np.where(by_chance > 1e-12, by_chance, np.nan)


def age_differences(first: NDArray[np.float64], second: NDArray[np.float64]) -> AgeDifferences:
    """Mean and limits of agreement of n paired ages in months (Bland and Altman 1999, Stat Methods Med Res 8:135).

    The standard error of a limit is their approximation, the square root of 3/n standard deviations.
    """
    films = len(first)
    if films < LEAST_FILMS:
        return AgeDifferences(films, None, None, None, None)
    apart = first - second
    mean, deviation = float(apart.mean()), float(apart.std(ddof=1))
    reach = _NORMAL_95 * deviation / math.sqrt(films)
    return AgeDifferences(
        films=films,
        mean=mean,
        limits=(mean - _NORMAL_975 * deviation, mean + _NORMAL_975 * deviation),
        mean_interval90=(mean - reach, mean + reach),
        limit_reach90=reach * math.sqrt(3),
    )


def times(seconds: NDArray[Any], longest: float) -> Times:
    """Quartiles of n durations in seconds; 0 counts as not measured, more than `longest` as interrupted."""
    measured = seconds[seconds > 0]
    counted = measured[measured <= longest]
    quartiles: tuple[float, float, float] | None = None
    whiskers: tuple[float, float] | None = None
    if len(counted):
        lowest, first, middle, third, highest = (float(v) for v in np.quantile(counted, [0.05, 0.25, 0.5, 0.75, 0.95]))
        quartiles, whiskers = (first, middle, third), (lowest, highest)
    return Times(len(counted), len(measured) - len(counted), len(seconds) - len(measured), quartiles, whiskers)
