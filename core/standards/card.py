"""The score card: one film under one standard, from the scores of the bones to the age in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.standards.conversion import age_of_total, total_of_grades
from core.standards.distribution import (
    INTERVAL_COVERAGE,
    central_interval,
    checked_probabilities,
    scattered,
    total_distribution,
)
from core.standards.tables import (
    MATURE_TOTAL,
    Standard,
    checked_bone,
    checked_grade,
    checked_sex,
    grade_count,
    listed,
    standard,
)


@dataclass(frozen=True)
class ScoreCard:
    """One film under one standard.

    standard, name: key and printed name of the standard.
    scores, labels: per bone (all 13, in RUS_BONES order) its score and the standard's own grade; None: not graded.
    total: sum of the scores, 0..1000; None unless all 13 bones are graded.
    expected_total: mean of the total's distribution; None with a bone missing.
    age_years: table age at the total; None where mature, below the table, or with a bone missing.
    age_text: the same for a person: "12.3 years", "mature (18.0 years or more)", "below 2.0 years", or what is missing.
    mature: the total is 1000.
    interval90_years: 90 % interval of the age, in clamped table ages; always contains the clamped table age of the
        total, also where age_years is None; None with a bone missing.
    missing: the bones without a grade.
    """

    standard: str
    name: str
    scores: dict[str, int | None]
    labels: dict[str, str | None]
    total: int | None
    expected_total: float | None
    age_years: float | None
    age_text: str
    mature: bool
    interval90_years: tuple[float, float] | None
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All fields under their own names, tuples as lists, ready for json.dumps."""
        fields = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


def score_card(
    key: str,
    sex: Sex,
    probabilities: Mapping[str, NDArray[Any] | None],
    grades: Mapping[str, int | None] | None = None,
    *,
    scatter_years: float,
) -> ScoreCard:
    """Scores a film under one standard.

    probabilities: for each bone the probabilities of its n+1 RUS-CHN grades, grade 0 first; a bone that was not found
        is None or left out, which is not the same as grade 0. The most probable grade counts; a TW3 standard takes the
        stage of that grade, so that all cards of a film are of the same grades.
    grades: RUS-CHN grades that count instead of the most probable ones, for some or all bones. They set the total; the
        distribution stays that of `probabilities`, except that a bone with a grade and no probabilities is certain.
    scatter_years: standard deviation of the age about what the grades give, see core.standards.scattered.
    Raises ValueError for an unknown standard, sex, bone or grade, for values that are not a distribution, and for a
    negative scatter. A missing bone is not an error: the card then has no total and says which bone is missing.
    """
    table = standard(key)
    checked_sex(sex)
    distributions = {
        checked_bone(bone): checked_probabilities(bone, values)
        for bone, values in probabilities.items()
        if values is not None
    }
    counted = {bone: int(np.argmax(values)) for bone, values in distributions.items()}
    for bone, grade in (grades or {}).items():
        if grade is not None:
            counted[bone] = checked_grade(bone, grade)
            distributions.setdefault(bone, _certain(bone, grade))
    missing = tuple(bone for bone in RUS_BONES if bone not in counted)

    total: int | None = None
    expected_total: float | None = None
    interval: tuple[float, float] | None = None
    if not missing:
        total = total_of_grades(key, sex, counted)
        of_total = total_distribution(key, sex, distributions)
        expected_total = float(of_total @ np.arange(MATURE_TOTAL + 1))
        own = central_interval(of_total, INTERVAL_COVERAGE)
        interval = _interval(table, sex, total, own, scatter_years)
    age_years, age_text = _age(table, sex, total, missing)
    return ScoreCard(
        standard=key,
        name=table.name,
        scores={bone: table.score(sex, bone, counted[bone]) if bone in counted else None for bone in RUS_BONES},
        labels={bone: table.label(bone, counted[bone]) if bone in counted else None for bone in RUS_BONES},
        total=total,
        expected_total=expected_total,
        age_years=age_years,
        age_text=age_text,
        mature=total == MATURE_TOTAL,
        interval90_years=interval,
        missing=missing,
    )


def _interval(
    table: Standard, sex: Sex, total: int, own: tuple[float, float], scatter_years: float
) -> tuple[float, float]:
    """The interval of the clamped table age, within the table. own: the grades' interval, as totals."""
    age, low, high = (age_of_total(table.key, sex, at) for at in (total, *own))
    low, high = scattered(age, (low, high), scatter_years, INTERVAL_COVERAGE)
    first, last = table.age_range(sex)
    return max(first, low), min(last, high)


def _certain(bone: str, grade: int) -> NDArray[np.float64]:
    """The distribution of a bone whose grade is beyond doubt."""
    values: NDArray[np.float64] = np.eye(grade_count(bone) + 1)[grade]
    return values


def _age(table: Standard, sex: Sex, total: int | None, missing: tuple[str, ...]) -> tuple[float | None, str]:
    """The table age of a total in years, or None where it has none, and its text."""
    first, last = table.age_range(sex)
    if total is None:
        verb = "is" if len(missing) == 1 else "are"
        graded = len(RUS_BONES) - len(missing)
        return None, f"{graded} of {len(RUS_BONES)} bones graded, no total: {listed(missing)} {verb} missing"
    if total == MATURE_TOTAL:
        return None, f"mature ({last:.1f} years or more)"
    if total < table.lowest_total(sex):
        return None, f"below {first:.1f} years"
    years = age_of_total(table.key, sex, total)
    return years, f"{years:.1f} years"
