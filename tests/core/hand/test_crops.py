"""Crops of the 13 regions."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.film.radiograph import Radiograph
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE, CUT_VERSION, crop_affine, cut, cut_all, to_film
from core.hand.geometry import apply
from core.hand.localization import Localization, Region

MakeFilm = Callable[[NDArray[np.float32]], Radiograph]
MIDDLE = CONTEXT_SIDE / 2
SIZE = 150.0


def _region(degrees: float = 0.0, x: float = 200.0, y: float = 220.0, bone: str = "MC3") -> Region:
    return Region(bone, (x - 30, y - 30, x + 30, y + 30), (x, y), degrees, SIZE, 0.9, "found")


def _located(*regions: Region, mirrored: bool = False, inverted: bool = False) -> Localization:
    return Localization(regions, mirrored, 0.0, inverted, 0.99, np.zeros((21, 2)), np.ones(21), 0.05)


def _spotted(*spots: tuple[float, float], side: int = 400) -> NDArray[np.float32]:
    """A dark film with bright spots at these places."""
    film = np.full((side, side), 0.1, np.float32)
    for x, y in spots:
        cv2.circle(film, (round(x), round(y)), 6, 0.9, -1)
    return film


def _brightest(crop: NDArray[np.float32]) -> tuple[float, float]:
    y, x = np.nonzero(crop > 0.9 * crop.max())
    return float(x.mean()), float(y.mean())


@pytest.mark.parametrize("degrees", [0.0, 90.0, -130.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_bone_is_in_the_middle_and_its_distal_end_is_up(degrees: float, mirrored: bool) -> None:
    region = _region(degrees)
    distal = np.array(region.centre) + 10 * np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])
    middle, end = apply(crop_affine(region, mirrored), np.array([region.centre, distal]))
    np.testing.assert_allclose(middle, [MIDDLE, MIDDLE], atol=1e-9)
    assert end[0] == pytest.approx(MIDDLE) and end[1] < MIDDLE


def test_the_crop_grows_with_the_hand_and_scales_with_its_side() -> None:
    region = _region()
    # 0.62 of the hand's scale in the middle CROP_SIDE pixels, for a third metacarpal
    assert crop_affine(region, False)[0, 0] == pytest.approx(CROP_SIDE / (0.62 * SIZE))
    np.testing.assert_allclose(crop_affine(region, False, 72), crop_affine(region, False) / 2)


def test_right_hands_are_mirrored() -> None:
    assert (
        np.linalg.det(crop_affine(_region(20), True)[:, :2]) < 0 < np.linalg.det(crop_affine(_region(20), False)[:, :2])
    )


def test_to_film_is_the_way_back() -> None:
    region = _region(33.0)
    place = np.array([[10.0, 100.0]])
    there = apply(to_film(region, True, 96), place)
    np.testing.assert_allclose(apply(crop_affine(region, True, 96), there), place, atol=1e-9)


def test_what_lies_distally_is_seen_above(make_film: MakeFilm) -> None:
    region = _region(90.0)
    crop = cut(make_film(_spotted((230.0, 220.0))), _located(region), region)  # distal is to the film's right
    assert crop.shape == (CONTEXT_SIDE, CONTEXT_SIDE) and crop.dtype == np.float32
    assert crop.min() >= 0 and crop.max() <= 1
    x, y = _brightest(crop)
    assert x == pytest.approx(MIDDLE, abs=2) and y == pytest.approx(MIDDLE - 30 * CROP_SIDE / (0.62 * SIZE), abs=2)


def test_a_mirrored_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film = _spotted((215.0, 195.0), (180.0, 240.0))
    left, right = _region(25.0), _region(-25.0, x=400.0 - 200.0)
    straight = cut(make_film(film), _located(left), left)
    mirrored = cut(make_film(film[:, ::-1]), _located(right, mirrored=True), right)
    assert np.abs(straight - mirrored).mean() < 0.02


def test_a_turned_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film = _spotted((215.0, 195.0), (180.0, 240.0))
    upright, turned = _region(25.0), _region(25.0 - 90.0, x=220.0, y=400.0 - 200.0)
    first = cut(make_film(film), _located(upright), upright)
    second = cut(make_film(np.rot90(film)), _located(turned), turned)
    assert np.abs(first - second).mean() < 0.02


def test_an_inverted_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film, region = _spotted((215.0, 195.0)), _region()
    positive = cut(make_film(film), _located(region), region)
    negative = cut(make_film(1 - film), _located(region, inverted=True), region)
    np.testing.assert_allclose(positive, negative, atol=1e-3)


def test_only_found_regions_are_cut(make_film: MakeFilm) -> None:
    lost = Region("Ulna", (0, 0, 1, 1), (0.0, 0.0), 0.0, SIZE, 0.0, "missing")
    gone = Region("DP1", (0, 0, 1, 1), (-5.0, 0.0), 0.0, SIZE, 0.0, "outside")
    crops = cut_all(make_film(_spotted((200, 220))), _located(_region(), lost, gone))
    assert list(crops) == ["MC3"]


def test_every_bone_has_a_crop_size(make_film: MakeFilm) -> None:
    crops = cut_all(make_film(_spotted((200, 220))), _located(*(_region(bone=bone) for bone in RUS_BONES)))
    assert list(crops) == list(RUS_BONES)


def test_crops_with_other_pixels_have_another_version(make_film: MakeFilm) -> None:
    """Where this fails, cutting has changed: raise CUT_VERSION, so that kept crops are cut anew, and renew the table."""
    x, y = np.meshgrid(np.linspace(0.0, 0.06, 400), np.linspace(0.0, 0.03, 400))
    film = make_film(_spotted((170.0, 180.0), (230.0, 240.0)) + np.asarray(x + y, np.float32))
    crop = cut(film, _located(_region(20.0), mirrored=True), _region(20.0))
    blocks = crop.reshape(3, CONTEXT_SIDE // 3, 3, CONTEXT_SIDE // 3).mean((1, 3)) * 255
    table = {1: [[60.6, 50.2, 44.7], [71.8, 51.3, 43.1], [61.9, 52.4, 42.9]]}
    np.testing.assert_allclose(blocks, table[CUT_VERSION], atol=0.5)
