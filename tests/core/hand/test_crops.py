"""How the 13 regions are cut."""

from dataclasses import replace

import numpy as np
import pytest

from core.film.box import Box
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE, crop_affine
from core.hand.geometry import apply
from core.hand.localization import Region

MIDDLE = CONTEXT_SIDE / 2
SIZE = 150.0


def _region(degrees: float = 0.0, x: float = 200.0, y: float = 220.0, bone: str = "MC3") -> Region:
    return Region(bone, Box.about((x, y), 60, 60), (x, y), degrees, SIZE, 0.9, "found")


@pytest.mark.parametrize("degrees", [0.0, 90.0, -130.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_bone_is_in_the_middle_and_its_distal_end_is_up(degrees: float, mirrored: bool) -> None:
    region = _region(degrees)
    distal = np.array(region.centre) + 10 * np.array([np.sin(np.radians(degrees)), -np.cos(np.radians(degrees))])
    middle, end = apply(crop_affine(region, mirrored), np.array([region.centre, distal]))
    np.testing.assert_allclose(middle, [MIDDLE, MIDDLE], atol=1e-9)
    assert end[0] == pytest.approx(MIDDLE) and end[1] < MIDDLE


def test_the_crop_grows_with_the_hand() -> None:
    region = _region()
    # 0.62 of the hand's scale in the middle CROP_SIDE pixels, for a third metacarpal
    assert crop_affine(region, False)[0, 0] == pytest.approx(CROP_SIDE / (0.62 * SIZE))
    np.testing.assert_allclose(
        crop_affine(replace(region, size=2 * SIZE), False)[:, :2], crop_affine(region, False)[:, :2] / 2
    )


def test_right_hands_are_mirrored() -> None:
    assert (
        np.linalg.det(crop_affine(_region(20), True)[:, :2]) < 0 < np.linalg.det(crop_affine(_region(20), False)[:, :2])
    )
