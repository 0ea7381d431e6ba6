"""Errors of ages, on cases worked out by hand."""

import pytest

from core.bones import RUS_BONES
from core.evaluation.accuracy.ages import age_figures, small_children_figures, year_figures
from core.evaluation.figures import plain
from tests.readings import BOX, make_reading


def test_ages() -> None:
    readings = [
        make_reading("a", 200, 206),
        make_reading("b", 200, 188, sex="F"),
        make_reading("c", 200, 213),
        make_reading("refused", 200, None, sex="F"),
    ]
    figures = plain(age_figures(readings))
    everyone = figures["all"]
    assert (everyone["n"], everyone["answered"]) == (4, 3)
    assert everyone["mae_months"] == pytest.approx((6 + 12 + 13) / 3, abs=0.01)
    assert everyone["bias_months"] == pytest.approx((6 - 12 + 13) / 3, abs=0.01)
    assert everyone["within_12_months"] == 0.5, "12 months are within, and the refused film is not"
    # These hands are mature: the RUS-CHN table ends at 18 years for boys.
    assert figures["male"]["mae_months_raw"] == pytest.approx(16.0, abs=0.01)
    assert figures["female"]["n"] == 2 and figures["female"]["within_12_months"] == 0.5


def test_groups_of_two_years() -> None:
    labels = [23.9, 24.0, 47.9, 48.0, 216.0, 130.0]
    groups = plain(age_figures([make_reading(str(label), label, label) for label in labels]))["groups"]
    assert {name: group["n"] for name, group in groups.items()} == {
        "0-2": 1, "2-4": 2, "4-6": 1, "10-12": 1, "18-20": 1,
    }  # fmt: skip
    assert list(groups) == ["0-2", "2-4", "4-6", "10-12", "18-20"]


def test_groups_by_the_age_given() -> None:
    hands = [("a", 118.0, 122.0), ("b", 122.0, 121.0), ("c", 30.0, 20.0), ("refused", 100.0, None)]
    given = plain(age_figures([make_reading(name, read, said) for name, read, said in hands]))["given"]
    assert {name: (group["n"], group["bias_months"]) for name, group in given.items()} == {
        "0-2": (1, -10.0), "10-12": (2, 1.5),
    }  # fmt: skip


@pytest.mark.parametrize(("spread", "slope"), [(1.0, 1.0), (0.5, 2.0), (2.0, 0.5)])
def test_the_slope_tells_ages_that_keep_to_the_middle_from_ages_spread_too_far(spread: float, slope: float) -> None:
    labels = [60.0, 90.0, 100.0, 120.0, 150.0]
    hands = [make_reading(str(label), label, 100 + spread * (label - 100)) for label in labels]
    assert age_figures(hands).slope == pytest.approx(slope)
    assert age_figures(hands[:1]).slope is None


def test_nobody_answered() -> None:
    figures = plain(age_figures([make_reading("a", 100, None)]))
    assert (figures["all"]["n"], figures["all"]["answered"]) == (1, 0)
    assert plain(year_figures([make_reading("a", 100, None)]))["8-9"]["all"] == {"n": 1, "answered": 0}


def test_single_years_by_sex() -> None:
    hands = [
        make_reading("a", 96.0, 99.0),
        make_reading("b", 107.9, 101.9, sex="F"),
        make_reading("c", 108.0, 128.0),
        make_reading("d", 95.9, 95.9),
        make_reading("refused", 100.0, None),
    ]
    years = plain(year_figures(hands))
    assert list(years) == ["7-8", "8-9", "9-10"], "the youngest first, and no year without a hand"
    eight = years["8-9"]
    assert (eight["all"]["n"], eight["all"]["answered"], eight["all"]["mae_months"]) == (3, 2, 4.5)
    assert eight["all"]["within_12_months"] == pytest.approx(2 / 3, abs=1e-4), "the refused hand is outside"
    assert (eight["male"]["n"], eight["male"]["mae_months"]) == (2, 3.0)
    assert (eight["female"]["n"], eight["female"]["mae_months"]) == (1, 6.0)
    assert years["9-10"]["all"]["within_12_months"] == 0 and years["9-10"]["female"] == {"n": 0, "answered": 0}


def test_small_children_and_their_grade_0() -> None:
    without_ulna = {bone: BOX for bone in RUS_BONES if bone != "Ulna"}
    hands = [
        make_reading("a", 12, 20, grades={"Ulna": 0, "MC1": 0}),
        make_reading("b", 47.9, 41.9, grades={"Ulna": 0, "MC1": 1}),
        make_reading("no ulna", 30, None, boxes=without_ulna, grades={"MC1": 0}),
        make_reading("refused", 30, None),
        make_reading("four", 48, 88, grades={"Ulna": 0}),
    ]
    figures = plain(small_children_figures(hands))
    assert (figures["errors"]["n"], figures["errors"]["answered"], figures["errors"]["mae_months"]) == (4, 2, 7.0)
    young, older = figures["grade0_by_bone"], figures["grade0_from_4_years_by_bone"]
    assert young["Ulna"] == {"graded": 2, "grade0": 2}, "a bone that was not found has no grade, not grade 0"
    assert young["MC1"] == {"graded": 3, "grade0": 2} and young["Radius"] == {"graded": 3, "grade0": 0}
    assert older["Ulna"] == {"graded": 1, "grade0": 1} and older["MC1"] == {"graded": 1, "grade0": 0}


def test_no_small_children() -> None:
    figures = plain(small_children_figures([make_reading("a", 100, 100)]))
    assert figures["errors"] == {"n": 0, "answered": 0}
    assert set(map(tuple, (row.values() for row in figures["grade0_by_bone"].values()))) == {(0, 0)}
