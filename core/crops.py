"""Cuts the 13 regions out of a film: upright along the bone, of standard size, as a left hand, evenly exposed."""

import numpy as np
from numpy.typing import NDArray

from core.enhance import enhance
from core.geometry import Affine, inverse, similarity
from core.localize import Localization, Region, resample
from core.radiograph import Radiograph

#: The network grades crops of this many pixels a side.
CROP_SIDE = 96
#: Crops are cut with a margin, so that views slightly turned, shifted or scaled have pixels to show.
CONTEXT_SIDE = 144

#: Side of the crop as a multiple of the hand's scale (core.geometry.MeanHand's unit), by kind of bone.
_CROP_SIZE = {
    "Radius": 0.86, "Ulna": 0.78, "MC1": 0.66, "MC3": 0.62, "MC5": 0.60, "PP1": 0.60, "PP3": 0.58, "PP5": 0.54,
    "MP3": 0.54, "MP5": 0.50, "DP1": 0.58, "DP3": 0.50, "DP5": 0.48,
}  # fmt: skip


def crop_affine(region: Region, mirrored: bool, side: int = CONTEXT_SIDE) -> Affine:
    """The map from the film to a region's crop of CONTEXT_SIDE x `side`/CONTEXT_SIDE: 2x3, film pixels to crop pixels.

    Turned so that the bone's distal end is up, and mirrored where the film shows a right hand.
    """
    film_pixels = _CROP_SIZE[region.bone] * region.size * CONTEXT_SIDE / CROP_SIDE
    scale = side / film_pixels
    turn = np.radians(region.axis_degrees)
    # a mirrored hand is mirrored first, which turns its axis the other way
    radians = turn if mirrored else -turn
    return similarity(scale, radians, mirrored, np.array(region.centre), np.full(2, side / 2))


def cut(radiograph: Radiograph, localization: Localization, region: Region) -> NDArray[np.float32]:
    """One region's crop with its margin: CONTEXT_SIDE x CONTEXT_SIDE float32 in [0, 1], bone bright, enhanced."""
    pixels = np.float32(1.0) - radiograph.pixels if localization.inverted else radiograph.pixels
    window = resample(pixels, crop_affine(region, localization.mirrored), CONTEXT_SIDE)
    return enhance(window, tiles=4)


def cut_all(radiograph: Radiograph, localization: Localization) -> dict[str, NDArray[np.float32]]:
    """Crops of all regions that were found, by bone."""
    return {r.bone: cut(radiograph, localization, r) for r in localization.regions if r.status == "found"}


def to_film(region: Region, mirrored: bool, side: int) -> Affine:
    """From a `side`-pixel crop (with margin) back to the film, for drawing maps over the whole hand."""
    return inverse(crop_affine(region, mirrored, side))
