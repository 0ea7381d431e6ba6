"""The film with its boxes and labels, drawn so that no label hides a box or another label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.assessment.records import Assessment
from core.film.box import Box
from core.film.radiograph import Radiograph
from webapp.shared.pictures import data_uri, film_picture, jpeg
from webapp.shared.templates import render

#: What stands where the film will be.
NO_FILM_YET: Final = render("assess/no_film.html")

#: x, y, width and height in pixels of the film.
Rectangle = tuple[float, float, float, float]

#: Letter height as a share of the film's width on a phone, where labels are largest against the film.
_LETTER_SHARE: Final = 0.03
#: Width of an average letter and height of a label line, in letter heights; the padding is that of the style sheet.
_LETTER_WIDTH: Final = 0.6
_LABEL_PADDING: Final = 0.8
_LABEL_HEIGHT: Final = 1.5


@dataclass(frozen=True)
class BoneLabel:
    """Where the label of a bone stands, in pixels of the film."""

    bone: str
    name: str
    grade: str
    x: float
    y: float
    width: float
    height: float


def place_labels(
    boxes: Mapping[str, Box],
    grades: Mapping[str, str],
    width: int,
    height: int,
) -> list[BoneLabel]:
    """Finds each label a place beside its box, inside the film and, where there is room, clear of all else.

    boxes: by bone, in pixels of the film; grades: bone -> text; width, height: of the film.
    """
    letter = _LETTER_SHARE * width
    taken: list[Rectangle] = []
    all_boxes = [(box.xmin, box.ymin, box.width, box.height) for box in boxes.values()]
    labels = []
    for bone, box in boxes.items():
        grade = grades[bone]
        size = ((len(f"{bone} {grade}") * _LETTER_WIDTH + _LABEL_PADDING) * letter, _LABEL_HEIGHT * letter)
        places = [_inside(place, size, width, height) for place in _candidates(box, size, letter / 4)]
        # min() keeps the first of equals, so the order of the candidates is the order of preference.
        x, y = min(places, key=lambda place, size=size: _crowding((*place, *size), taken, all_boxes))  # type: ignore[misc]
        taken.append((x, y, *size))
        labels.append(BoneLabel(bone, bone, grade, x, y, *size))
    return labels


def _candidates(box: Box, size: tuple[float, float], gap: float) -> Sequence[tuple[float, float]]:
    x0, y0, x1, y1 = box
    wide, high = size
    middle_x, middle_y = (x0 + x1 - wide) / 2, (y0 + y1 - high) / 2
    return (
        (x1 + gap, middle_y),
        (x0 - gap - wide, middle_y),
        (x1 + gap, y0),
        (x0 - gap - wide, y0),
        (x1 + gap, y1 - high),
        (x0 - gap - wide, y1 - high),
        (middle_x, y0 - gap - high),
        (middle_x, y1 + gap),
        (x0, y0 - gap - high),
        (x1 - wide, y0 - gap - high),
        (x0, y1 + gap),
        (x1 - wide, y1 + gap),
    )


def _inside(place: tuple[float, float], size: tuple[float, float], width: int, height: int) -> tuple[float, float]:
    return max(0.0, min(place[0], width - size[0])), max(0.0, min(place[1], height - size[1]))


def _crowding(label: Rectangle, labels: Sequence[Rectangle], boxes: Sequence[Rectangle]) -> float:
    """How much a label would hide; hiding another label counts three times as much as hiding part of a box."""
    return 3.0 * sum(_overlap(label, other) for other in labels) + sum(_overlap(label, other) for other in boxes)


def _overlap(one: Rectangle, other: Rectangle) -> float:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, wide) * max(0.0, high)


def labels_of(assessment: Assessment) -> list[BoneLabel]:
    """The labels of all bones that were found."""
    found = {bone: one for bone, one in assessment.bones.items() if one is not None}
    return place_labels(
        {bone: one.box for bone, one in found.items()},
        {bone: one.label for bone, one in found.items()},
        assessment.width,
        assessment.height,
    )


def film_preview(radiograph: Radiograph, *, refused: bool = False) -> str:
    """The film alone, as it was read, before it is assessed. refused: assessing it was tried, and no hand was found on it."""
    rows, columns = radiograph.pixels.shape
    return render(
        "assess/film.html",
        picture=_picture(radiograph),
        alt="The film, not read as a hand" if refused else "The film as it was read, not assessed yet",
        width=columns,
        height=rows,
        caption="Not read as a hand." if refused else "Read, not assessed yet.",
        touch_caption="",
        boxes=None,
    )


def film_with_boxes(radiograph: Radiograph, assessment: Assessment) -> str:
    """The film with the box, name and grade of every bone that was found."""
    found = [one for one in assessment.bones.values() if one is not None]
    return render(
        "assess/film.html",
        picture=_picture(radiograph),
        alt=f"Hand radiograph with {len(found)} of {len(assessment.bones)} bones boxed and graded",
        width=assessment.width,
        height=assessment.height,
        caption="Point at a box to find its bone below.",
        touch_caption="Tap a box to find its bone below.",
        boxes=found,
        labels=labels_of(assessment),
    )


def _picture(radiograph: Radiograph) -> str:
    return data_uri(jpeg(film_picture(radiograph.pixels)), "jpeg")
