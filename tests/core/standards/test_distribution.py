"""The distributions of total and age, against their enumeration and their moments."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.standards import (
    GRADE_COUNTS,
    age_distribution,
    age_of_total,
    central_interval,
    quantiles_of_total,
    scattered,
    score_card,
    standard,
    total_distribution,
    total_of_grades,
)
from tests.core.standards.samples import all_at, certain, drawn, every_table


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


def test_wrong_bones_and_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="'MC2' is not one of the 13"):
        total_distribution("rus_chn", "M", drawn(0) | {"MC2": np.ones(1)})
    with pytest.raises(ValueError, match="bin width"):
        age_distribution("rus_chn", "M", np.eye(1001)[5], bin_years=0.0)
    with pytest.raises(ValueError, match="A total needs 1001"):
        age_distribution("rus_chn", "M", np.ones(1000) / 1000)
    with pytest.raises(ValueError, match="coverage"):
        central_interval(np.eye(1001)[5], coverage=1.5)
