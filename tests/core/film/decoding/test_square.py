"""Pixels made square: which side is stretched, where there is no room for it, and what is not believed."""

import numpy as np
import pytest

from core.film.decoding import square
from core.film.decoding.square import squared
from tests.films import GREY8

FILM = GREY8.astype(np.float32)


@pytest.mark.parametrize("ratio", [None, 1.0, 1.009, 0.992])
def test_square_pixels_stay_as_they_are(ratio: float | None) -> None:
    pixels, note = squared(FILM, ratio)
    assert pixels is FILM and note is None


def test_film_that_would_be_too_large_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(square, "MAX_SIDE", 100)
    for ratio, size in ((2.0, (96, 40)), (0.5, (48, 80))):
        pixels, note = squared(FILM, ratio)
        assert pixels.shape == size and note is not None
        rows, columns = 96 // size[0], 80 // size[1]
        means = FILM.reshape(size[0], rows, size[1], columns).mean(axis=(1, 3))
        assert np.abs(pixels - means).max() < 1e-5


@pytest.mark.parametrize("ratio", [4.1, 0.2, float("inf")])
def test_pixels_that_no_film_has_are_taken_as_square(ratio: float) -> None:
    pixels, note = squared(FILM, ratio)
    assert pixels is FILM and note is not None and note.doubt and "treated as square" in note.sentence
