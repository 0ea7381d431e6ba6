"""Cuts the 13 regions and the whole hand out of a film: upright, of standard size, as a left hand, evenly exposed."""

import cv2
import numpy as np
from numpy.typing import NDArray

from core.film.enhance import enhance
from core.film.greys import Grey
from core.hand.geometry import Affine, compose, fit_similarity, mean_hand, resample, similarity
from core.hand.localization import Localization, Region

#: CONTEXT_SIDE x CONTEXT_SIDE float32 in [0, 1]: a region with its margin, its distal end up, bone bright, enhanced.
Crop = NDArray[np.float32]
#: SxS float32 in [0, 1]: the whole hand with a margin, upright, bone bright, enhanced.
Window = NDArray[np.float32]

#: Side in pixels of the crops that the network grades.
CROP_SIDE = 96
#: Crops are cut with a margin, so that views slightly turned, shifted or scaled have pixels to show.
CONTEXT_SIDE = 144
#: Version of the pixels that `cut` gives. Raise it with every change here, in core.hand.geometry or in core.film.enhance
#: that gives the same region other pixels: crops that were kept are then cut anew (core.intake.crop_shelf).
CUT_VERSION = 3
#: The centres of the 21 regions span this share of the whole hand's window from top to bottom: there is a margin all round,
#: so that such views of it have pixels to show too.
_HAND_HEIGHT = 0.64

#: A window's fine noise is smoothed and its edges are kept, by a bilateral filter of this diameter in pixels and these
#: spreads in grey and in pixels. The whole-hand network learned from films without such noise, as lossy files are.
_SMOOTHED_ACROSS, _SMOOTHED_GREYS, _SMOOTHED_WITHIN = 5, 15 / 255, 1.5

#: Side of the crop as a multiple of the hand's scale (core.hand.geometry.MeanHand's unit), by kind of bone.
_CROP_SIZE = {
    "Radius": 0.86, "Ulna": 0.78, "MC1": 0.66, "MC3": 0.62, "MC5": 0.60, "PP1": 0.60, "PP3": 0.58, "PP5": 0.54,
    "MP3": 0.54, "MP5": 0.50, "DP1": 0.58, "DP3": 0.50, "DP5": 0.48,
}  # fmt: skip


def side_on_film(region: Region) -> float:
    """Side, in pixels of the film, of the part of a region that the network grades: a crop without its margin."""
    return _CROP_SIZE[region.bone] * region.size


def crop_affine(region: Region, mirrored: bool) -> Affine:
    """The map from the film to a region's crop with its margin, CONTEXT_SIDE square: 2x3, film pixels to crop pixels.

    Turned so that the bone's distal end is up, and mirrored where the film shows a right hand.
    """
    film_pixels = side_on_film(region) * CONTEXT_SIDE / CROP_SIDE
    scale = CONTEXT_SIDE / film_pixels
    turn = np.radians(region.axis_degrees)
    # a mirrored hand is mirrored first, which turns its axis the other way
    radians = turn if mirrored else -turn
    return similarity(scale, radians, mirrored, np.array(region.centre), np.full(2, CONTEXT_SIDE / 2))


def window_affine(localization: Localization, side: int) -> Affine:
    """The map from the film to the whole hand's window, `side` pixels square: 2x3, film pixels to window pixels."""
    mean = mean_hand().centres
    weights = localization.all_confidences**2 + 1e-9
    to_hand = fit_similarity(localization.all_centres, mean, weights).affine
    low, high = mean.min(0), mean.max(0)
    scale = _HAND_HEIGHT * side / float(high[1] - low[1])
    to_window = similarity(scale, 0.0, False, (low + high) / 2, np.full(2, side / 2))
    return compose(to_window, to_hand)


def cut(positive: Grey, region: Region, mirrored: bool) -> Crop:
    """One region's crop out of a film with bone bright, HxW in [0, 1]. mirrored: the film shows a right hand."""
    return enhance(resample(positive, crop_affine(region, mirrored), CONTEXT_SIDE), tiles=4)


def cut_window(positive: Grey, localization: Localization, side: int) -> Window:
    """The whole hand out of a film with bone bright, HxW in [0, 1], as a window of `side` pixels a side, its noise smoothed."""
    window = enhance(resample(positive, window_affine(localization, side), side))
    return np.asarray(cv2.bilateralFilter(window, _SMOOTHED_ACROSS, _SMOOTHED_GREYS, _SMOOTHED_WITHIN), np.float32)
