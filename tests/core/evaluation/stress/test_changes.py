"""The same hand on other films."""

import numpy as np
import pytest

from core.evaluation.stress.changes import CHANGES, forearm_cut_off
from core.film.radiograph import read_radiograph
from tests.hands import Example


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_film_is_a_film(name: str, example: Example) -> None:
    pixels = read_radiograph(example.path).pixels
    changed = np.asarray(CHANGES[name](pixels))
    assert changed.dtype == np.float32 and changed.min() >= 0 and changed.max() <= 1
    assert changed.shape != pixels.shape or not np.array_equal(changed, pixels)


def test_the_forearm_goes_and_the_hand_stays() -> None:
    film = np.ones((100, 80), np.float32)
    cut = forearm_cut_off(film, np.array([40.0, 60.0]), np.array([0.0, -1.0]), 10.0)
    assert cut[:71].all() and not cut[71:].any()
