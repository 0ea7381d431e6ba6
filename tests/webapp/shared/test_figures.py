"""The Plotly figures."""

import pytest

from core.assessment.records import Assessment
from core.bones import BONE_TITLES
from webapp.shared.figures import age_figure, influence_figure


def test_the_age_is_marked_and_lies_on_the_axis(assessment: Assessment) -> None:
    figure = age_figure(assessment)
    assert figure is not None and assessment.bone_age_months is not None
    years = assessment.bone_age_months / 12
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [line.x0 for line in lines] == [pytest.approx(years)]
    first, last = figure.layout.xaxis.range
    assert first < years < last
    assert f"{years:.1f} years" in figure.layout.annotations[0].text


def test_every_standard_has_its_distribution_point_and_interval(assessment: Assessment) -> None:
    figure = age_figure(assessment)
    assert figure is not None
    names = set(figure.layout.yaxis.ticktext)
    assert names == {card.name for card in assessment.standards.values()}
    points = {trace.x[0] for trace in figure.data if trace.mode == "markers"}
    assert points == {card.age_years for card in assessment.standards.values()}
    intervals = {tuple(trace.x) for trace in figure.data if trace.mode == "lines+markers"}
    assert intervals == {card.interval90_years for card in assessment.standards.values()}


def test_bones_are_sorted_by_how_much_they_move_the_age(assessment: Assessment) -> None:
    figure = influence_figure(assessment)
    assert figure is not None
    lower, higher = figure.data
    assert len(lower.y) == 13 and set(lower.y) == set(BONE_TITLES.values())
    sizes = [max(abs(a), abs(b)) for a, b in zip(lower.x, higher.x, strict=True)]
    assert sizes == sorted(sizes)  # the last row is drawn on top
    assert max(lower.x) <= 0.0 <= min(higher.x)
    one = assessment.bones["Radius"]
    assert one is not None
    row = lower.y.index(BONE_TITLES["Radius"])
    assert (lower.x[row], higher.x[row]) == one.influence_months


def test_without_a_bone_there_is_no_figure(without_ulna: Assessment) -> None:
    assert age_figure(without_ulna) is None
    assert influence_figure(without_ulna) is None
