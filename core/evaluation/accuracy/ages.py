"""How far the ages are from the radiologists' readings: in all, by sex, by age, and in small children."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.bones import RUS_BONES
from core.evaluation.accuracy.assessed import AssessedFilm, by_sex
from core.evaluation.figures import BySex, Inline

#: Children younger than this, in months, are reported apart: many of their epiphyses are not visible yet.
SMALL_CHILD_MONTHS: Final = 48


@dataclass(frozen=True)
class MeanErrors:
    """Means over the hands with an age; within_12_months is a share of all hands; one without an age lies outside.

    mae_months_raw: of the RUS-CHN age, before calibration. bias_months: assessed minus read.
    """

    mae_months: float
    mae_months_raw: float
    within_12_months: float
    bias_months: float


@dataclass(frozen=True)
class AgeErrors:
    """How many of n hands have an age (answered) and, where there are any, how far off these are."""

    n: int
    answered: int
    means: Inline[MeanErrors | None]


@dataclass(frozen=True)
class AgeFigures:
    """Errors in all and by sex, and by two years of the labelled age ("8-10" is 96 months up to 120).

    given: by two years of the age given, which is what a user sees; hands without one are left out. slope: of the line that
    predicts the reading from the age given (the calibration slope: Steyerberg, Clinical Prediction Models, 2nd ed. 2019,
    chapter 15), below 1 where ages are spread too far and above 1 where they keep too near to the middle; None without two
    ages that differ. By labelled age even a slope of 1 leaves the youngest too old and the oldest too young, since the
    readings err as well (regression to the mean).
    """

    sexes: Inline[BySex[AgeErrors]]
    groups: Mapping[str, AgeErrors]
    given: Mapping[str, AgeErrors]
    slope: float | None


@dataclass(frozen=True)
class GradeZero:
    """In how many hands a bone was graded, and in how many of these grade 0, "not visible yet", is the likeliest.

    A bone that was not found is not graded and counts in neither.
    """

    graded: int
    grade0: int


@dataclass(frozen=True)
class SmallChildren:
    """Errors under `under_months` of labelled age; and grade 0 by bone, of these children and of the others."""

    under_months: int
    errors: AgeErrors
    grade0_by_bone: Mapping[str, GradeZero]
    grade0_from_4_years_by_bone: Mapping[str, GradeZero]


def age_figures(films: Sequence[AssessedFilm]) -> AgeFigures:
    """Errors against the radiologists' readings in all, by sex, and by two years of the age read and of the age given."""
    answered = [one for one in films if one.months is not None and one.raw_months is not None]
    return AgeFigures(
        by_sex(films, age_errors),
        {name: age_errors(members) for name, members in by_age(films, years=2).items()},
        {name: age_errors(members) for name, members in _by_years(answered, _given, years=2).items()},
        _slope(answered),
    )


def _slope(answered: Sequence[AssessedFilm]) -> float | None:
    given = np.array([_given(one) for one in answered])
    if len(given) < 2 or given.std() == 0:
        return None
    read = np.array([_read(one) for one in answered])
    return round(float(np.cov(given, read, bias=True)[0, 1] / given.var()), 3)


def year_figures(films: Sequence[AssessedFilm]) -> dict[str, BySex[AgeErrors]]:
    """Errors by single year of the labelled age ("7-8" is 84 months up to 96), each in all and by sex."""
    return {name: by_sex(members, age_errors) for name, members in by_age(films, years=1).items()}


def by_age(films: Sequence[AssessedFilm], years: int) -> dict[str, list[AssessedFilm]]:
    """Films grouped by `years` whole years of the labelled age, the youngest first; groups without a hand are left out."""
    return _by_years(films, _read, years)


def _read(film: AssessedFilm) -> float:
    return film.film.bone_age_months


def _given(film: AssessedFilm) -> float:
    assert film.months is not None
    return film.months


def _by_years(
    films: Sequence[AssessedFilm], age: Callable[[AssessedFilm], float], years: int
) -> dict[str, list[AssessedFilm]]:
    groups: dict[str, list[AssessedFilm]] = {}
    for one in sorted(films, key=age):
        first = int(age(one) // (12 * years)) * years
        groups.setdefault(f"{first}-{first + years}", []).append(one)
    return groups


def small_children_figures(films: Sequence[AssessedFilm]) -> SmallChildren:
    """Errors under four years of labelled age, and how often each bone is given grade 0."""
    small = [one for one in films if one.film.bone_age_months < SMALL_CHILD_MONTHS]
    others = [one for one in films if one.film.bone_age_months >= SMALL_CHILD_MONTHS]
    return SmallChildren(SMALL_CHILD_MONTHS, age_errors(small), _grade_zero(small), _grade_zero(others))


def _grade_zero(films: Sequence[AssessedFilm]) -> dict[str, GradeZero]:
    counts = {}
    for bone in RUS_BONES:
        found = [one.assessment.bones.get(bone) for one in films if one.assessment is not None]
        grades = [graded.grade for graded in found if graded is not None]
        counts[bone] = GradeZero(len(grades), grades.count(0))
    return counts


def age_errors(films: Sequence[AssessedFilm]) -> AgeErrors:
    """How far the ages of these hands are off."""
    pairs = [(one.months, one.raw_months, one.film.bone_age_months) for one in films]
    answered = [(months, raw, label) for months, raw, label in pairs if months is not None and raw is not None]
    if not answered:
        return AgeErrors(len(films), 0, None)
    months, raw, label = np.array(answered).T
    error = months - label
    means = MeanErrors(
        mae_months=round(float(np.abs(error).mean()), 2),
        mae_months_raw=round(float(np.abs(raw - label).mean()), 2),
        within_12_months=round(float((np.abs(error) <= 12).sum() / len(films)), 4),
        bias_months=round(float(error.mean()), 2),
    )
    return AgeErrors(len(films), len(answered), means)
