"""Maturity in years on the boys' RUS-CHN scale, on which grades of all bones and both sexes can be compared."""

import functools

import numpy as np
from numpy.typing import NDArray

from core.bones import Sex
from core.standards import age_of_total, standard, total_of_age


def boys_scale(years: NDArray[np.float64], sex: Sex) -> NDArray[np.float64]:
    """RUS-CHN ages of one sex in years, of any shape -> the ages at which boys have the same total score, of the same shape."""
    if sex == "M":
        return years
    return age_of_total("rus_chn", "M", total_of_age("rus_chn", sex, years))


@functools.cache
def grade_starts(bone: str) -> tuple[float, ...]:
    """The maturity at which grades 1..n of a bone start, in years, increasing.

    A grade's score, as a share of the bone's last, is taken as the hand's total as a share of 1000, and the age of that
    total as the grade's age; a grade starts half-way between the scores of the one before it and its own. Both sexes'
    tables are averaged, the girls' on the boys' scale.
    """
    ages = []
    sexes: tuple[Sex, ...] = ("M", "F")
    for sex in sexes:
        scores = np.array(standard("rus_chn").scores_of_grades(sex, bone), float)
        totals = 1000 * (scores[1:] + scores[:-1]) / 2 / scores[-1]
        ages.append(boys_scale(age_of_total("rus_chn", sex, totals), sex))
    return tuple(float(start) for start in np.mean(ages, axis=0))
