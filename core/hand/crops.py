"""Cuts the 13 regions out of a film: upright along the bone, of standard size, as a left hand, evenly exposed."""

import math
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import BoxRefused
from core.film.enhance import enhance
from core.film.radiograph import Radiograph
from core.hand.geometry import Affine, inverse, resample, similarity
from core.hand.localization import Box, Localization, Region

#: The network grades crops of this many pixels a side.
CROP_SIDE = 96
#: Crops are cut with a margin, so that views slightly turned, shifted or scaled have pixels to show.
CONTEXT_SIDE = 144
#: Names the pixels that `cut` gives. Raise it with every change here, in core.hand.geometry or in core.film.enhance after
#: which the same region has other pixels: crops that were kept are then cut anew (core.intake.crop_shelf).
CUT_VERSION = 1

#: Side of the crop as a multiple of the hand's scale (core.hand.geometry.MeanHand's unit), by kind of bone.
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


class Sized(Protocol):
    """What has a film's size in pixels: radiographs, and the ledger's records of films."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def moved_region(film: Sized, region: Region, box: Box) -> Region:
    """The region as a person's box has it: centred on the box, sized as the box is to the predicted one, axis kept.

    box: xmin, ymin, xmax, ymax in pixels of the film. The region may be one that was not found: its box and axis are then
    those of the mean hand. Raises BoxRefused for a box that is empty or not inside the film.
    """
    x0, y0, x1, y1 = box
    if not all(math.isfinite(edge) for edge in box) or not (x0 < x1 and y0 < y1):
        raise BoxRefused(f"The box of {region.bone} is empty: draw it again around the growth plate.")
    if x0 < 0 or y0 < 0 or x1 > film.width or y1 > film.height:
        raise BoxRefused(f"The box of {region.bone} reaches beyond the film: keep it inside.")
    before = (region.box[2] - region.box[0]) * (region.box[3] - region.box[1])
    scale = math.sqrt((x1 - x0) * (y1 - y0) / before)
    return replace(region, box=box, centre=((x0 + x1) / 2, (y0 + y1) / 2), size=region.size * scale, status="found")


def to_film(region: Region, mirrored: bool, side: int) -> Affine:
    """From a `side`-pixel crop (with margin) back to the film, for drawing maps over the whole hand."""
    return inverse(crop_affine(region, mirrored, side))
