"""Contrast enhancement."""

import numpy as np

from core.film.enhance import enhance


def _film() -> np.ndarray:
    random = np.random.default_rng(0)
    return np.clip(random.normal(0.4, 0.1, (120, 90)), 0, 1).astype(np.float32)


def test_shape_range_and_type() -> None:
    enhanced = enhance(_film())
    assert enhanced.shape == (120, 90) and enhanced.dtype == np.float32
    assert enhanced.min() >= 0 and enhanced.max() <= 1


def test_the_input_is_left_alone() -> None:
    film = _film()
    enhance(film)
    np.testing.assert_array_equal(film, _film())


def test_exposure_makes_no_difference() -> None:
    film = _film()
    np.testing.assert_allclose(enhance(film * np.float32(0.4) + np.float32(0.3)), enhance(film), atol=2e-3)


def test_faint_detail_gains_contrast() -> None:
    x = np.linspace(0, 1, 128, dtype=np.float32)
    film = np.tile(x, (128, 1))
    film[40:44, 60:64] += np.float32(0.02)
    before = film[41, 61] - film[41, 57]
    enhanced = enhance(film)
    assert enhanced[41, 61] - enhanced[41, 57] > before


def test_a_blank_picture_stays_finite() -> None:
    enhanced = enhance(np.full((64, 64), 0.5, np.float32))
    assert np.isfinite(enhanced).all() and np.ptp(enhanced) == 0
