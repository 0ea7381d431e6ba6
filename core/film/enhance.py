"""Contrast enhancement of a radiograph, as section 3.1 of the paper asks: contrast-limited histogram equalisation."""

import cv2
import numpy as np
from numpy.typing import NDArray


def enhance(pixels: NDArray[np.float32], tiles: int = 8, clip: float = 2.0) -> NDArray[np.float32]:
    """Contrast-limited adaptive histogram equalisation (CLAHE) of a whole film or a crop.

    pixels: HxW float in [0, 1]; stretched first so that its 0.5 and 99.5 percentiles span the range, which makes the
    result independent of exposure. tiles: grid cells a side. clip: contrast limit (Zuiderveld 1994).
    Returns HxW float32 in [0, 1].
    """
    low, high = np.percentile(pixels, (0.5, 99.5))
    stretched = np.clip((pixels - low) / max(float(high - low), 1e-6), 0.0, 1.0)
    levels = np.round(stretched * 65535.0).astype(np.uint16)
    equalised = np.asarray(cv2.createCLAHE(clip, (tiles, tiles)).apply(levels), np.float32)
    return equalised / np.float32(65535.0)
