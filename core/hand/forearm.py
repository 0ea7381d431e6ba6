"""How much of the forearm a film shows: if cut short at the wrist, radius and ulna are found and graded differently."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.film.enhance import span
from core.film.greys import Grey
from core.hand.crops import window_affine
from core.hand.geometry import Points, apply, resample
from core.hand.growth_plates import growth_plate
from core.hand.localization import Localization

#: How far below the growth plates the film is examined, in the hand's unit, and in how many steps.
_FARTHEST: Final = 0.9
_STEPS: Final = 90
#: Side of the window in which the film is examined, and the spread that smooths its grain away, both in pixels; how far the
#: rows reach beyond the growth plates on both sides of the forearm, in the hand's unit, and in how many columns.
_SIDE: Final = 320
_SMOOTHED: Final = 1.5
_BESIDE: Final = 0.2
_COLUMNS: Final = 48
#: A row shows nothing where its greys differ by less than this share of the hand's, as in core.hand.regions; the forearm ends
#: where this many rows in succession do, since the shafts of a dark film have single ones.
_NOTHING: Final = 0.007
_IN_A_ROW: Final = 5


def forearm_shown(positive: Grey, localization: Localization) -> float:
    """How far below the growth plates of radius and ulna the film shows the forearm, in the hand's unit: 0 to 0.9.

    It ends where one of the bones leaves the film, or where the film is blank right across, as under a collimator.
    positive: the film, bone bright, HxW in [0, 1].
    """
    bones = [localization.region(bone) for bone in ("Radius", "Ulna")]
    plates = np.array([growth_plate(region) for region in bones])
    radians = np.radians(bones[0].axis_degrees)  # of the forearm: the same for both bones
    down = localization.size * np.array([-np.sin(radians), np.cos(radians)])
    steps = np.linspace(0.0, _FARTHEST, _STEPS, endpoint=False)
    shafts = plates[:, None] + steps[:, None] * down
    height, width = positive.shape
    on_film = ((shafts >= 0) & (shafts < [width, height])).all((0, 2))
    shown = on_film & ~_is_blank(positive, localization, plates, down, steps)
    gone = np.lib.stride_tricks.sliding_window_view(~shown, _IN_A_ROW).all(1)
    return float(steps[gone.argmax()]) if gone.any() else _FARTHEST


def _is_blank(
    positive: Grey, localization: Localization, plates: Points, down: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Whether the film is blank right across the forearm, at each step below the lower one of its growth plates.

    down: the hand's unit along the forearm, in pixels of the film.
    """
    to_window = window_affine(localization, _SIDE)
    window = np.asarray(cv2.GaussianBlur(resample(positive, to_window, _SIDE), (0, 0), _SMOOTHED), np.float32)
    across = np.array([-down[1], down[0]])
    along, beside = (plates @ axis / (down @ down) for axis in (down, across))
    columns = np.linspace(beside.min() - _BESIDE, beside.max() + _BESIDE, _COLUMNS)
    rows = along.max() + steps
    places = apply(to_window, (rows[:, None, None] * down + columns[None, :, None] * across).reshape(-1, 2))
    places = (places.reshape(len(rows), len(columns), 2) - 0.5).astype(np.float32)
    greys = cv2.remap(window, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    low, high = span(window)
    differ = np.percentile(greys, 90, axis=1) - np.percentile(greys, 10, axis=1)
    return np.asarray(differ < _NOTHING * (high - low))
