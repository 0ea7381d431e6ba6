"""Averages of crops, on drawn bones."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.composites.crop_average import MOST_HANDS, PICTURE_SIDE, SHOWN_SIDE, average_crops
from core.composites.hand_average import LEAST_HANDS, TooFewHandsError
from core.hand.crops import CONTEXT_SIDE

GAP = 6
SHAFT_END, EPIPHYSIS = 66, 14
HOLE = (CONTEXT_SIDE // 2, 110)


def drawn_bone(seed: int, hole: bool = False) -> NDArray[np.uint8]:
    """A shaft with an epiphysis above it and a dark line between, shifted, turned, scaled, exposed in a way of its own."""
    random = np.random.default_rng(seed)
    picture = np.full((CONTEXT_SIDE, CONTEXT_SIDE), 0.15, np.float32)
    middle = CONTEXT_SIDE // 2
    cv2.rectangle(picture, (middle - 40, 0), (middle + 40, CONTEXT_SIDE), 0.35, -1)
    cv2.rectangle(picture, (middle - 20, SHAFT_END + GAP), (middle + 20, CONTEXT_SIDE), 0.7, -1)
    top = SHAFT_END - EPIPHYSIS
    cv2.rectangle(picture, (middle - 22, top), (middle + 22, SHAFT_END), 0.8, -1)
    if hole:
        cv2.circle(picture, HOLE, 8, 0.0, -1)
    turn = cv2.getRotationMatrix2D((middle, middle), float(random.uniform(-6, 6)), float(random.uniform(0.93, 1.07)))
    turn[:, 2] += random.uniform(-4, 4, 2)
    moved = cv2.warpAffine(cv2.GaussianBlur(picture, (0, 0), 1.0), turn, picture.shape, borderMode=cv2.BORDER_REPLICATE)
    exposed = np.clip(moved, 0, 1) ** random.uniform(0.8, 1.25) + random.normal(0, 0.03, moved.shape)
    return np.asarray(np.round(255 * np.clip(exposed, 0, 1)), np.uint8)


def growth_plate(picture: NDArray[np.uint8]) -> float:
    """How much darker the line between epiphysis and shaft is than the bone on both sides, in grey levels."""
    scale = PICTURE_SIDE / SHOWN_SIDE
    middle = PICTURE_SIDE // 2
    column = picture[:, middle - 10 : middle + 10].mean(axis=1)
    place = round((SHAFT_END + GAP / 2 - (CONTEXT_SIDE - SHOWN_SIDE) / 2) * scale)
    plate = column[place - 6 : place + 7].min()
    return float(min(column[place - 14 : place - 8].mean(), column[place + 9 : place + 15].mean()) - plate)


def test_the_growth_plate_is_seen_in_the_average_and_not_in_the_plain_mean() -> None:
    crops = np.stack([drawn_bone(seed) for seed in range(12)])
    average = average_crops(crops)
    assert average.picture.shape == (PICTURE_SIDE, PICTURE_SIDE) and average.picture.dtype == np.uint8
    assert average.picture.min() == 0 and average.picture.max() == 255
    assert average.kept == tuple(range(12))
    edge = (CONTEXT_SIDE - SHOWN_SIDE) // 2
    plain = crops.mean(axis=0)[edge:-edge, edge:-edge]
    plain = cv2.resize(255 * (plain - plain.min()) / np.ptp(plain), (PICTURE_SIDE, PICTURE_SIDE)).astype(np.uint8)
    single = cv2.resize(drawn_bone(0)[edge:-edge, edge:-edge], (PICTURE_SIDE, PICTURE_SIDE))
    assert growth_plate(average.picture) > 1.5 * growth_plate(plain)
    assert growth_plate(average.picture) > 0.7 * growth_plate(single)


def test_what_one_crop_alone_shows_is_not_in_the_average() -> None:
    usual = [drawn_bone(seed) for seed in range(11)]
    with_hole, without = (
        average_crops(np.stack([*usual, drawn_bone(11, hole)])).picture.astype(int) for hole in (True, False)
    )
    x, y = ((place - (CONTEXT_SIDE - SHOWN_SIDE) // 2) * PICTURE_SIDE // SHOWN_SIDE for place in HOLE)
    inside = np.s_[y - 5 : y + 6, x - 5 : x + 6]
    assert without[inside].mean() > 120, "it is a hole in bright bone"
    assert abs((with_hole - without)[inside].mean()) < 5


def test_of_many_crops_those_that_are_unlike_are_left_out() -> None:
    alike = [drawn_bone(seed) for seed in range(MOST_HANDS)]
    unlike = [np.rot90(drawn_bone(100 + seed)).copy() for seed in range(4)]
    average = average_crops(np.stack([*unlike, *alike]))
    assert len(average.kept) == MOST_HANDS and min(average.kept) >= len(unlike)


def test_the_same_crops_give_the_same_picture() -> None:
    crops = np.stack([drawn_bone(seed) for seed in range(9)])
    np.testing.assert_array_equal(average_crops(crops).picture, average_crops(crops).picture)


def test_the_same_crop_again_is_no_other_child() -> None:
    crops = np.stack([drawn_bone(seed % (LEAST_HANDS - 1)) for seed in range(20)])
    with pytest.raises(TooFewHandsError, match=f"only {LEAST_HANDS - 1} different crops .* at least {LEAST_HANDS}"):
        average_crops(crops)
