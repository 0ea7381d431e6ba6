"""Affine maps, similarity fits and the mean hand."""

import cv2
import numpy as np
import pytest

from core.bones import ALL_BONES
from core.hand.geometry import apply, compose, fit_similarity, inverse, mean_hand, resample, similarity

ORIGIN = np.zeros(2)


def test_a_quarter_turn_worked_out_by_hand() -> None:
    affine = similarity(2.0, np.pi / 2, False, np.array([1.0, 1.0]), np.array([10.0, 20.0]))
    # y points down, so a positive turn takes +x to +y: clockwise on the screen.
    np.testing.assert_allclose(apply(affine, np.array([[1.0, 1.0], [2.0, 1.0]])), [[10, 20], [10, 22]], atol=1e-12)


def test_mirroring_comes_before_turning() -> None:
    affine = similarity(1.0, np.pi / 2, True, ORIGIN, ORIGIN)
    np.testing.assert_allclose(apply(affine, np.array([[1.0, 0.0]])), [[0, -1]], atol=1e-12)
    assert np.linalg.det(affine[:, :2]) < 0 < np.linalg.det(similarity(1.0, 0.3, False, ORIGIN, ORIGIN)[:, :2])


def test_inverse_and_compose() -> None:
    first = similarity(1.7, 0.4, True, np.array([3.0, -2.0]), np.array([8.0, 5.0]))
    second = similarity(0.3, -1.1, False, np.array([1.0, 1.0]), np.array([-4.0, 2.0]))
    points = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(apply(inverse(first), apply(first, points)), points, atol=1e-12)
    np.testing.assert_allclose(apply(compose(second, first), points), apply(second, apply(first, points)), atol=1e-12)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_similarity_is_recovered(mirror: bool) -> None:
    mean = mean_hand().centres
    affine = similarity(120.0, 2.5, mirror, ORIGIN, np.array([300.0, 400.0]))
    fit = fit_similarity(apply(affine, mean), mean, np.ones(len(mean)))
    np.testing.assert_allclose(apply(fit.affine, apply(affine, mean)), mean, atol=1e-9)
    assert fit.mirror is mirror and bool(np.linalg.det(fit.affine[:, :2]) < 0) is mirror
    assert fit.scale == pytest.approx(1 / 120.0)
    assert fit.residual == pytest.approx(0.0, abs=1e-9)


def test_one_stray_point_does_not_turn_the_hand() -> None:
    mean = mean_hand().centres
    seen = mean.copy()
    seen[ALL_BONES.index("DP3")] += [3.0, 3.0]
    fit = fit_similarity(seen, mean, np.ones(len(mean)))
    others = np.arange(len(mean)) != ALL_BONES.index("DP3")
    np.testing.assert_allclose(apply(fit.affine, seen)[others], mean[others], atol=0.03)


def test_a_point_of_no_weight_does_not_count() -> None:
    mean = mean_hand().centres
    seen, weights = mean.copy(), np.ones(len(mean))
    seen[0] += 50.0
    weights[0] = 0.0
    assert fit_similarity(seen, mean, weights).residual == pytest.approx(0.0, abs=1e-9)


def test_the_mean_hand_is_an_upright_left_hand_of_size_one() -> None:
    centres = mean_hand().centres
    at = dict(zip(ALL_BONES, centres, strict=True))
    assert at["MC1"][0] > at["MC5"][0], "seen from the back, a left hand's thumb is on the right"
    assert at["DP3"][1] < at["MP3"][1] < at["PP3"][1] < at["MC3"][1] < at["Radius"][1]
    assert np.sqrt(((centres - centres.mean(0)) ** 2).sum(1).mean()) == pytest.approx(1.0, abs=0.02)
    assert mean_hand().extents.shape == (21, 2) and (mean_hand().extents > 0).all()


def test_resampling_at_the_same_scale_is_exact() -> None:
    film = np.random.default_rng(0).random((40, 40), dtype=np.float32)
    np.testing.assert_allclose(resample(film, np.eye(2, 3), 40), film, atol=1e-6)


def test_resampling_to_a_coarse_window_averages() -> None:
    film = np.indices((64, 64)).sum(0) % 2  # a chessboard, grey from far away
    window = resample(film.astype(np.float32), np.array([[0.25, 0, 0], [0, 0.25, 0]]), 16)
    np.testing.assert_allclose(window, 0.5, atol=1e-6)


def test_resampling_puts_things_where_the_map_says() -> None:
    film = np.zeros((200, 150), np.float32)
    cv2.circle(film, (60, 90), 5, 1.0, -1)
    affine = similarity(0.4, 0.7, True, np.array([75.0, 100.0]), np.array([48.0, 48.0]))
    y, x = np.nonzero(resample(film, affine, 96) > 0.5)
    np.testing.assert_allclose([[x.mean() + 0.5, y.mean() + 0.5]], apply(affine, np.array([[60.5, 90.5]])), atol=0.3)


def test_a_small_window_of_a_large_film_is_what_the_whole_film_shows_there() -> None:
    """Only the part that it shows is shrunk, so that cells of averaging lie otherwise; beyond the film it is dark."""
    y, x = np.mgrid[:900, :700].astype(np.float32)
    film = np.asarray(0.5 + 0.2 * np.sin(x / 17) + 0.2 * np.cos(y / 23), np.float32)
    for middle in ((350.0, 450.0), (20.0, 880.0)):
        shown = resample(film, similarity(0.4, 0.5, False, np.array(middle), np.full(2, 24.0)), 48)
        back = inverse(similarity(0.4, 0.5, False, np.array(middle), np.full(2, 24.0)))
        places = apply(back, np.stack(np.meshgrid(np.arange(48) + 0.5, np.arange(48) + 0.5), -1).reshape(-1, 2))
        expected = 0.5 + 0.2 * np.sin((places[:, 0] - 0.5) / 17) + 0.2 * np.cos((places[:, 1] - 0.5) / 23)
        inside = ((places > 3) & (places < [697, 897])).all(1)
        outside = ((places < -3) | (places > [703, 903])).any(1)
        assert np.abs(shown.ravel() - expected)[inside].max() < 0.02
        assert not shown.ravel()[outside].any() and outside.any() == (middle == (20.0, 880.0))


def test_a_window_beyond_the_film_is_dark() -> None:
    shown = resample(
        np.ones((300, 200), np.float32), similarity(0.5, 0.0, False, np.array([900.0, 900.0]), np.zeros(2)), 20
    )
    assert shown.shape == (20, 20) and not shown.any()
