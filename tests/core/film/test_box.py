"""Boxes: what they refuse, what they are as JSON, and their arithmetic."""

import json
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from core.errors import BoneGradeError, BoxRefused
from core.film.box import Box


@pytest.mark.parametrize(
    ("edges", "sentence"),
    [
        ((40, 5, 40, 60), "no area"),
        ((60, 5, 40, 60), "no area"),
        ((0, 5, 40, 5), "no area"),
        ((0, 6, 40, 5), "no area"),
        ((math.nan, 5, 40, 60), "not four numbers"),
        ((0, 5, 40, math.inf), "not four numbers"),
        ((-math.inf, 5, 40, 60), "not four numbers"),
    ],
)
def test_what_is_no_box_is_refused_in_a_sentence(edges: tuple[float, float, float, float], sentence: str) -> None:
    with pytest.raises(BoxRefused, match=sentence) as refused:
        Box(*edges)
    assert str(refused.value).endswith(".")
    assert isinstance(refused.value, BoneGradeError) and isinstance(refused.value, ValueError)


def test_it_is_its_four_edges_as_plain_floats_and_stays_as_it_is() -> None:
    box = Box(*np.array([0.1 + 0.2, 2, 1e3, 1 / 3 + 4]))
    assert [type(edge) for edge in box] == [float] * 4
    assert json.dumps(list(box)) == "[0.30000000000000004, 2.0, 1000.0, 4.333333333333333]"
    assert Box(*json.loads(json.dumps(list(box)))) == box and len({box, Box(*box)}) == 1
    with pytest.raises(FrozenInstanceError):
        box.xmin = 0.0  # type: ignore[misc]


def test_sizes() -> None:
    box = Box(10, 20, 16, 28)
    assert (box.width, box.height, box.area, box.centre) == (6, 8, 48, (13, 24))
    assert Box.about((13, 24), 6, 8) == box


@pytest.mark.parametrize(
    ("box", "overhang", "clipped"),
    [
        (Box(0, 0, 80, 96), 0, Box(0, 0, 80, 96)),
        (Box(5, 6, 7, 8), 0, Box(5, 6, 7, 8)),
        (Box(-0.25, 3, 7, 8), 0.25, Box(0, 3, 7, 8)),
        (Box(3, -2, 7, 97), 2, Box(3, 0, 7, 96)),
        (Box(3, 2, 81.5, 97), 1.5, Box(3, 2, 80, 96)),
        (Box(-9, 2, -1, 9), 9, None),
        (Box(80, 2, 81, 9), 1, None),
        (Box(2, 97, 9, 99), 3, None),
    ],
)
def test_what_lies_on_a_film_of_80_x_96_pixels(box: Box, overhang: float, clipped: Box | None) -> None:
    assert box.overhang(80, 96) == overhang
    assert box.clipped(80, 96) == clipped


def test_points_and_neighbours() -> None:
    box = Box(10, 20, 16, 28)
    assert all(box.contains(point) for point in ((10, 20), (16, 28), (13, 24)))
    assert not any(box.contains(point) for point in ((9.9, 24), (16.1, 24), (13, 19.9), (13, 28.1)))
    assert box.is_near(Box(10.5, 19.5, 16, 28), 0.5) and not box.is_near(Box(10, 20, 16, 28.6), 0.5)
