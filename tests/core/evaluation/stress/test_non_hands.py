"""Drawn pictures that show no hand."""

import numpy as np
import pytest

from core.evaluation.stress.non_hands import NON_HANDS


@pytest.mark.parametrize("kind", NON_HANDS)
def test_pictures_are_films_and_follow_their_generator(kind: str) -> None:
    first, again, other = (NON_HANDS[kind](np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first.ndim == 2 and first.dtype == np.float32 and min(first.shape) >= 256
    assert first.min() >= 0 and first.max() <= 1 and first.max() > first.min()
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
