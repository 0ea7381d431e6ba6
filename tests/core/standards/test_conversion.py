"""Totals to ages and back, against the printed table at every total."""

from typing import Any

import numpy as np
import pytest

from core.bones import RUS_BONES, Sex
from core.standards import (
    IncompleteGrades,
    age_of_total,
    standard,
    total_of_age,
    total_of_grades,
)
from tests.core.standards.samples import every_table, read


def conversion(key: str, sex: Sex) -> dict[str, Any]:
    table: dict[str, Any] = read(key)["conversion"]["male" if sex == "M" else "female"]
    return table


@every_table
def test_age_at_every_total_is_the_listed_one(key: str, sex: Sex) -> None:
    listed = conversion(key, sex)["lookup_age_by_score"]
    ages = age_of_total(key, sex, np.arange(1001))
    first = standard(key).lowest_total(sex)
    assert first == conversion(key, sex)["min_score"] and listed[:first] == [None] * first
    assert [round(float(age), 2) for age in ages[first:]] == listed[first:]
    assert [age_of_total(key, sex, total) for total in (0, 333, 1000)] == list(ages[[0, 333, 1000]])


@every_table
def test_age_never_falls_and_is_clamped(key: str, sex: Sex) -> None:
    table = standard(key)
    first, last = table.age_range(sex)
    assert (first, last) == tuple(conversion(key, sex)["age_range"])
    ages = age_of_total(key, sex, np.arange(-10.0, 1010.0, 0.05))
    assert np.all(np.diff(ages) >= 0.0)
    assert ages[0] == first and ages[-1] == last
    inside = age_of_total(key, sex, np.arange(table.lowest_total(sex), 1000.0, 0.25))
    assert np.all(np.diff(inside) > 0.0)


def test_the_polynomial_is_not_used() -> None:
    # The popular polynomials give a boy 2.02 years at total 0 but 1.25 at 18, and a girl 5.81 years at total 0.
    assert age_of_total("rus_chn", "M", 0) < age_of_total("rus_chn", "M", 18) == pytest.approx(1.12, abs=0.005)
    assert age_of_total("rus_chn", "F", 0) == 1.0


@every_table
def test_inverse_round_trip(key: str, sex: Sex) -> None:
    first, last = standard(key).age_range(sex)
    years = np.linspace(first, last, 4001).reshape(1, -1)
    totals = total_of_age(key, sex, years)
    assert totals.shape == years.shape
    assert np.all(np.diff(totals) > 0.0)
    assert np.allclose(age_of_total(key, sex, totals), years, rtol=0.0, atol=1e-9)
    scores = np.arange(standard(key).lowest_total(sex), 1001)
    assert np.allclose(total_of_age(key, sex, age_of_total(key, sex, scores)), scores, rtol=0.0, atol=1e-6)


@every_table
def test_inverse_is_clamped(key: str, sex: Sex) -> None:
    assert total_of_age(key, sex, 0.0) == pytest.approx(standard(key).lowest_total(sex), abs=1e-9)
    assert total_of_age(key, sex, 30.0) == pytest.approx(1000.0, abs=1e-9)
    assert isinstance(total_of_age(key, sex, 9.3), float) and isinstance(age_of_total(key, sex, 300), float)


def test_a_wrong_sex_and_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="'M' or 'F'"):
        age_of_total("rus_chn", "male", 100)  # type: ignore[call-overload]
    for number in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            age_of_total("rus_chn", "M", number)
        with pytest.raises(ValueError, match="finite"):
            total_of_age("tw3_rus", "M", number)


def test_grades_of_some_bones_have_no_total() -> None:
    with pytest.raises(IncompleteGrades, match="grade Radius, MC3 and DP5 before"):
        total_of_grades("rus_chn", "M", {bone: 3 for bone in RUS_BONES if bone not in ("Radius", "MC3", "DP5")})
