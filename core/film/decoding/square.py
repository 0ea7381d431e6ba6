"""Films whose pixels are not square, made square: the networks know hands only in their natural proportions."""

import math
from typing import Final

import cv2
import numpy as np

from core.film.greys import MAX_PIXELS, MAX_SIDE, Grey
from core.film.stated import Note

#: Pixels count as square up to this ratio of their sides: files state rounded distances.
_SQUARE: Final = 1.01
#: No scanner or detector has pixels longer than this; a file that says so is mistaken.
_LONGEST: Final = 4.0


def squared(pixels: Grey, height_to_width: float | None) -> tuple[Grey, Note | None]:
    """The film with square pixels, and a note about it.

    pixels: HxW in [0, 1]. height_to_width: of one pixel as the file states it; None where it does not. The side with the
    coarser steps is stretched to match the finer one, or the other is shrunk where the film would be too large.
    Returns pixels as they are, and None, where they are square already.
    """
    if height_to_width is None or 1 / _SQUARE <= height_to_width <= _SQUARE:
        return pixels, None
    if not (math.isfinite(height_to_width) and 1 / _LONGEST <= height_to_width <= _LONGEST):
        return pixels, Note(
            "square_pixels",
            True,
            "The file states pixels more than four times as long as wide, which no film has; they were treated as square: "
            "check that the hand looks natural.",
        )
    height, width = pixels.shape
    stretched = (
        (width, round(height * height_to_width)) if height_to_width > 1 else (round(width / height_to_width), height)
    )
    if max(stretched) > MAX_SIDE or stretched[0] * stretched[1] > MAX_PIXELS:
        stretched = (
            (round(width / height_to_width), height)
            if height_to_width > 1
            else (width, round(height * height_to_width))
        )
    shrinks = stretched[0] * stretched[1] < width * height
    resampled = cv2.resize(pixels, stretched, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.clip(np.asarray(resampled, np.float32), 0.0, 1.0), Note(
        "square_pixels",
        True,
        f"The file states pixels {height_to_width:.2f} times as high as wide; the film was resampled from {width} x {height} "
        f"to {stretched[0]} x {stretched[1]} square ones: check that the hand looks natural.",
    )
