"""Boxes drawn on a photograph as it is stored, before its EXIF orientation turns it upright."""

from collections.abc import Sequence
from typing import Final

from core.film.box import Box

#: Orientations of EXIF (Exif 2.32, section 4.6.4) with which the stored picture lies on its side.
_ON_ITS_SIDE: Final = (5, 6, 7, 8)
#: How far a box drawn in one frame may reach beyond it, in pixels.
_CARELESS: Final = 5.0


def turning(orientation: int, stated: tuple[int, int], upright: tuple[int, int], boxes: Sequence[Box]) -> int | None:
    """The EXIF orientation (5..8) by which boxes must be turned, 1 where they are upright already; None where the stated size
    (width, height) is not that of the upright picture before turning. orientation: the one by which the picture was turned.

    The boxes are assumed to be drawn on a picture of the stated size, unless they fit only on the upright picture.
    """
    if stated != upright[::-1] or stated == upright or orientation not in _ON_ITS_SIDE:
        return None
    return 1 if not _fit(boxes, stated) and _fit(boxes, upright) else orientation


def _fit(boxes: Sequence[Box], size: tuple[int, int]) -> bool:
    return all(box.overhang(*size) <= _CARELESS for box in boxes)


def turned(box: Box, orientation: int, stored: tuple[int, int]) -> Box:
    """The box on the upright picture. stored: width and height before turning. orientation: 5 to 8."""
    width, height = stored
    xmin, ymin, xmax, ymax = box
    if orientation in (6, 7):
        ymin, ymax = height - ymax, height - ymin
    if orientation in (7, 8):
        xmin, xmax = width - xmax, width - xmin
    return Box(ymin, xmin, ymax, xmax)
