"""Tests of the scoring standards against their own tables, test vectors and exact enumeration."""

import hashlib
import itertools
import json
from importlib import resources
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
    age_distribution,
    age_of_total,
    central_interval,
    grade_count,
    grade_descriptions,
    grade_label,
    quantiles_of_total,
    scattered,
    score_card,
    standard,
    total_distribution,
    total_of_age,
    total_of_grades,
    tw3_stage,
)

SEXES: tuple[Sex, ...] = ("M", "F")
IN_FILES: dict[str, Sex] = {"male": "M", "female": "F"}
every_table = pytest.mark.parametrize(("key", "sex"), list(itertools.product(STANDARDS, SEXES)))


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((resources.files("core") / "data" / f"{name}.json").read_text("utf-8"))
    return document


def conversion(key: str, sex: Sex) -> dict[str, Any]:
    table: dict[str, Any] = read(key)["conversion"]["male" if sex == "M" else "female"]
    return table


def grades_of_labels(key: str, labels: list[str]) -> dict[str, int]:
    """The lowest RUS-CHN grade of each bone that bears the label under the standard."""
    table = standard(key)
    return {
        bone: next(grade for grade in range(grade_count(bone) + 1) if table.label(bone, grade) == label)
        for bone, label in zip(RUS_BONES, labels, strict=True)
    }


def certain(grades: dict[str, int]) -> dict[str, NDArray[np.float64]]:
    return {bone: np.eye(GRADE_COUNTS[bone] + 1)[grade] for bone, grade in grades.items()}


def all_at(grade: int) -> dict[str, int]:
    """All bones at one grade, or at their last one where they have fewer."""
    return {bone: min(grade, GRADE_COUNTS[bone]) for bone in RUS_BONES}


def drawn(seed: int) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return {bone: rng.dirichlet(np.full(GRADE_COUNTS[bone] + 1, 0.5)) for bone in RUS_BONES}


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


def test_no_cell_of_a_table_changes_by_accident() -> None:
    # The examples cannot reach every cell; whoever corrects a table on purpose changes its checksum here.
    files = {key: (resources.files("core") / "data" / f"{key}.json").read_bytes() for key in STANDARDS}
    assert {key: hashlib.sha256(content).hexdigest() for key, content in files.items()} == {
        "rus_chn": "f36c0b1e14e21227ded21d09a70b37efc2c23e31f8e6f930fcfb63935043f2fd",
        "tw3_rus": "1168872ef97a1522e4e3e122a46e581acc11a618e32b7bb28c4c892590646e1a",
        "tw3_c_rus": "0774ab2872783afb2948760750d2e7a125f16b899d69823bda4d7226878abb57",
    }
    assert standard("tw3_c_rus").scores == standard("tw3_rus").scores


def test_examples_are_for_every_table_and_in_our_order() -> None:
    assert {(key, case["sex"]) for key, case in VECTORS} == set(itertools.product(STANDARDS, IN_FILES))
    for key in STANDARDS:
        assert tuple(read(key)["bones"]) == tuple(read(key)["test_vectors"]["bone_order"]) == RUS_BONES


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


@every_table
def test_scores_of_grades_start_at_zero_never_fall_and_end_at_1000(key: str, sex: Sex) -> None:
    scores = {bone: standard(key).scores_of_grades(sex, bone) for bone in RUS_BONES}
    assert all(len(scores[bone]) == GRADE_COUNTS[bone] + 1 and scores[bone][0] == 0 for bone in RUS_BONES)
    assert all(np.all(np.diff(values) >= (1 if key == "rus_chn" else 0)) for values in scores.values())
    assert total_of_grades(key, sex, all_at(99)) == sum(values[-1] for values in scores.values()) == 1000
    assert total_of_grades(key, sex, all_at(0)) == 0


def test_both_tw3_stages_of_a_boys_middle_finger_score_four() -> None:
    table = standard("tw3_rus")
    assert table.labels["PP3"][:3] == ("A", "B", "C") and table.scores["M"]["PP3"][:3] == (0, 4, 4)
    assert table.scores["F"]["PP3"][1] < table.scores["F"]["PP3"][2]


def test_grades_and_stages() -> None:
    assert dict(GRADE_COUNTS) == read("rus_chn")["n_grades"]
    assert (grade_label("Radius", 0), tw3_stage("Radius", 0)) == ("0", "A")
    assert (grade_label("Radius", 6), tw3_stage("Radius", 6)) == ("5(2)", "F")
    assert (grade_label("MC3", 5), tw3_stage("MC3", 5)) == ("4(2)", "E")
    assert (grade_label("Ulna", 12), tw3_stage("Ulna", 12)) == ("7(4)", "H")
    stages = {bone: [tw3_stage(bone, grade) for grade in range(1, GRADE_COUNTS[bone] + 1)] for bone in RUS_BONES}
    assert stages == read("tw3_c_rus")["rus_chn_grade_to_tw3_stage"]
    assert [standard(key).name for key in STANDARDS] == ["RUS-CHN", "TW3-RUS", "TW3-C RUS"]
    assert standard("rus_chn") is standard("rus_chn")


@pytest.mark.parametrize("bone", RUS_BONES)
def test_descriptions_agree_with_the_grades(bone: str) -> None:
    described = grade_descriptions(bone)
    assert [row.grade for row in described] == list(range(GRADE_COUNTS[bone] + 1))
    assert all(row.label == grade_label(bone, row.grade) and row.short and row.look_for for row in described)
    guide = read("grade_descriptions")
    rows = guide["groups"][guide["bone_to_group"][bone]]["rus_chn"]
    assert [(row.label, row.tw3_stage) for row in described[1:]] == [(row["label"], row["tw3_stage"]) for row in rows]
    assert described[0].short == "Not visible yet" and described[0].tw3_stage == "A"


@every_table
def test_distribution_of_two_uncertain_bones_is_their_enumeration(key: str, sex: Sex) -> None:
    grades = all_at(6)
    probabilities = certain(grades) | {bone: drawn(3)[bone] for bone in ("Radius", "PP3")}
    table = standard(key)
    expected = np.zeros(1001)
    for radius, phalanx in itertools.product(range(GRADE_COUNTS["Radius"] + 1), range(GRADE_COUNTS["PP3"] + 1)):
        total = total_of_grades(key, sex, grades | {"Radius": radius, "PP3": phalanx})
        expected[total] += probabilities["Radius"][radius] * probabilities["PP3"][phalanx]
    found = total_distribution(key, sex, probabilities)
    assert np.allclose(found, expected, rtol=0.0, atol=1e-14)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.count_nonzero(found) <= len(set(table.scores_of_grades(sex, "Radius"))) * (GRADE_COUNTS["PP3"] + 1)


@every_table
@pytest.mark.parametrize("seed", range(5))
def test_mean_and_variance_of_the_total_add_up(key: str, sex: Sex, seed: int) -> None:
    probabilities = drawn(seed)
    found = total_distribution(key, sex, probabilities)
    assert found.shape == (1001,) and found.dtype == np.float64 and found.min() >= 0.0
    totals = np.arange(1001)
    mean, variance = 0.0, 0.0
    for bone in RUS_BONES:
        scores = np.array(standard(key).scores_of_grades(sex, bone))
        mean += probabilities[bone] @ scores
        variance += probabilities[bone] @ scores**2 - (probabilities[bone] @ scores) ** 2
    assert found @ totals == pytest.approx(mean, rel=1e-10)
    assert found @ totals**2 - (found @ totals) ** 2 == pytest.approx(variance, rel=1e-8)
    assert score_card(key, sex, probabilities, scatter_years=0.0).expected_total == pytest.approx(mean, rel=1e-10)


@every_table
def test_float32_rounding_is_divided_out(key: str, sex: Sex) -> None:
    single = {bone: values.astype(np.float32) * np.float32(1.00005) for bone, values in drawn(1).items()}
    found = total_distribution(key, sex, single)
    assert found.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.allclose(found, total_distribution(key, sex, drawn(1)), atol=1e-6)


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
    with pytest.raises(IncompleteGrades, match="grade Radius, MC3 and DP5 before"):
        total_of_grades("rus_chn", "M", {bone: 3 for bone in RUS_BONES if bone not in ("Radius", "MC3", "DP5")})


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


def test_sides_and_scatter_add_up_in_squares() -> None:
    low, high = scattered(10.0, (7.0, 10.0), 4.0 / 1.6448536269514722, 0.9)
    assert (low, high) == pytest.approx((5.0, 14.0))
    assert scattered(10.0, (11.0, 12.0), 0.0, 0.9) == (10.0, 12.0), "an interval beside the age is drawn out to it"


def test_interval_is_the_central_90_percent() -> None:
    uniform = np.full(1001, 1 / 1001)
    assert central_interval(uniform, 0.9) == (50.0, 950.0)
    assert central_interval(uniform, coverage=0.5) == (250.0, 750.0)
    two = np.zeros(1001)
    two[[100, 300]] = 0.05, 0.95
    assert list(quantiles_of_total(two, [0.05, 0.051, 1.0])) == [100.0, 300.0, 300.0]


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


@every_table
def test_age_histogram(key: str, sex: Sex) -> None:
    first, last = standard(key).age_range(sex)
    distribution = total_distribution(key, sex, {bone: (drawn(2)[bone] + drawn(5)[bone]) / 2 for bone in RUS_BONES})
    edges, bins = age_distribution(key, sex, distribution)
    assert edges[0] == first and edges[-1] == last and np.allclose(np.diff(edges), 0.25)
    assert bins.shape == (len(edges) - 1,) and bins.min() >= 0.0 and bins.sum() == pytest.approx(1.0)
    # No bin within the table is left empty where every total is possible, however far apart the ages of two totals are.
    assert age_distribution(key, sex, np.full(1001, 1 / 1001))[1].min() > 0.0
    mean = distribution @ age_of_total(key, sex, np.arange(1001))
    assert bins @ (edges[:-1] + 0.125) == pytest.approx(mean, abs=0.13)
    for total, expected in ((0, 0), (1000, -1)):
        certain_bins = age_distribution(key, sex, np.eye(1001)[total])[1]
        assert certain_bins[expected] == pytest.approx(1.0)
    coarse, _ = age_distribution(key, sex, distribution, bin_years=0.4)
    assert coarse[-2] < last <= coarse[-1] + 1e-9


def test_age_histogram_halves_a_total_that_lies_on_an_edge() -> None:
    edges, bins = age_distribution("rus_chn", "F", np.eye(1001)[704])  # printed row: 12.0 years
    assert edges[44] == 12.0 and list(bins[[43, 44]]) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full(14, 1 / 14), r"Radius needs 15 probabilities .*shape \(15,\).*shape \(14,\)"),
        (np.full((1, 15), 1 / 15), r"Radius needs 15 .*shape \(1, 15\)"),
        (np.full(15, 1 / 14), "Radius needs 15 .*sum to 1"),
        (np.array([-0.5, 1.5] + [0.0] * 13), "Radius needs 15 .*not negative"),
        (np.full(15, np.nan), "Radius needs 15 "),
    ],
)
def test_wrong_probabilities_are_named(values: NDArray[np.float64], said: str) -> None:
    wrong = drawn(0) | {"Radius": values}
    with pytest.raises(ValueError, match=said):
        total_distribution("rus_chn", "M", wrong)
    with pytest.raises(ValueError, match=said):
        score_card("rus_chn", "M", wrong, scatter_years=0.0)


def test_wrong_names_and_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="no standard 'gp'"):
        standard("gp")
    with pytest.raises(ValueError, match="'M' or 'F'"):
        age_of_total("rus_chn", "male", 100)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="'M' or 'F'"):
        score_card("rus_chn", "male", {}, scatter_years=0.0)  # type: ignore[arg-type]
    for wrong in (grade_count, grade_descriptions):
        with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
            wrong("MC2")
    with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
        grade_label("MC2", 1)
    with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
        total_distribution("rus_chn", "M", drawn(0) | {"MC2": np.ones(1)})
    with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
        score_card("rus_chn", "M", drawn(0) | {"MC2": np.ones(1)}, scatter_years=0.0)
    for grade in (-1, 15):
        with pytest.raises(ValueError, match="Radius has the grades 0 to 14"):
            tw3_stage("Radius", grade)
        with pytest.raises(ValueError, match="Radius has the grades 0 to 14"):
            score_card("rus_chn", "M", drawn(0), {"Radius": grade}, scatter_years=0.0)
    for number in (np.nan, np.inf):
        with pytest.raises(ValueError, match="finite"):
            age_of_total("rus_chn", "M", number)
        with pytest.raises(ValueError, match="finite"):
            total_of_age("tw3_rus", "M", number)
    for scatter in (-0.1, np.nan):
        with pytest.raises(ValueError, match="scatter must be 0 or more"):
            score_card("rus_chn", "M", drawn(0), scatter_years=scatter)
    with pytest.raises(ValueError, match="bin width"):
        age_distribution("rus_chn", "M", np.eye(1001)[5], bin_years=0.0)
    with pytest.raises(ValueError, match="A total needs 1001"):
        age_distribution("rus_chn", "M", np.ones(1000) / 1000)
    with pytest.raises(ValueError, match="coverage"):
        central_interval(np.eye(1001)[5], coverage=1.5)
