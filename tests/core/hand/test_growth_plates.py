"""The epiphysis-metaphysis band in the crops."""

import numpy as np
import pytest

from core.bones import RUS_BONES
from core.hand.growth_plates import growth_plate_band


@pytest.mark.parametrize("bone", RUS_BONES)
def test_the_band_is_a_rectangle_inside_the_crop(bone: str) -> None:
    band = growth_plate_band(bone)
    assert band.shape == (96, 96) and band.dtype == np.bool_
    rows, columns = np.flatnonzero(band.any(1)), np.flatnonzero(band.any(0))
    assert band.sum() == len(rows) * len(columns) and np.ptp(rows) == len(rows) - 1
    assert band.mean() == pytest.approx(0.24, abs=0.015)
    assert np.array_equal(band, band[:, ::-1]) and not band[[0, -1]].any()


def test_the_plate_is_distal_on_forearm_and_metacarpals_and_proximal_on_the_others() -> None:
    middle = {bone: np.flatnonzero(growth_plate_band(bone).any(1)).mean() for bone in RUS_BONES}
    assert all(middle[bone] < 40 for bone in ("Radius", "Ulna", "MC3", "MC5"))
    assert all(middle[bone] > 55 for bone in ("MC1", "PP1", "PP3", "PP5", "DP1", "DP3", "DP5"))


def test_an_unknown_bone() -> None:
    with pytest.raises(ValueError, match="not one of the 13"):
        growth_plate_band("MC2")
