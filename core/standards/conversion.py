"""Turns a total score into a bone age and back."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.standards.monotone_cubic import MonotoneCubic
from core.standards.tables import IncompleteGrades, checked_bone, standard

#: Halvings of the distance between two rows (at most 102 points) when the cubic is inverted: leaves below 1e-13 points.
_HALVINGS = 50


@functools.cache
def _rows(key: str, sex: Sex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The printed totals and ages (years) of one conversion table, both strictly increasing."""
    table = standard(key)
    table.age_range(sex)  # raises an error that names a wrong sex
    totals, ages = np.array(table.knots[sex], dtype=np.float64).T
    return totals, ages


@functools.cache
def _curve(key: str, sex: Sex) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Age (years) of totals that lie within the rows of the table."""
    totals, ages = _rows(key, sex)
    if standard(key).smooth:
        # It keeps the monotonicity of the rows, which a polynomial through them does not.
        return MonotoneCubic(totals, ages)
    return lambda total: np.interp(total, totals, ages)


@overload
def age_of_total(key: str, sex: Sex, total: float) -> float: ...
@overload
def age_of_total(key: str, sex: Sex, total: NDArray[Any]) -> NDArray[np.float64]: ...
def age_of_total(key: str, sex: Sex, total: float | NDArray[Any]) -> float | NDArray[np.float64]:
    """The table age in years of a total score.

    total: one total or an array of any shape; fractions are allowed (expected totals). Never falls as the total rises;
    clamped to the first and last tabulated age. TW3-RUS: straight lines between the printed 0.1-year rows. RUS-CHN and
    TW3-C: monotone cubic (PCHIP) through the half-year rows of the China-05 standard.
    Returns a float for a number, else float64 of the same shape. Raises ValueError for a total that is not finite.
    """
    totals, ages = _rows(key, sex)
    within = np.clip(_finite(total, "total"), totals[0], totals[-1])
    # The cubic meets every row exactly but the last, which it may miss by a rounding error.
    years = np.where(within == totals[-1], ages[-1], _curve(key, sex)(within))
    return float(years) if np.ndim(total) == 0 else years


@overload
def total_of_age(key: str, sex: Sex, years: float) -> float: ...
@overload
def total_of_age(key: str, sex: Sex, years: NDArray[Any]) -> NDArray[np.float64]: ...
def total_of_age(key: str, sex: Sex, years: float | NDArray[Any]) -> float | NDArray[np.float64]:
    """The total score, with fractions, whose table age is `years`: the inverse of age_of_total.

    years: one age or an array of any shape; ages outside the table give its first and last total.
    Returns a float for a number, else float64 of the same shape. Raises ValueError for an age that is not finite.
    """
    totals, ages = _rows(key, sex)
    wanted = np.clip(_finite(years, "age"), ages[0], ages[-1])
    if standard(key).smooth:
        curve = _curve(key, sex)
        row = np.clip(np.searchsorted(ages, wanted, side="right") - 1, 0, len(ages) - 2)
        low, high = totals[row], totals[row + 1]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            below = curve(middle) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        found = (low + high) / 2.0
    else:
        found = np.interp(wanted, ages, totals)
    return float(found) if np.ndim(years) == 0 else np.asarray(found, dtype=np.float64)


def total_of_grades(key: str, sex: Sex, grades: Mapping[str, int]) -> int:
    """The total score (0..1000) of the RUS-CHN grades of all 13 bones under a standard.

    Raises IncompleteGrades if a bone has no grade, ValueError for an unknown bone or grade.
    """
    for bone in grades:
        checked_bone(bone)
    missing = tuple(bone for bone in RUS_BONES if bone not in grades)
    if missing:
        raise IncompleteGrades(missing)
    return sum(standard(key).score(sex, bone, grades[bone]) for bone in RUS_BONES)


def _finite(value: float | NDArray[Any], what: str) -> NDArray[np.float64]:
    numbers = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(numbers)):
        raise ValueError(f"The {what} must be a finite number.")
    return numbers
