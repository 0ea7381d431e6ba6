"""Contrast enhancement of a radiograph, as section 3.1 of the paper asks: contrast-limited histogram equalisation."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

#: The shares of the pixels that are darker than black and than white.
_ENDS: Final = (0.005, 0.995)
#: Greys are told apart in so many bits: in 16 the histograms are so long that they take most of the time.
_BITS: Final = 14
#: The contrast limit (Zuiderveld 1994): in a tile's histogram no grey counts more often than this.
_MOST_OFTEN: Final = 2


def enhance(pixels: NDArray[np.float32], tiles: int = 8) -> NDArray[np.float32]:
    """Contrast-limited adaptive histogram equalisation (CLAHE) of a whole film or a crop.

    pixels: HxW float in [0, 1]; stretched first so that its 0.5 and 99.5 percentiles span the range, which makes the
    result independent of exposure. tiles: grid cells a side.
    Returns HxW float32 in [0, 1].
    """
    ordered = np.sort(pixels, axis=None)
    low, high = (_percentile(ordered, share) for share in _ENDS)
    stretched = np.clip((pixels - np.float32(low)) / np.float32(max(high - low, 1e-6)), 0.0, 1.0)
    levels = np.round(stretched * np.float32(65535.0)).astype(np.uint16)
    # OpenCV's limit is a multiple of how often a tile's grey would occur were all alike, rounded down
    limit = (_MOST_OFTEN + 0.5) * 2**_BITS * tiles**2 / pixels.size
    equaliser = cv2.createCLAHE(limit, (tiles, tiles))
    equaliser.setBitShift(16 - _BITS)
    return np.asarray(equaliser.apply(levels), np.float32) / np.float32(65535.0)


def _percentile(ordered: NDArray[np.float32], share: float) -> float:
    """What NumPy's gives for the same share, of values that are in order already."""
    place = share * (len(ordered) - 1)
    below = int(place)
    lower, upper = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
    return lower + (upper - lower) * (place - below)
