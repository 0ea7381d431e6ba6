"""Where the bones are on a film: what the localiser finds, the ledger keeps, and crops are cut by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.hand.geometry import Points

#: xmin, ymin, xmax, ymax in pixels of the film.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """One RUS region on the film, in pixels of the input.

    box: xmin, ymin, xmax, ymax. centre: x, y. axis_degrees: where the bone's distal end points, clockwise from the
    film's upward direction. size: the hand's scale at this bone, what crops are sized by. confidence: 0..1.
    status: found; outside (the film ends before it); missing (it should be on the film but was not recognised).
    """

    bone: str
    box: Box
    centre: tuple[float, float]
    axis_degrees: float
    size: float
    confidence: float
    status: Literal["found", "outside", "missing"]


@dataclass(frozen=True)
class Localization:
    """All 13 regions in RUS_BONES order and how the hand lies.

    mirrored: the film shows a right hand (or a mirrored left one). rotation_degrees: clockwise turn of the hand from
    upright. inverted: the film's greys are inverted, bone dark. hand: probability that the film shows a hand.
    all_centres: 21x2 in pixels, and all_confidences: 21 in 0..1, ALL_BONES order; a centre that was not seen is where the
    mean hand has it. misfit: how far the centres lie from the mean hand's, in its units.
    """

    regions: tuple[Region, ...]
    mirrored: bool
    rotation_degrees: float
    inverted: bool
    hand: float
    all_centres: Points
    all_confidences: NDArray[np.float64]
    misfit: float

    def to_dict(self) -> dict[str, Any]:
        """The localization as JSON-ready values, nothing rounded."""
        fields = {name: getattr(self, name) for name in ("mirrored", "rotation_degrees", "inverted", "hand", "misfit")}
        return fields | {
            "regions": [asdict(region) for region in self.regions],
            "all_centres": self.all_centres.tolist(),
            "all_confidences": self.all_confidences.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Localization":
        """What `to_dict` gave, also after a way through JSON."""
        regions = (
            Region(**{**region, "box": tuple(region["box"]), "centre": tuple(region["centre"])})
            for region in values["regions"]
        )
        arrays = {name: np.array(values[name], np.float64) for name in ("all_centres", "all_confidences")}
        return cls(**{**values, **arrays, "regions": tuple(regions)})
