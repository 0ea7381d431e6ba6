"""How a film is shown in a box editor: upright and sized for the screen, every box mapped to and from film pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from core.bones import BONE_TITLES, RUS_BONES
from core.errors import BoxRefused
from core.film.box import Box

#: Longest side of the picture in the editor: enough to zoom into a growth plate; small films are enlarged to the least.
MOST_PIXELS: Final = 1800
LEAST_PIXELS: Final = 1100

#: An edge that comes back moved by less than this many pixels of the picture was not touched, and keeps its exact
#: place.
_UNTOUCHED: Final = 0.25


@dataclass(frozen=True)
class FilmFrame:
    """How a film is shown in the editor's picture.

    width, height: of the film. turns: quarter turns anticlockwise that show the hand upright, 0..3. scale: pixels of the
    picture per pixel of the film.
    """

    width: int
    height: int
    turns: int
    scale: float

    @classmethod
    def of(cls, width: int, height: int, rotation_degrees: float) -> Self:
        """The frame of a film whose hand is turned clockwise by rotation_degrees."""
        longest = max(width, height)
        return cls(
            width, height, round(rotation_degrees / 90) % 4, min(MOST_PIXELS, max(LEAST_PIXELS, longest)) / longest
        )

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        sides = (self.height, self.width) if self.turns % 2 else (self.width, self.height)
        return max(1, round(sides[0] * self.scale)), max(1, round(sides[1] * self.scale))

    def to_picture(self, box: Box) -> Box:
        """Maps a box on the film to the picture."""
        width, height = self.width, self.height
        for _ in range(self.turns):
            box, width, height = Box(box.ymin, width - box.xmax, box.ymax, width - box.xmin), height, width
        x, y = self._scales
        return Box(box.xmin * x, box.ymin * y, box.xmax * x, box.ymax * y)

    def to_film(self, box: Box) -> Box:
        """Maps a box on the picture to the film."""
        x, y = self._scales
        box = Box(box.xmin / x, box.ymin / y, box.xmax / x, box.ymax / y)
        width, height = (self.height, self.width) if self.turns % 2 else (self.width, self.height)
        for _ in range(self.turns):
            box, width, height = Box(height - box.ymax, box.xmin, height - box.ymin, box.xmax), height, width
        return box

    @property
    def _scales(self) -> tuple[float, float]:
        """The scales across and down, which differ because the picture is rounded to whole pixels."""
        shown = self.shown_size
        sides = (self.height, self.width) if self.turns % 2 else (self.width, self.height)
        return shown[0] / sides[0], shown[1] / sides[1]


def changed_boxes(
    shown: Sequence[Mapping[str, Any]], before: Mapping[str, Box], frame: FilmFrame
) -> dict[str, Box | None]:
    """What a person did in the editor: the new box of every bone whose box was moved, drawn or relabelled, None for one
    whose box was taken away.

    shown: the editor's boxes (label; xmin, ymin, xmax, ymax in its own pixels, scaleFactor of them per pixel of the
    picture). A box without a label is still being drawn and does not count. before: boxes by bone in pixels of the film.
    Raises BoxRefused for two boxes of one bone, an unknown label, and a box outside the film.
    """
    after: dict[str, Box] = {}
    for row in shown:
        label = str(row.get("label") or "")
        if not label:
            continue
        if label not in RUS_BONES:
            raise BoxRefused(f"There is no bone {label!r}: choose one of the 13 from the list.")
        if label in after:
            raise BoxRefused(
                f"{BONE_TITLES[label]} ({label}) has a box already: move that one, or delete it before you draw another."
            )
        after[label] = _film_box(row, before.get(label), frame)
    changed: dict[str, Box | None] = {bone: box for bone, box in after.items() if box != before.get(bone)}
    changed.update({bone: None for bone in before if bone not in after})
    return changed


def _film_box(row: Mapping[str, Any], before: Box | None, frame: FilmFrame) -> Box:
    label = row["label"]
    try:
        scale = float(row.get("scaleFactor") or 1.0)
        shown = Box(*(float(row[edge]) / scale for edge in ("xmin", "ymin", "xmax", "ymax")))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):  # BoxRefused among them
        raise BoxRefused(f"The box of {label} has no size: draw it again.") from None
    inside = shown.clipped(*frame.shown_size)
    # the editor rounds the height of the picture to its own pixels, and its boxes may reach that far
    if inside is None or shown.overhang(*frame.shown_size) > _UNTOUCHED + 0.5 / scale:
        raise BoxRefused(f"The box of {label} reaches beyond the film: keep it inside.")
    box = frame.to_film(inside)
    if before is not None:
        near = _UNTOUCHED / min(frame._scales)
        box = Box(*(old if abs(new - old) <= near else new for new, old in zip(box, before, strict=True)))
    on_film = box.clipped(frame.width, frame.height)
    assert on_film is not None  # it is on the picture of the film
    return on_film
