"""How sure a total is: the exact distribution of the total score, and of the age, from the 13 grade distributions."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.bones import RUS_BONES, Sex
from core.standards.conversion import total_of_age
from core.standards.tables import MATURE_TOTAL, IncompleteGrades, checked_bone, grade_count, standard

#: How often the intervals that the program shows should hold the truth; the `90` in their names.
INTERVAL_COVERAGE: Final = 0.9
#: How far probabilities may sum from 1: the rounding of a float32 softmax, with room to spare.
_SUM_TOLERANCE = 1e-4


def checked_probabilities(bone: str, probabilities: ArrayLike) -> NDArray[np.float64]:
    """The grade probabilities of one bone as n+1 float64 that sum to 1, grade 0 first.

    A sum within 1e-4 of 1 is rounding and is divided out. Raises ValueError that names the bone for any other sum, for
    a wrong length and for a negative value.
    """
    values = np.asarray(probabilities, dtype=np.float64)
    count = grade_count(bone)
    return _normalised(values, f"{bone} needs {count + 1} probabilities (grades 0 to {count})", count + 1)


def total_distribution(key: str, sex: Sex, probabilities: Mapping[str, NDArray[Any] | None]) -> NDArray[np.float64]:
    """The probability of every total 0..1000 under a standard, if the bones are graded independently.

    probabilities: for each of the 13 bones the probabilities of its n+1 RUS-CHN grades, grade 0 first; in the TW3
    standards grades of one stage are added up. The 13 score distributions are convolved, which is exact.
    Returns 1001 float64 that sum to 1. Raises IncompleteGrades if a bone is absent or None, ValueError for an unknown
    bone and for values that are not a distribution.
    """
    for bone in probabilities:
        checked_bone(bone)
    given = {bone: values for bone, values in probabilities.items() if values is not None}
    missing = tuple(bone for bone in RUS_BONES if bone not in given)
    if missing:
        raise IncompleteGrades(missing)
    table = standard(key)
    total = np.ones(1, dtype=np.float64)
    for bone in RUS_BONES:
        of_grades = checked_probabilities(bone, given[bone])
        total = np.convolve(total, np.bincount(table.scores_of_grades(sex, bone), weights=of_grades))
    return np.asarray(total / total.sum(), dtype=np.float64)


def quantiles_of_total(total_probabilities: ArrayLike, levels: ArrayLike) -> NDArray[np.float64]:
    """The smallest totals whose cumulative probability reaches each level.

    total_probabilities: 1001 values as total_distribution returns them. levels: in [0, 1].
    """
    cumulative = np.cumsum(_checked_total(total_probabilities))
    # The small margin keeps a level that is reached exactly from being missed by rounding.
    found = np.searchsorted(cumulative, np.asarray(levels, dtype=np.float64) - 1e-12)
    return np.minimum(found, MATURE_TOTAL).astype(np.float64)


def central_interval(total_probabilities: ArrayLike, coverage: float) -> tuple[float, float]:
    """The totals 0..1000 at the quantiles (1 - coverage) / 2 and (1 + coverage) / 2.

    total_probabilities: 1001 values as total_distribution returns them. Raises ValueError for a coverage outside 0..1.
    """
    if not 0.0 <= coverage <= 1.0:
        raise ValueError(f"The coverage must lie between 0 and 1, not {coverage}.")
    tail = (1.0 - coverage) / 2.0
    low, high = quantiles_of_total(total_probabilities, (tail, 1.0 - tail))
    return float(low), float(high)


def scattered(age: float, own: tuple[float, float], scatter: float, coverage: float) -> tuple[float, float]:
    """Widens the interval of an age by a scatter: each side becomes sqrt(side ** 2 + (z * scatter) ** 2).

    age: in any unit. own: the interval that the grades alone give; neither side becomes narrower, and where it lies wholly to
    one side of the age, it is extended to it. scatter: the standard deviation of what the grades do not say, in the same unit.
    z: the normal quantile of the coverage (0..1). Raises ValueError for a negative or infinite scatter.
    """
    if not (math.isfinite(scatter) and scatter >= 0.0):
        raise ValueError(f"The scatter must be 0 or more, not {scatter}.")
    beyond = NormalDist().inv_cdf((1.0 + coverage) / 2.0) * scatter
    below, above = age - min(own[0], age), max(own[1], age) - age
    return age - math.hypot(below, beyond), age + math.hypot(above, beyond)


def age_distribution(
    key: str, sex: Sex, total_probabilities: ArrayLike, bin_years: float = 0.25
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The distribution of the table age as a histogram, for the picture.

    total_probabilities: 1001 values as total_distribution returns them. Each total stands for the half point on either
    side of it, so that bins narrower than the age step between two totals are not left empty. The first bin also holds
    all that lies below the table, the last one all that is mature.
    Returns (edges, probabilities): k+1 ages in years from the first tabulated age in steps of bin_years, and k
    probabilities that sum to 1. Raises ValueError for a bin width that is not positive.
    """
    if not (math.isfinite(bin_years) and bin_years > 0.0):
        raise ValueError(f"The bin width must be a positive number of years, not {bin_years}.")
    first, last = standard(key).age_range(sex)
    bins = max(1, math.ceil((last - first) / bin_years - 1e-9))
    edges = first + bin_years * np.arange(bins + 1, dtype=np.float64)
    cumulative = np.concatenate(([0.0], np.cumsum(_checked_total(total_probabilities))))
    half_points = np.arange(MATURE_TOTAL + 2) - 0.5
    reached = np.interp(total_of_age(key, sex, edges), half_points, cumulative)
    reached[0], reached[-1] = 0.0, 1.0
    return edges, np.clip(np.diff(reached), 0.0, 1.0)


def _checked_total(total_probabilities: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(total_probabilities, dtype=np.float64)
    count = MATURE_TOTAL + 1
    return _normalised(values, f"A total needs {count} probabilities (0 to {MATURE_TOTAL})", count)


def _normalised(values: NDArray[np.float64], needed: str, length: int) -> NDArray[np.float64]:
    """The values divided by their sum, if they are `length` probabilities; `needed` opens the error's sentence."""
    if values.shape != (length,):
        raise ValueError(f"{needed}, an array of shape ({length},); the given one has shape {values.shape}.")
    total = float(values.sum())
    # Written so that a NaN fails both comparisons.
    if not (np.all(values >= 0.0) and abs(total - 1.0) <= _SUM_TOLERANCE):
        raise ValueError(
            f"{needed} that are not negative and sum to 1; "
            f"the given ones sum to {total:.6g} and the least is {values.min():.6g}."
        )
    return values / total
