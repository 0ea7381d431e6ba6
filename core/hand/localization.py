"""Where the bones are on a film: found by the localiser, kept by the ledger, and used to cut crops."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from core.film.box import Box
from core.hand.geometry import Points, mean_hand


@dataclass(frozen=True)
class Region:
    """One RUS region on the film, in pixels of the input.

    centre: x, y, the middle of the box. axis_degrees: where the bone's distal end points, clockwise from the
    film's upward direction. size: the hand's scale at this bone, by which crops are sized. confidence: 0..1.
    status: found; outside (the film ends before it); missing (it should be on the film but was not recognised).
    """

    bone: str
    box: Box
    centre: tuple[float, float]
    axis_degrees: float
    size: float
    confidence: float
    status: Literal["found", "outside", "missing"]

    def moved_to(self, box: Box) -> Self:
        """The region as a person's box puts it: centred on the box, sized as the box is to the predicted one, axis kept.

        The region may be one that was not found: its box and axis are then those of the mean hand.
        """
        scale = math.sqrt(box.area / self.box.area)
        return replace(self, box=box, centre=box.centre, size=self.size * scale, status="found")


@dataclass(frozen=True)
class Detail:
    """How finely the film shows the hand. blur: 0 (sharp) to 1. blocks: how clearly a JPEG's blocks show, 1: not at all.
    See core.hand.detail."""

    blur: float
    blocks: float


@dataclass(frozen=True)
class OtherHand:
    """A hand on the film that was not read. box: around the centres of its 21 regions. mirrored, size: as in Localization."""

    box: Box
    mirrored: bool
    size: float


@dataclass(frozen=True)
class Localization:
    """All 13 regions in RUS_BONES order and how the hand lies.

    mirrored: the film shows a right hand (or a mirrored left one). rotation_degrees: clockwise turn of the hand from
    upright. inverted: the film's greys are inverted, bone dark. hand: probability that the film shows a hand.
    all_centres: 21x2 in pixels, and all_confidences: 21 in 0..1, ALL_BONES order; a centre that was not seen is where the
    mean hand has it. misfit: how far the centres lie from the mean hand's, in its units. other_hands: what else the film shows.
    detail; forearm: how much of it the film shows (core.hand.forearm). Both are None where nobody looked.
    """

    regions: tuple[Region, ...]
    mirrored: bool
    rotation_degrees: float
    inverted: bool
    hand: float
    all_centres: Points
    all_confidences: NDArray[np.float64]
    misfit: float
    other_hands: tuple[OtherHand, ...] = ()
    detail: Detail | None = None
    forearm: float | None = None

    @cached_property
    def width_kept(self) -> float:
        """The hand's width for its height on the film, relative to the mean hand's: less than 1 where it was squeezed.

        The film's rows and columns are scaled separately so that the 21 centres fit the mean hand's best.
        """
        weights = np.sqrt(self.all_confidences**2 + 1e-9)[:, None]
        points = np.concatenate([self.all_centres, np.ones((len(self.all_centres), 1))], axis=1)
        fitted = np.linalg.lstsq(points * weights, mean_hand().centres * weights, rcond=None)[0]
        columns, rows = np.linalg.norm(fitted[:2], axis=1)
        return float(rows / columns)

    @property
    def size(self) -> float:
        """The hand's scale in pixels of the film: the mean hand's unit."""
        return self.regions[0].size

    def as_other_hand(self) -> OtherHand:
        """What is kept of this hand where another hand of the film is read."""
        return OtherHand(Box(*self.all_centres.min(0), *self.all_centres.max(0)), self.mirrored, self.size)

    def region(self, bone: str) -> Region:
        """The region of one bone. Raises ValueError for an unknown one."""
        for region in self.regions:
            if region.bone == bone:
                return region
        raise ValueError(f"{bone!r} is not one of the 13 RUS bones.")

    def to_dict(self) -> dict[str, Any]:
        """The localization as JSON-ready values, nothing rounded."""
        plain = ("mirrored", "rotation_degrees", "inverted", "hand", "misfit", "forearm")
        return {name: getattr(self, name) for name in plain} | {
            "regions": [{**asdict(region), "box": list(region.box)} for region in self.regions],
            "all_centres": self.all_centres.tolist(),
            "all_confidences": self.all_confidences.tolist(),
            "detail": self.detail and asdict(self.detail),
            "other_hands": [{**asdict(hand), "box": list(hand.box)} for hand in self.other_hands],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuilds what `to_dict` described, also from values that went through JSON."""
        regions = (
            Region(**{**region, "box": Box(*region["box"]), "centre": tuple(region["centre"])})
            for region in values["regions"]
        )
        # What was kept before second hands, blur and the forearm were looked for has nothing on them.
        others = tuple(OtherHand(**{**hand, "box": Box(*hand["box"])}) for hand in values.get("other_hands", ()))
        detail = values.get("detail")
        arrays = {name: np.array(values[name], np.float64) for name in ("all_centres", "all_confidences")}
        seen = {"other_hands": others, "detail": detail and Detail(**detail)}
        return cls(**{**values, **arrays, **seen, "regions": tuple(regions)})
