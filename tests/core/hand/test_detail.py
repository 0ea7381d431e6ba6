"""How finely a film shows a hand."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.hand.detail import detail_of
from core.hand.localization import Localization

Film = NDArray[np.float32]


def test_the_localiser_measures_it(film: Film, hand: Localization) -> None:
    assert hand.detail == detail_of(film, hand)
    assert hand.detail.blur < 0.62 and hand.detail.blocks < 1.2


def test_the_blur_rises_with_focus_and_motion_and_not_with_grain(film: Film, hand: Localization) -> None:
    sharp = detail_of(film, hand).blur
    blurs = [detail_of(np.asarray(cv2.GaussianBlur(film, (0, 0), s), np.float32), hand).blur for s in (2, 4, 8)]
    assert sharp < blurs[0] < blurs[1] < blurs[2] and blurs[1] > 0.7
    for size in ((16, 1), (1, 16)):
        assert detail_of(np.asarray(cv2.blur(film, size), np.float32), hand).blur > 0.7
    blurred = np.asarray(cv2.GaussianBlur(film, (0, 0), 8), np.float32)
    grain = np.random.default_rng(0).normal(0, 0.005, film.shape)
    assert detail_of(np.clip(blurred + grain, 0, 1).astype(np.float32), hand).blur > 0.7


def test_blocks_of_a_jpeg_are_seen_wherever_its_grid_begins(film: Film, hand: Localization) -> None:
    file = cv2.imencode(".jpg", np.round(film[3:, 5:] * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 5])[1]
    hard = film.copy()
    hard[3:, 5:] = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)
    assert detail_of(hard, hand).blocks > 2


def test_it_goes_through_json(hand: Localization) -> None:
    assert Localization.from_dict(hand.to_dict()).detail == hand.detail
    kept_earlier = {key: value for key, value in hand.to_dict().items() if key not in ("detail", "other_hands")}
    earlier = Localization.from_dict(kept_earlier)
    assert earlier.detail is None and earlier.other_hands == ()
