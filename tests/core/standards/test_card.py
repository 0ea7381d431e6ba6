"""The card of a hand: the published examples, what stands on it where a bone is missing, and its interval."""

import itertools
import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError
from core.standards import (
    GRADE_COUNTS,
    STANDARDS,
    IncompleteGrades,
    age_of_total,
    grade_count,
    score_card,
    standard,
    total_distribution,
    total_of_grades,
)
from tests.core.standards.samples import all_at, certain, drawn, every_table, read

IN_FILES: dict[str, Sex] = {"male": "M", "female": "F"}


def grades_of_labels(key: str, labels: list[str]) -> dict[str, int]:
    """The lowest RUS-CHN grade of each bone that bears the label under the standard."""
    table = standard(key)
    return {
        bone: next(grade for grade in range(grade_count(bone) + 1) if table.label(bone, grade) == label)
        for bone, label in zip(RUS_BONES, labels, strict=True)
    }


VECTORS = [(key, case) for key in STANDARDS for case in read(key)["test_vectors"]["cases"]]


@pytest.mark.parametrize(("key", "case"), VECTORS)
def test_published_examples(key: str, case: dict[str, Any]) -> None:
    sex = IN_FILES[case["sex"]]
    grades = grades_of_labels(key, case["grades"])
    assert total_of_grades(key, sex, grades) == case["total"]
    assert round(age_of_total(key, sex, case["total"]), 2) == case["age"]
    card = score_card(key, sex, certain(grades), scatter_years=0.0)
    assert card.total == case["total"]
    assert list(card.labels.values()) == case["grades"]
    assert card.expected_total == pytest.approx(case["total"])


def test_examples_are_for_every_table_and_in_our_order() -> None:
    assert {(key, case["sex"]) for key, case in VECTORS} == set(itertools.product(STANDARDS, IN_FILES))
    for key in STANDARDS:
        assert tuple(read(key)["bones"]) == tuple(read(key)["test_vectors"]["bone_order"]) == RUS_BONES


def test_a_missing_bone_gives_no_total_and_is_named() -> None:
    probabilities: dict[str, NDArray[np.float64] | None] = {**drawn(0)}
    probabilities["MC3"] = None
    with pytest.raises(IncompleteGrades, match="12 of 13 bones are graded; grade MC3 before a total is given") as error:
        total_distribution("rus_chn", "M", probabilities)
    assert error.value.missing == ("MC3",) and isinstance(error.value, BoneGradeError)
    card = score_card("rus_chn", "M", probabilities, scatter_years=0.0)
    assert card.age_text == "12 of 13 bones graded, no total: MC3 is missing"
    assert card.missing == ("MC3",) and card.scores["MC3"] is None and card.labels["MC3"] is None
    assert card.scores["MC1"] is not None and tuple(card.scores) == tuple(card.labels) == RUS_BONES
    assert (card.total, card.expected_total, card.age_years, card.interval90_years) == (None, None, None, None)
    assert not card.mature
    del probabilities["Ulna"]
    assert score_card("tw3_rus", "F", probabilities, scatter_years=0.0).age_text.endswith(
        "no total: Ulna and MC3 are missing"
    )
    assert score_card("tw3_rus", "F", {}, scatter_years=0.0).age_text.startswith("0 of 13 bones graded")


def test_absent_is_graded_and_not_missing() -> None:
    card = score_card("tw3_rus", "M", certain(all_at(0)), scatter_years=0.0)
    assert (card.total, card.missing, set(card.labels.values())) == (0, (), {"A"})
    assert score_card("rus_chn", "M", certain(all_at(0)), scatter_years=0.0).labels["Ulna"] == "0"


@every_table
def test_floor_and_maturity(key: str, sex: Sex) -> None:
    first, last = standard(key).age_range(sex)
    young = score_card(key, sex, certain(all_at(0)), scatter_years=0.0)
    assert young.age_years is None and not young.mature and young.age_text == f"below {first:.1f} years"
    assert young.interval90_years == (first, first)
    old = score_card(key, sex, certain(all_at(99)), scatter_years=0.0)
    assert old.age_years is None and old.mature and old.total == 1000
    assert old.age_text == f"mature ({last:.1f} years or more)" and old.interval90_years == (last, last)
    nearly = score_card(key, sex, certain(all_at(99) | {"DP5": GRADE_COUNTS["DP5"] - 1}), scatter_years=0.0)
    assert not nearly.mature and nearly.age_years is not None and nearly.age_text == f"{nearly.age_years:.1f} years"


def test_the_last_total_below_the_table_has_no_age_and_the_first_in_it_has() -> None:
    # A girl with every bone at stage B has 126, the first printed row of TW3; one bone less is below it.
    first_row = all_at(1)
    assert score_card("tw3_rus", "F", certain(first_row), scatter_years=0.0).age_years == 2.0
    below = score_card("tw3_rus", "F", certain(first_row | {"MC3": 0}), scatter_years=0.0)
    assert (below.total, below.age_years, below.age_text) == (121, None, "below 2.0 years")


def test_given_grades_count_before_the_most_probable_ones() -> None:
    probabilities = certain(all_at(6))
    plain = score_card("rus_chn", "M", probabilities, scatter_years=0.0)
    changed = score_card("rus_chn", "M", probabilities, {"Radius": 7, "Ulna": None}, scatter_years=0.0)
    assert plain.total is not None and changed.total == plain.total - 46 + 76
    assert changed.labels["Radius"] == "6" and changed.expected_total == pytest.approx(plain.total)
    without = {bone: values for bone, values in probabilities.items() if bone != "Radius"}
    by_hand = score_card("rus_chn", "M", without, {"Radius": 7}, scatter_years=0.0)
    assert by_hand.total == changed.total and by_hand.missing == ()
    assert by_hand.expected_total == pytest.approx(changed.total)


@every_table
def test_interval_widens_with_the_scatter_and_always_holds_the_age(key: str, sex: Sex) -> None:
    for seed in range(6):
        probabilities = drawn(seed)
        previous = None
        for scatter in (0.0, 0.25, 0.5, 2.0, 50.0):
            card = score_card(key, sex, probabilities, scatter_years=scatter)
            assert card.interval90_years is not None and card.total is not None
            low, high = card.interval90_years
            assert low <= age_of_total(key, sex, card.total) <= high
            if previous is not None:
                assert low <= previous[0] and high >= previous[1]
            previous = (low, high)
        assert previous == standard(key).age_range(sex)


def test_a_certain_total_has_an_interval_as_wide_as_the_scatter_on_both_sides() -> None:
    card = score_card("tw3_rus", "M", certain(all_at(5)), scatter_years=0.5)
    assert card.age_years is not None
    z = 1.6448536269514722
    assert card.interval90_years == pytest.approx((card.age_years - 0.5 * z, card.age_years + 0.5 * z))


def test_card_is_printable_as_json() -> None:
    card = score_card(
        "tw3_c_rus", "F", {bone: values.astype(np.float32) for bone, values in drawn(4).items()}, scatter_years=0.0
    )
    fields = card.to_dict()
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert list(fields) == [
        "standard", "name", "scores", "labels", "total", "expected_total", "age_years", "age_text", "mature",
        "interval90_years", "missing",
    ]  # fmt: skip
    assert fields["interval90_years"] == list(card.interval90_years or ())
    incomplete = score_card("tw3_c_rus", "F", {}, scatter_years=0.0).to_dict()
    assert incomplete["interval90_years"] is None and incomplete["missing"] == list(RUS_BONES)


def test_a_wrong_sex_bone_grade_probability_or_scatter_is_refused() -> None:
    for wrong, said in (
        ({"Radius": np.full(14, 1 / 14)}, "Radius needs 15 probabilities"),
        ({"MC2": np.ones(1)}, "'MC2' is not one of the 13"),
    ):
        with pytest.raises(ValueError, match=said):
            score_card("rus_chn", "M", drawn(0) | wrong, scatter_years=0.0)
    with pytest.raises(ValueError, match="'M' or 'F'"):
        score_card("rus_chn", "male", {}, scatter_years=0.0)  # type: ignore[arg-type]
    for grade in (-1, 15):
        with pytest.raises(ValueError, match="Radius has the grades 0 to 14"):
            score_card("rus_chn", "M", drawn(0), {"Radius": grade}, scatter_years=0.0)
    for scatter in (-0.1, np.nan):
        with pytest.raises(ValueError, match="scatter must be 0 or more"):
            score_card("rus_chn", "M", drawn(0), scatter_years=scatter)
