"""How far off the age is on hands that are alike."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.assessment.age.measured_error import (
    MeasuredErrors,
    error_on_hands_like,
    in_doubt,
    read_errors,
    shipped_errors,
)
from core.assessment.records import END_OF_SCALE, Check
from core.bones import Sex
from core.commands.running import write_figures
from core.evaluation.accuracy.alike import LEAST_HANDS, measured_errors
from core.evaluation.accuracy.assessed import AssessedFilm
from models.registry import read_weights
from tests.readings import make_reading

WEIGHTS = {"grader": "a" * 64}


def hands(count: int, months: float, sex: Sex, off: float, doubted: bool = False) -> list[AssessedFilm]:
    """So many hands that were given this age, each as far off."""
    reading = make_reading("a", months - off, months, sex)
    assert reading.assessment is not None
    checks = (Check("squeezed", not doubted, ""), Check("left_hand", False, ""))
    return [replace(reading, assessment=replace(reading.assessment, checks=checks, weights=WEIGHTS))] * count


@pytest.fixture(scope="module")
def figures() -> MeasuredErrors:
    films = [
        *hands(20, 100.0, "M", 4.0),
        *hands(8, 100.0, "F", -8.0),
        *hands(7, 100.0, "F", 14.0, doubted=True),
        *hands(6, 130.0, "F", 6.0),
        *hands(2, 190.0, "M", 30.0),
        *hands(9, END_OF_SCALE["F"] + 1, "F", 90.0),
    ]
    return measured_errors(films, "val", WEIGHTS)


@pytest.mark.parametrize(
    ("months", "sex", "doubted", "count", "error", "words"),
    [
        (100.0, "M", False, 20, 4.0, "boys given an age below 10 years, without a check that puts the age in doubt"),
        (40.0, "F", False, 8, 8.0, "girls given an age below 10 years, without a check that puts the age in doubt"),
        (100.0, "F", True, 35, (20 * 4 + 8 * 8 + 7 * 14) / 35, "children given an age below 10 years"),
        (
            190.0,
            "M",
            False,
            8,
            12.0,
            "children given an age of 10 years or more, without a check that puts the age in doubt",
        ),
    ],
)
def test_the_closest_likeness_of_eight_hands_counts(
    figures: MeasuredErrors, months: float, sex: Sex, doubted: bool, count: int, error: float, words: str
) -> None:
    found = figures.of_hands_like(months, sex, doubted)
    assert found is not None and (found.hands, found.alike.words) == (count, words)
    assert found.mae_months == pytest.approx(error, abs=0.051)
    assert found.mae_months_95[0] <= found.mae_months <= found.mae_months_95[1]


def test_no_group_is_too_small_and_mature_hands_are_in_none(figures: MeasuredErrors) -> None:
    assert min(group.hands for group in figures.groups) >= LEAST_HANDS
    assert max(group.hands for group in figures.groups) == 43
    girls = figures.groups[0]
    assert (girls.within_12_months, girls.mae_months_95) == (1.0, (8.0, 8.0))


def test_it_comes_back_from_its_file_and_counts_for_its_weights_alone(figures: MeasuredErrors, tmp_path: Path) -> None:
    write_figures(tmp_path / "errors.json", figures)
    read = read_errors(tmp_path / "errors.json")
    assert read == figures and read_errors(tmp_path / "none.json") is None
    (assessment,) = [one.assessment for one in hands(1, 100.0, "M", 0.0) if one.assessment is not None]
    assert error_on_hands_like(assessment, read) == figures.groups[1]
    assert error_on_hands_like(assessment, None) is None
    assert error_on_hands_like(replace(assessment, weights={"grader": "b" * 64}), read) is None
    for months in (None, END_OF_SCALE["M"]):
        assert error_on_hands_like(replace(assessment, bone_age_months=months), read) is None


def test_only_what_puts_the_age_in_doubt_counts() -> None:
    def with_failed(name: str) -> bool:
        (assessment,) = [one.assessment for one in hands(1, 100.0, "M", 0.0) if one.assessment is not None]
        return in_doubt(replace(assessment, checks=(Check(name, False, ""),)))

    assert with_failed("resolution") and with_failed("two_opinions")
    assert not with_failed("left_hand") and not with_failed("rare_age")


def test_the_figures_that_ship_are_those_of_the_shipped_weights() -> None:
    shipped = shipped_errors()
    assert shipped is not None
    assert shipped.weights == {name: read_weights(name).sha256 for name in shipped.weights}, "run evaluate --keep anew"
    for months, sex in np.ndindex(200, 2):
        found = shipped.of_hands_like(float(months), "MF"[sex], False)  # type: ignore[arg-type]
        assert found is not None and found.hands >= LEAST_HANDS and 2.0 < found.mae_months < 16.0
