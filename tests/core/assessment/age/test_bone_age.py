"""From grade probabilities to a bone age with its interval."""

import numpy as np
import pytest

from core.assessment.age.bone_age import (
    READER_SPREAD_MONTHS,
    bone_age,
    bone_age_of_total,
    intervals_of_total,
    months_of_totals,
)
from core.assessment.grading.grader import Grader
from core.assessment.records import BoneAge, GradeProbabilities, SecondOpinion
from core.bones import RUS_BONES
from core.standards import age_of_total, grade_count


def _certain(share: float) -> GradeProbabilities:
    return {bone: np.eye(grade_count(bone) + 1)[round(share * grade_count(bone))] for bone in RUS_BONES}


def _blurred() -> GradeProbabilities:
    values = {}
    for bone in RUS_BONES:
        odds = np.exp(-np.abs(np.arange(grade_count(bone) + 1) - grade_count(bone) / 2))
        values[bone] = odds / odds.sum()
    return values


def test_an_untrained_calibration_changes_nothing(small_grader: Grader) -> None:
    totals = [200.0, 500.0, 800.0]
    table = [12 * age_of_total("rus_chn", "M", total) for total in totals]
    assert months_of_totals(small_grader, "M", totals) == pytest.approx(table, abs=0.01)


def test_totals_are_clipped_and_ages_increase(small_grader: Grader) -> None:
    below, least, middle, most, above = months_of_totals(small_grader, "F", [-50, 0, 500, 1000, 1100])
    assert below == least < middle < most == above


def test_of_certain_grades_only_the_scatter_is_left(small_grader: Grader) -> None:
    age = bone_age(small_grader, "M", _certain(1.0), 13.0, None)
    assert age is not None
    assert age.months == pytest.approx(18 * 12, abs=0.01), "a boy's RUS-CHN table ends with 1000 points at 18 years"
    for interval, scatter in ((age.interval90, 13.0), (age.consensus90, 12.0)):  # 13, 12 and the readers' 5
        reach = 1.6449 * scatter
        assert interval == pytest.approx((age.months - reach, age.months + reach), abs=1e-2)


def test_more_scatter_gives_a_wider_interval(small_grader: Grader) -> None:
    narrow, wide = (bone_age(small_grader, "F", _blurred(), scatter, None) for scatter in (6.0, 12.0))
    assert narrow is not None and wide is not None
    assert narrow.months == wide.months
    for name in ("interval90", "consensus90"):
        (lowest, highest), (low, high) = getattr(wide, name), getattr(narrow, name)
        assert lowest < low < narrow.months < high < highest


def test_grades_and_scatter_add_up_as_independent_errors_do(small_grader: Grader) -> None:
    """On each side, at every coverage with its own quantile; what readers agree on is never narrower than the grades say."""
    totals = np.exp(-(((np.arange(1001) - 500) / 60) ** 2))
    distribution = totals / totals.sum()
    for coverage, quantile in ((0.5, 0.6745), (0.9, 1.6449)):
        own = intervals_of_total(small_grader, "M", distribution, 0.0, coverage)
        age = intervals_of_total(small_grader, "M", distribution, 13.0, coverage)
        assert own.interval90 == own.consensus90
        for ends, scatter in ((age.interval90, 13.0), (age.consensus90, 12.0)):
            for end, of_grades in zip(ends, own.interval90, strict=True):
                side = np.hypot(of_grades - age.months, quantile * scatter)
                assert abs(end - age.months) == pytest.approx(side, abs=1e-2)
        few = intervals_of_total(small_grader, "M", distribution, READER_SPREAD_MONTHS - 1, coverage)
        assert few.consensus90 == pytest.approx(own.interval90)
    assert bone_age_of_total(small_grader, "M", distribution, 13.0) == age


def test_the_readers_spread_is_that_of_the_networks_measured_against_one_and_against_six() -> None:
    for single, six in ((6.1, 4.6), (6.9, 5.6)):
        assert np.sqrt(np.pi / 2 * (single**2 - six**2)) == pytest.approx(READER_SPREAD_MONTHS, abs=0.1)


def test_the_interval_contains_the_age_even_without_scatter(small_grader: Grader) -> None:
    lopsided = np.zeros(1001)
    lopsided[100], lopsided[900] = 0.6, 0.4
    age = bone_age_of_total(small_grader, "M", lopsided, 0.0)
    assert age.interval90[0] <= age.months <= age.interval90[1]


def test_no_age_with_a_bone_missing(small_grader: Grader) -> None:
    probabilities = _blurred()
    del probabilities["Ulna"]
    assert bone_age(small_grader, "M", probabilities, 1.0, None) is None


@pytest.mark.parametrize(
    ("second", "months", "interval", "consensus"),
    [
        (SecondOpinion(120.0, 0.25), 105.0, (95.0, 125.0), (99.0, 115.0)),
        (SecondOpinion(60.0, 0.5), 80.0, (70.0, 100.0), (74.0, 90.0)),
        (SecondOpinion(500.0, 0.0), 100.0, (90.0, 120.0), (94.0, 110.0)),
        (SecondOpinion(-90.0, 0.5), 5.0, (0.0, 25.0), (0.0, 15.0)),
    ],
)
def test_a_second_opinion_moves_age_and_intervals_by_its_weight(
    second: SecondOpinion, months: float, interval: tuple[float, float], consensus: tuple[float, float]
) -> None:
    moved = second.heard(BoneAge(100.0, (90.0, 120.0), (94.0, 110.0)))
    assert moved.months == pytest.approx(months) and moved.interval90 == pytest.approx(interval)
    assert moved.consensus90 == pytest.approx(consensus)


def test_a_second_opinion_is_part_of_the_bone_age(small_grader: Grader) -> None:
    alone = bone_age(small_grader, "F", _blurred(), 1.0, None)
    both = bone_age(small_grader, "F", _blurred(), 1.0, SecondOpinion(30.0, 0.4))
    assert alone is not None and both is not None
    assert both.months == pytest.approx(0.6 * alone.months + 0.4 * 30.0)
    few = {bone: values for bone, values in _blurred().items() if bone != "Ulna"}
    assert bone_age(small_grader, "F", few, 1.0, SecondOpinion(30.0, 0.4)) is None
