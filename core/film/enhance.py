"""Contrast enhancement of a radiograph, as in section 3.1 of the paper: contrast-limited histogram equalisation."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

#: The shares of the pixels that are darker than black, and darker than white.
_ENDS: Final = (0.005, 0.995)
#: Bits to which grey values are quantised: with 16 the histograms are so long that they take most of the time.
_BITS: Final = 14
#: The contrast limit (Zuiderveld 1994): in a tile's histogram no grey value counts more often than this.
_MOST_OFTEN: Final = 2
#: Equalisers not in use, by tiles a side.
_IDLE: Final[defaultdict[int, list[cv2.CLAHE]]] = defaultdict(list)


def enhance(pixels: NDArray[np.float32], tiles: int = 8) -> NDArray[np.float32]:
    """Contrast-limited adaptive histogram equalisation (CLAHE) of a whole film or a crop.

    pixels: HxW float in [0, 1]; stretched first so that its 0.5 and 99.5 percentiles span the range, which makes the
    result independent of exposure. tiles: grid cells a side.
    Returns HxW float32 in [0, 1].
    """
    levels = np.round(np.clip(stretched(pixels), 0.0, 1.0) * np.float32(65535.0)).astype(np.uint16)
    # OpenCV's limit is a multiple of how often each grey value would occur in a tile if all were equally frequent, rounded down
    limit = (_MOST_OFTEN + 0.5) * 2**_BITS * tiles**2 / pixels.size
    with _equaliser(tiles) as equaliser:
        equaliser.setClipLimit(limit)
        equalised = equaliser.apply(levels)
    return np.asarray(equalised, np.float32) / np.float32(65535.0)


def stretched(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """A picture's grey values, HxW, with the 0.5 and 99.5 percentiles at 0 and 1; the few beyond them are not clipped."""
    low, high = span(pixels)
    return (pixels - np.float32(low)) / np.float32(max(high - low, 1e-6))


def span(pixels: NDArray[np.float32]) -> tuple[float, float]:
    """The 0.5 and 99.5 percentiles of a picture's grey values, as NumPy gives them; sorting them all takes a fifth of the time
    that NumPy needs for the two."""
    ordered = np.sort(pixels, axis=None)
    low, high = (_percentile(ordered, share) for share in _ENDS)
    return low, high


def _percentile(ordered: NDArray[np.float32], share: float) -> float:
    """A percentile of sorted values."""
    place = share * (len(ordered) - 1)
    below = int(place)
    lower, upper = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return lower + (upper - lower) * (place - below)


@contextmanager
def _equaliser(tiles: int) -> Iterator[cv2.CLAHE]:
    """An equaliser that nobody else uses meanwhile. Each has the tiles' tables of grey values, 2 MiB, which the system would
    otherwise clear again for every picture."""
    idle = _IDLE[tiles]
    try:
        equaliser = idle.pop()
    except IndexError:
        equaliser = cv2.createCLAHE(tileGridSize=(tiles, tiles))
        equaliser.setBitShift(16 - _BITS)
    try:
        yield equaliser
    finally:
        idle.append(equaliser)
