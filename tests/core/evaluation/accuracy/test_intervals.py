"""Coverage of intervals, on cases worked out by hand."""

import pytest

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.cohort.films import Film
from core.evaluation.accuracy.assessed import AssessedFilm
from core.evaluation.accuracy.intervals import (
    consensus_figures,
    interval_figures,
    intervals_of,
    reliability_figures,
)
from core.evaluation.figures import plain
from tests.hands import Assess, Example
from tests.readings import make_reading


def test_intervals_in_all_and_by_sex() -> None:
    readings = [
        make_reading("in", 100, 100, interval=(90, 110)),
        make_reading("on the edge", 110, 100, interval=(90, 110)),
        make_reading("out", 111, 100, sex="F", interval=(90, 110)),
        make_reading("wide", 111, 100, sex="F", interval=(80, 120)),
        make_reading("refused", 100, None),
    ]
    figures = plain(interval_figures(readings))
    assert (figures["answered"], figures["held"], figures["coverage"]) == (4, 3, 0.75)
    assert figures["mean_width_months"] == 25.0
    assert figures["coverage_wilson95"] == pytest.approx([0.3006, 0.9544], abs=1e-4)
    assert (figures["male"]["answered"], figures["male"]["coverage"]) == (2, 1.0)
    assert (figures["female"]["coverage"], figures["female"]["mean_width_months"]) == (0.5, 30.0)


def test_the_interval_of_six_readers_is_counted_by_itself() -> None:
    readings = [
        make_reading("in both", 100, 100, interval=(90, 110), consensus=(95, 105)),
        make_reading("in one", 108, 100, sex="F", interval=(90, 110), consensus=(95, 105)),
    ]
    figures = plain(consensus_figures(readings))
    assert (figures["held"], figures["mean_width_months"]) == (1, 10.0)
    assert (figures["male"]["held"], figures["female"]["held"]) == (1, 0)
    assert plain(interval_figures(readings))["held"] == 2


def test_without_an_interval() -> None:
    nothing = {"answered": 0}
    for figures in (interval_figures, consensus_figures):
        assert plain(figures([make_reading("a", 100, None)])) == {**nothing, "male": nothing, "female": nothing}


def test_reliability_asks_for_each_level() -> None:
    def interval_of(assessment: Assessment, coverage: float) -> tuple[float, float]:
        assert assessment.bone_age_months is not None
        return assessment.bone_age_months - 100 * coverage, assessment.bone_age_months + 100 * coverage

    readings = [make_reading(str(off), 150 + off, 150) for off in (-55, 65, 75, 94)]
    rows = plain(reliability_figures([*readings, make_reading("refused", 150, None)], interval_of))
    assert [row["nominal"] for row in rows] == [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    assert [row["held"] for row in rows] == [0, 1, 2, 3, 3, 4] and {row["answered"] for row in rows} == {4}
    assert rows[0]["mean_width_months"] == 100.0 and rows[3]["coverage"] == 0.75


def test_its_90_percent_is_the_assessments_own(assessor: Assessor, example: Example, assessed: Assess) -> None:
    assessment = assessed(example)
    interval_of = intervals_of(assessor)
    assert interval_of(assessment, 0.9) == pytest.approx(
        assessment.interval90_months, abs=1e-9
    )  # months, there and back
    ends = [interval_of(assessment, nominal) for nominal in (0.5, 0.8, 0.95)]
    assert ends[2][0] < ends[1][0] < ends[0][0] < ends[0][1] < ends[1][1] < ends[2][1]
    assert assessment.bone_age_months is not None
    film = Film("example", example.path, example.sex, assessment.bone_age_months, "")
    rows = plain(reliability_figures([AssessedFilm(film, assessment, None, 0.1)], interval_of))
    assert [row["coverage"] for row in rows] == [1.0] * 6, "the age itself lies in all of its intervals"
