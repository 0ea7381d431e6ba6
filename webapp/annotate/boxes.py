"""Pictures for the box editor: the film upright and fit for the screen, its boxes in their colours, and single places."""

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.annotation.frame import MOST_PIXELS, FilmFrame
from core.film.box import Box
from core.film.radiograph import Radiograph
from webapp.shared.bone_style import bone_colour
from webapp.shared.pictures import film_picture, jpeg

#: Longest side of the picture of a single place, in pixels.
_CUTTING_SIDE: Final = 240


def editor_picture(radiograph: Radiograph, frame: FilmFrame, inverted: bool) -> NDArray[np.uint8]:
    """The film as the editor shows it: upright, bone bright, fit for the screen; HxW of 0..255."""
    pixels = radiograph.inverted_pixels if inverted else radiograph.pixels
    picture = np.ascontiguousarray(np.rot90(film_picture(pixels, MOST_PIXELS), frame.turns))
    if (picture.shape[1], picture.shape[0]) != frame.shown_size:
        picture = np.asarray(cv2.resize(picture, frame.shown_size, interpolation=cv2.INTER_CUBIC), np.uint8)
    return picture


def editor_boxes(boxes: Mapping[str, Box], frame: FilmFrame) -> list[dict[str, Any]]:
    """Boxes by bone, in pixels of the film, as the editor takes them."""
    rows = []
    for bone, box in boxes.items():
        x0, y0, x1, y1 = frame.to_picture(box)
        colour = tuple(int(bone_colour(bone)[i : i + 2], 16) for i in (1, 3, 5))
        rows.append({"label": bone, "color": colour, "xmin": x0, "ymin": y0, "xmax": x1, "ymax": y1})
    return rows


def film_cutting(radiograph: Radiograph, box: Box) -> bytes:
    """A place on the film with a margin around it, as the film shows it; a JPEG file."""
    margin = 0.3 * min(box.width, box.height)
    rows = slice(max(0, int(box.ymin - margin)), int(box.ymax + margin) + 1)
    columns = slice(max(0, int(box.xmin - margin)), int(box.xmax + margin) + 1)
    return jpeg(film_picture(radiograph.pixels[rows, columns], _CUTTING_SIDE))
