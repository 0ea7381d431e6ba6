"""A box on a film: its four edges, checked once, and everything derived from them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from core.errors import BoxRefused


@dataclass(frozen=True)
class Box:
    """xmin, ymin, xmax, ymax in pixels of a film, x to the right and y down, as plain floats.

    It iterates as its four edges, so list(box) is what files and JSON hold. It may reach beyond its film, as the localiser's
    boxes do where a bone lies at the edge; `overhang` says by how much.
    Raises BoxRefused for an edge that is not a finite number, and for a box without area.
    """

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    def __post_init__(self) -> None:
        for name in ("xmin", "ymin", "xmax", "ymax"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not all(math.isfinite(edge) for edge in self):
            raise BoxRefused("The box is not four numbers: give xmin, ymin, xmax, ymax in pixels.")
        if self.xmin >= self.xmax or self.ymin >= self.ymax:
            raise BoxRefused("The box has no area: draw it again, with xmin less than xmax, and ymin less than ymax.")

    @classmethod
    def about(cls, centre: tuple[float, float], width: float, height: float) -> Self:
        """The box of this size about this centre."""
        x, y = centre
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def __iter__(self) -> Iterator[float]:
        yield self.xmin
        yield self.ymin
        yield self.xmax
        yield self.ymax

    @property
    def width(self) -> float:
        """In pixels, more than 0."""
        return self.xmax - self.xmin

    @property
    def height(self) -> float:
        """In pixels, more than 0."""
        return self.ymax - self.ymin

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of its middle."""
        return (self.xmin + self.xmax) / 2, (self.ymin + self.ymax) / 2

    def overhang(self, width: int, height: int) -> float:
        """The most pixels by which any edge reaches beyond a film of this size; 0 where the box lies on the film."""
        return max(0.0, -self.xmin, -self.ymin, self.xmax - width, self.ymax - height)

    def clipped(self, width: int, height: int) -> Self | None:
        """The part of the box that lies on a film of this size; None where there is none."""
        xmin, ymin = max(self.xmin, 0.0), max(self.ymin, 0.0)
        xmax, ymax = min(self.xmax, float(width)), min(self.ymax, float(height))
        return type(self)(xmin, ymin, xmax, ymax) if xmin < xmax and ymin < ymax else None

    def contains(self, point: tuple[float, float]) -> bool:
        """Whether a point x, y lies in it, edges included."""
        x, y = point
        return self.xmin <= x <= self.xmax and self.ymin <= y <= self.ymax

    def is_near(self, other: Self, pixels: float) -> bool:
        """Whether each edge lies within this number of pixels of the other's."""
        return all(abs(mine - theirs) <= pixels for mine, theirs in zip(self, other, strict=True))

    def iou(self, other: Self) -> float:
        """Intersection over union, 0..1."""
        width = min(self.xmax, other.xmax) - max(self.xmin, other.xmin)
        height = min(self.ymax, other.ymax) - max(self.ymin, other.ymin)
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.area + other.area - shared)
