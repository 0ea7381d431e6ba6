"""A hand on a film: its crops, its window, and that nothing is made twice."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.errors import BoxRefused
from core.film.box import Box
from core.film.enhance import enhance
from core.film.radiograph import Radiograph, read_radiograph
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE, CUT_VERSION
from core.hand.geometry import mean_hand
from core.hand.hand import Hand
from core.hand.localization import Localization, Region
from tests.calls import calls_of
from tests.hands import Assess, Example

MakeFilm = Callable[[NDArray[np.float32]], Radiograph]
MIDDLE = CONTEXT_SIDE / 2
SIZE = 150.0


def _region(degrees: float = 0.0, x: float = 200.0, y: float = 220.0, bone: str = "MC3") -> Region:
    return Region(bone, Box.about((x, y), 60, 60), (x, y), degrees, SIZE, 0.9, "found")


def _located(*regions: Region, mirrored: bool = False, inverted: bool = False) -> Localization:
    return Localization(regions, mirrored, 0.0, inverted, 0.99, mean_hand().centres * 80 + 200, np.ones(21), 0.05)


def _spotted(*spots: tuple[float, float], side: int = 400) -> NDArray[np.float32]:
    """A dark film with bright spots at these places."""
    film = np.full((side, side), 0.1, np.float32)
    for x, y in spots:
        cv2.circle(film, (round(x), round(y)), 6, 0.9, -1)
    return film


def _brightest(crop: NDArray[np.float32]) -> tuple[float, float]:
    y, x = np.nonzero(crop > 0.9 * crop.max())
    return float(x.mean()), float(y.mean())


def test_what_lies_distally_is_seen_above(make_film: MakeFilm) -> None:
    region = _region(90.0)
    crop = Hand(make_film(_spotted((230.0, 220.0))), _located(region)).cut(region)  # distal is to the film's right
    assert crop.shape == (CONTEXT_SIDE, CONTEXT_SIDE) and crop.dtype == np.float32
    assert crop.min() >= 0 and crop.max() <= 1
    x, y = _brightest(crop)
    assert x == pytest.approx(MIDDLE, abs=2) and y == pytest.approx(MIDDLE - 30 * CROP_SIDE / (0.62 * SIZE), abs=2)


def test_a_mirrored_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film = _spotted((215.0, 195.0), (180.0, 240.0))
    left, right = _region(25.0), _region(-25.0, x=400.0 - 200.0)
    straight = Hand(make_film(film), _located(left)).cut(left)
    mirrored = Hand(make_film(film[:, ::-1]), _located(right, mirrored=True)).cut(right)
    assert np.abs(straight - mirrored).mean() < 0.02


def test_a_turned_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film = _spotted((215.0, 195.0), (180.0, 240.0))
    upright, turned = _region(25.0), _region(25.0 - 90.0, x=220.0, y=400.0 - 200.0)
    first = Hand(make_film(film), _located(upright)).cut(upright)
    second = Hand(make_film(np.rot90(film)), _located(turned)).cut(turned)
    assert np.abs(first - second).mean() < 0.02


def test_an_inverted_film_gives_the_same_crop(make_film: MakeFilm) -> None:
    film, region = _spotted((215.0, 195.0)), _region()
    positive = Hand(make_film(film), _located(region)).cut(region)
    negative = Hand(make_film(1 - film), _located(region, inverted=True)).cut(region)
    np.testing.assert_allclose(positive, negative, atol=1e-3)


def test_only_found_regions_are_cut(make_film: MakeFilm) -> None:
    lost = Region("Ulna", Box(0, 0, 1, 1), (0.0, 0.0), 0.0, SIZE, 0.0, "missing")
    gone = Region("DP1", Box(0, 0, 1, 1), (-5.0, 0.0), 0.0, SIZE, 0.0, "outside")
    crops = Hand(make_film(_spotted((200, 220))), _located(_region(), lost, gone)).crops
    assert list(crops) == ["MC3"]


def test_every_bone_has_a_crop_size(make_film: MakeFilm) -> None:
    crops = Hand(make_film(_spotted((200, 220))), _located(*(_region(bone=bone) for bone in RUS_BONES))).crops
    assert list(crops) == list(RUS_BONES)


def _similar(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_the_window_is_the_same_however_the_film_lies(
    example_hand: Hand, assessor: Assessor, make_film: MakeFilm
) -> None:
    window, pixels = example_hand.window(400), example_hand.film.pixels
    assert window.shape == (400, 400) and window.dtype == np.float32
    assert window.min() >= 0 and window.max() <= 1
    for changed in (np.rot90(pixels), pixels[:, ::-1], np.float32(1) - pixels):
        assert _similar(window, assessor.find_hand(make_film(changed)).window(400)) > 0.97
    half = cv2.resize(window, (200, 200), interpolation=cv2.INTER_AREA)
    assert _similar(half, example_hand.window(200)) > 0.97, "the same part of the film"


def test_an_inverted_film_is_made_positive_once_and_a_positive_one_is_left_alone(make_film: MakeFilm) -> None:
    film, lying = make_film(_spotted((215.0, 195.0))), _located(_region())
    assert Hand(film, lying).positive is film.pixels
    hand = Hand(film, replace(lying, inverted=True))
    assert hand.positive is hand.positive
    np.testing.assert_array_equal(hand.positive, np.float32(1) - film.pixels)
    np.testing.assert_array_equal(hand.crops["MC3"], Hand(make_film(hand.positive), lying).crops["MC3"])
    np.testing.assert_array_equal(hand.window(200), Hand(make_film(hand.positive), lying).window(200))


def test_a_region_is_cut_once_and_a_moved_one_where_it_was_put(make_film: MakeFilm) -> None:
    hand = Hand(make_film(_spotted((260.0, 220.0))), _located(_region(), _region(bone="Ulna")))
    assert hand.crops["MC3"] is hand.crops["MC3"] is hand.cut(hand.localization.region("MC3"))
    assert hand.window(200) is hand.window(200)
    moved = hand.moved("MC3", Box.about((260.0, 220.0), 60, 60))
    assert moved == replace(_region(), box=Box.about((260.0, 220.0), 60, 60), centre=(260.0, 220.0))
    assert _brightest(hand.cut(moved)) == pytest.approx((MIDDLE, MIDDLE), abs=2)
    assert hand.crops["MC3"] is hand.cut(_region()), "and the region itself is where it was"
    with pytest.raises(BoxRefused, match="MC3 reaches beyond the film"):
        hand.moved("MC3", Box(-1, 0, 50, 50))
    with pytest.raises(ValueError, match="MC2"):
        hand.moved("MC2", Box(0, 0, 50, 50))


def test_what_was_assessed_is_explained_and_looked_at_again_without_cutting(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    hand, whole = Hand(read_radiograph(example.path), assessed(example).localization), assessed(example)
    assert calls_of(enhance, lambda: assessor.assess_hand(hand, example.sex)) == len(RUS_BONES) + 1, "and the window"
    assert calls_of(enhance, lambda: assessor.explain(hand, whole, 2)) == 0
    assert calls_of(enhance, lambda: assessor.assess_hand(hand, example.sex)) == 0
    box = whole.localization.region("MC1").box
    assert calls_of(enhance, lambda: assessor.regrade(hand, "MC1", replace(box, xmin=box.xmin + 1))) == 1


def test_crops_with_other_pixels_have_another_version(make_film: MakeFilm) -> None:
    """Where this fails, cutting has changed: raise CUT_VERSION, so that kept crops are cut anew, and renew the table."""
    x, y = np.meshgrid(np.linspace(0.0, 0.06, 400), np.linspace(0.0, 0.03, 400))
    film = make_film(_spotted((170.0, 180.0), (230.0, 240.0)) + np.asarray(x + y, np.float32))
    crop = Hand(film, _located(_region(20.0), mirrored=True)).cut(_region(20.0))
    blocks = crop.reshape(3, CONTEXT_SIDE // 3, 3, CONTEXT_SIDE // 3).mean((1, 3)) * 255
    table = {3: [[34.2, 27.8, 29.1], [46.5, 28.5, 23.8], [35.2, 29.1, 23.0]]}
    np.testing.assert_allclose(blocks, table[CUT_VERSION], atol=0.5)
