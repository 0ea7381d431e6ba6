"""The box editor's pictures and the boxes on them."""

import numpy as np
import pytest

from core.annotation.frame import FilmFrame
from core.bones import RUS_BONES
from core.film.box import Box
from core.film.radiograph import Radiograph
from webapp.annotate.boxes import editor_boxes, editor_picture, film_cutting

_BOX = Box(120.25, 33.5, 220.125, 151.0)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_picture_is_turned_as_the_boxes_are(rotation: float) -> None:
    pixels = np.full((560, 420), 0.1, np.float32)
    pixels[34:151, 121:220] = 1.0
    frame = FilmFrame.of(420, 560, rotation)
    picture = editor_picture(Radiograph(pixels, None, None, "0" * 64), frame, inverted=False)
    assert (picture.shape[1], picture.shape[0]) == frame.shown_size
    rows, columns = np.nonzero(picture > 128)
    x0, y0, x1, y1 = frame.to_picture(Box(121, 34, 220, 151))
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == pytest.approx((x0, y0, x1, y1), abs=3)
    turned_round = editor_picture(Radiograph(1 - pixels, None, None, "0" * 64), frame, inverted=True)
    assert np.abs(turned_round.astype(int) - picture).max() <= 2


def test_all_bones_are_offered_in_their_colours(radiograph: Radiograph) -> None:
    frame = FilmFrame.of(420, 560, 0)
    rows = editor_boxes({bone: _BOX for bone in RUS_BONES}, frame)
    assert [row["label"] for row in rows] == list(RUS_BONES)
    assert [row["xmin"] for row in rows] == [frame.to_picture(_BOX).xmin] * len(RUS_BONES)
    assert all(len(row["color"]) == 3 and max(row["color"]) <= 255 for row in rows)
    assert film_cutting(radiograph, Box(400, 500, 420, 560)).startswith(b"\xff\xd8")
