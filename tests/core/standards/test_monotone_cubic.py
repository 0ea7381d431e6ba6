"""The cubic through a table's rows is SciPy's."""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from core.standards import STANDARDS, standard
from core.standards.monotone_cubic import MonotoneCubic


@pytest.mark.parametrize("rows", [3, 4, 12, 40])
def test_it_is_scipys(rows: int) -> None:
    random = np.random.default_rng(rows)
    for _ in range(50):
        x, y = np.cumsum(random.lognormal(0, 2, (2, rows)), 1)
        places = np.linspace(x[0], x[-1], 300)
        assert MonotoneCubic(x, y)(places) == pytest.approx(PchipInterpolator(x, y)(places), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("key", [key for key in STANDARDS if standard(key).smooth])
@pytest.mark.parametrize("sex", ["F", "M"])
def test_through_the_rows_of_every_smooth_table(key: str, sex: str) -> None:
    totals, ages = np.array(standard(key).knots[sex], float).T  # type: ignore[index]
    curve = MonotoneCubic(totals, ages)
    assert curve(totals) == pytest.approx(ages, abs=1e-12)
    assert np.diff(curve(np.linspace(totals[0], totals[-1], 5000))).min() >= 0


@pytest.mark.parametrize("rows", [([0.0, 1.0], [0.0, 1.0]), ([0.0, 1.0, 1.0], [0, 1, 2]), ([0.0, 1.0, 2.0], [0, 2, 1])])
def test_rows_that_do_not_rise(rows: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match="three rows, whose x and y both rise"):
        MonotoneCubic(*map(np.array, rows))
