"""The film with its boxes and labels, drawn so that no label hides a box or another label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from core.assessment.records import Assessment
from core.film.box import Box
from core.film.radiograph import Radiograph
from webapp.shared.bone_style import bone_colour
from webapp.shared.pictures import data_uri, film_picture, jpeg

#: What stands where the film will be.
NO_FILM_YET: Final = (
    '<figure class="film"><div class="film-frame empty" style="--ratio:0.8">'
    "<p>The film appears here.</p></div></figure>"
)

#: x, y, width and height in pixels of the film.
Rectangle = tuple[float, float, float, float]

#: Letter height as a share of the film's width on a phone, where labels are largest against the film.
_LETTER_SHARE: Final = 0.03
#: Width of an average letter and height of a label line, in letter heights; the padding is that of the style sheet.
_LETTER_WIDTH: Final = 0.6
_LABEL_PADDING: Final = 0.8
_LABEL_HEIGHT: Final = 1.5


@dataclass(frozen=True)
class Label:
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
) -> list[Label]:
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
        labels.append(Label(bone, bone, grade, x, y, *size))
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


def labels_of(assessment: Assessment) -> list[Label]:
    """The labels of all bones that were found."""
    found = {bone: one for bone, one in assessment.bones.items() if one is not None}
    return place_labels(
        {bone: one.box for bone, one in found.items()},
        {bone: one.label for bone, one in found.items()},
        assessment.width,
        assessment.height,
    )


def film_preview(radiograph: Radiograph) -> str:
    """The film alone, as it was read, before it is assessed."""
    rows, columns = radiograph.pixels.shape
    picture = _picture(radiograph, "The film as it was read, not assessed yet")
    return _figure(picture, columns, rows, "Read, not assessed yet.")


def film_with_boxes(radiograph: Radiograph, assessment: Assessment) -> str:
    """The film with the box, name and grade of every bone that was found."""
    found = [one for one in assessment.bones.values() if one is not None]
    shapes = []
    for one in found:
        box = one.box
        place = f'x="{box.xmin:.1f}" y="{box.ymin:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="1%"'
        shapes.append(
            f'<g data-bone="{escape(one.bone)}" style="--bone:{bone_colour(one.bone)}">'
            f'<rect class="box-halo" {place}/><rect class="box-line" {place}/></g>'
        )
    width, height = assessment.width, assessment.height
    tags = "".join(_tag(label, width, height) for label in labels_of(assessment))
    picture = _picture(
        radiograph, f"Hand radiograph with {len(found)} of {len(assessment.bones)} bones boxed and graded"
    )
    drawing = (
        f'<svg class="boxes" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(shapes)}</svg><div class="tags" aria-hidden="true">{tags}</div>'
    )
    switch = '<label class="box-switch"><input type="checkbox" id="show-boxes" checked> Show boxes</label>'
    return _figure(picture + drawing, width, height, "Point at a box to find its bone below.", switch)


def _tag(label: Label, width: int, height: int) -> str:
    # Placed by its centre: on a wide screen the letters are smaller against the film than the place kept for them.
    left, top = (label.x + label.width / 2) / width, (label.y + label.height / 2) / height
    return (
        f'<span class="tag" data-bone="{escape(label.bone)}" '
        f'style="--bone:{bone_colour(label.bone)};left:{left:.2%};top:{top:.2%}">'
        f"{escape(label.name)} <b>{escape(label.grade)}</b></span>"
    )


def _picture(radiograph: Radiograph, alt: str) -> str:
    file = jpeg(film_picture(radiograph.pixels))
    return f'<img src="{data_uri(file, "jpeg")}" alt="{escape(alt)}">'


def _figure(content: str, width: int, height: int, caption: str, controls: str = "") -> str:
    return (
        f'<figure class="film"><div class="film-frame" style="--ratio:{width / height:.4f}">{content}</div>'
        f"<figcaption><span>{escape(caption)}</span>{controls}</figcaption></figure>"
    )
