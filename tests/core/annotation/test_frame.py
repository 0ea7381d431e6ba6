"""Boxes mapped between the film and a box editor."""

from dataclasses import replace
from typing import Any

import pytest

from core.annotation.frame import FilmFrame, changed_boxes
from core.errors import BoxRefused
from core.film.box import Box

_BOX = Box(120.25, 33.5, 220.125, 151.0)


def _shown(boxes: dict[str, Box], frame: FilmFrame, zoom: float) -> list[dict[str, Any]]:
    """The boxes as an editor sends them back from a canvas that is `zoom` times as large as its picture."""
    edges = ("xmin", "ymin", "xmax", "ymax")
    return [
        {
            "label": bone,
            "scaleFactor": zoom,
            **{edge: value * zoom for edge, value in zip(edges, frame.to_picture(box), strict=True)},
        }
        for bone, box in boxes.items()
    ]


@pytest.mark.parametrize("rotation", [0, 44, 90, 180, -90, 271, -179])
@pytest.mark.parametrize(("width", "height"), [(420, 560), (3000, 2400), (1800, 1801)])
def test_a_box_finds_its_way_back_whichever_way_the_film_is_turned(rotation: float, width: int, height: int) -> None:
    frame = FilmFrame.of(width, height, rotation)
    there = frame.to_picture(_BOX)
    assert list(frame.to_film(there)) == pytest.approx(list(_BOX))
    shown = frame.shown_size
    assert there.overhang(*shown) == 0
    assert 1100 <= max(shown) <= 1800


@pytest.mark.parametrize("zoom", [1.0, 0.37, 1 / 3])
def test_boxes_that_were_not_touched_did_not_change(zoom: float) -> None:
    frame = FilmFrame.of(2471, 3011, 180)
    boxes = {"Radius": _BOX, "DP5": Box(1000.1, 900.7, 1100.3, 1009.9)}
    shown = _shown(boxes, frame, zoom)
    assert changed_boxes(shown, boxes, frame) == {}
    shown[1]["xmin"] -= 20 * zoom
    ((bone, box),) = changed_boxes(shown, boxes, frame).items()
    assert bone == "DP5" and box is not None
    # after half a turn, the left edge of the picture is the film's right edge
    assert replace(box, xmax=boxes["DP5"].xmax) == boxes["DP5"]
    assert box.xmax - boxes["DP5"].xmax == pytest.approx(20 / frame.scale, rel=2e-3)


def test_drawn_deleted_and_relabelled() -> None:
    frame = FilmFrame.of(1200, 1500, 0)
    before = {"Radius": _BOX}
    assert changed_boxes([], before, frame) == {"Radius": None}
    drawn = {"label": "Ulna", "xmin": 10, "ymin": 20, "xmax": 50, "ymax": 70}
    assert changed_boxes([*_shown(before, frame, 1.0), drawn], before, frame) == {"Ulna": Box(10, 20, 50, 70)}
    (relabelled,) = _shown(before, frame, 1.0)
    changes = changed_boxes([{**relabelled, "label": "MC1"}], before, frame)
    assert changes["Radius"] is None and changes["MC1"] is not None
    assert list(changes["MC1"]) == pytest.approx(list(_BOX))
    still_being_drawn = {**drawn, "label": ""}
    assert changed_boxes([*_shown(before, frame, 1.0), still_being_drawn], before, frame) == {}


def test_a_box_at_the_lower_edge_of_a_small_editor_is_on_the_film() -> None:
    """At a width of 335 pixels the picture is 446.67 high, and the editor lets its boxes go to 447."""
    frame = FilmFrame.of(3000, 4000, 0)
    zoom = 335 / frame.shown_size[0]
    shown = [{"label": "Ulna", "xmin": 100, "ymin": 400, "xmax": 150, "ymax": 447, "scaleFactor": zoom}]
    ((bone, box),) = changed_boxes(shown, {}, frame).items()
    assert bone == "Ulna" and box is not None and box.ymax == 4000
    shown[0]["ymax"] = 448
    with pytest.raises(BoxRefused, match="beyond the film"):
        changed_boxes(shown, {}, frame)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"label": "Radius", "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9}, "has a box already"),
        ({"label": "Scaphoid", "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9}, "no bone 'Scaphoid'"),
        ({"label": "Ulna", "xmin": -5, "ymin": 1, "xmax": 9, "ymax": 9}, "beyond the film"),
        ({"label": "Ulna", "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 1509}, "beyond the film"),
        ({"label": "Ulna", "xmin": 9, "ymin": 1, "xmax": 9, "ymax": 9}, "no size"),
        ({"label": "Ulna", "xmin": float("nan"), "ymin": 1, "xmax": 9, "ymax": 9}, "no size"),
        ({"label": "Ulna", "xmin": "1", "ymin": None, "xmax": 9, "ymax": 9}, "no size"),
    ],
)
def test_what_cannot_be_a_box_is_refused_in_a_sentence(row: dict[str, Any], sentence: str) -> None:
    frame = FilmFrame.of(1200, 1500, 0)
    with pytest.raises(BoxRefused, match=sentence) as refused:
        changed_boxes([*_shown({"Radius": _BOX}, frame, 1.0), row], {"Radius": _BOX}, frame)
    assert str(refused.value).endswith(".")
