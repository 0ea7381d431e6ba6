"""The scale on which grades of all bones and both sexes are compared."""

import numpy as np
import pytest

from core.bones import RUS_BONES
from core.standards import GRADE_COUNTS, age_of_total, total_of_age
from core.standards.maturity import boys_scale, grade_starts


def test_a_girl_s_age_becomes_that_of_a_boy_with_the_same_total() -> None:
    ages = np.linspace(1.0, 15.0, 29)
    on_scale = boys_scale(ages, "F")
    assert total_of_age("rus_chn", "M", on_scale) == pytest.approx(total_of_age("rus_chn", "F", ages))
    assert np.all(np.diff(on_scale) > 0) and np.all(on_scale[4:-1] > ages[4:-1]), "girls mature earlier"
    assert np.array_equal(boys_scale(ages, "M"), ages)


@pytest.mark.parametrize("bone", RUS_BONES)
def test_each_grade_starts_later_than_the_one_before(bone: str) -> None:
    starts = grade_starts(bone)
    assert len(starts) == GRADE_COUNTS[bone] and np.all(np.diff(starts) > 0)
    first, last = age_of_total("rus_chn", "M", np.array([0.0, 1000.0]))
    assert first < starts[0] and starts[-1] < last
