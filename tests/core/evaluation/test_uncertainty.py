"""Intervals of shares and of what was measured, on cases whose answer is known."""

import numpy as np
import pytest
from scipy.stats import norm

from core.evaluation.uncertainty import bootstrap95, wilson95


def test_a_share_and_its_interval() -> None:
    # Wilson 1927: (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n) with z = 1.96; 9 of 10, and the ends.
    assert wilson95(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson95(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson95(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


def _mean(drawn: np.ndarray) -> np.ndarray:
    return np.asarray(drawn.mean(-1))


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(2).normal(5.0, 2.0, 400)
    low, high = bootstrap95(_mean, values, resamples=4000, seed=1)
    reach = norm.ppf(0.975) * values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.02)
    assert bootstrap95(_mean, values, resamples=4000, seed=1) == (low, high)
    assert bootstrap95(_mean, values, resamples=4000, seed=2) != (low, high)


def test_samples_are_drawn_each_by_itself() -> None:
    rows, columns = np.random.default_rng(3).normal(0.0, 1.0, 300), np.random.default_rng(4).normal(0.0, 3.0, 200)
    low, high = bootstrap95(lambda a, b: a.mean(-1) - b.mean(-1), rows, columns, resamples=4000, seed=1)
    reach = norm.ppf(0.975) * np.sqrt(rows.var() / len(rows) + columns.var() / len(columns))
    middle = rows.mean() - columns.mean()
    assert (low, high) == pytest.approx((middle - reach, middle + reach), abs=0.03)


def test_a_single_value_is_left_as_it_is() -> None:
    assert bootstrap95(_mean, np.array([3.0]), resamples=10, seed=1) == (3.0, 3.0)
    values = np.array([1.0, 2.0, 4.0])
    alone = bootstrap95(_mean, values, resamples=500, seed=1)
    beside = bootstrap95(lambda a, b: (a + b).mean(-1), np.array([10.0]), values, resamples=500, seed=1)
    assert beside == pytest.approx((alone[0] + 10, alone[1] + 10))
