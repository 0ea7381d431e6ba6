"""The checks of the maps for the shipped weights, as the page shows them; see core.evaluation.maps.checks."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal, Self

#: More or less with the whole of the 95 % interval, or neither.
Compared = Literal["more", "less", "not measurably more"]

#: Rank correlation with a randomised network's maps from which a map counts as unchanged: half of the
#: similarity to itself. A convention; Adebayo et al. (2018) look at the figures and set no threshold.
CHANGED_BELOW: Final = 0.5


@dataclass(frozen=True)
class Estimate:
    """A mean over hands with its 95 % interval (bootstrap over hands)."""

    mean: float
    low: float
    high: float

    def against(self, reference: float) -> Compared:
        """Whether the quantity is surely more than the reference."""
        if self.low > reference:
            return "more"
        return "less" if self.high < reference else "not measurably more"


@dataclass(frozen=True)
class CheckedMap:
    """What was measured of one kind of map.

    correlation: rank correlation (-1..1) with the maps of a network with randomised weights; None where the maps are
    even and have no ranks. band_ratio: the map's share inside the epiphysis-metaphysis band over the band's share of the
    crop; an even map has 1. band_ratio_randomised: the same of the network with randomised weights. more_than_random,
    more_than_centre: by how many years the maturity moves more where the marked places are blurred first than where
    random ones are, or those nearest the crop's middle.
    """

    correlation: Estimate | None
    band_ratio: Estimate
    band_ratio_randomised: Estimate
    more_than_random: Estimate
    more_than_centre: Estimate

    @property
    def changes_with_weights(self) -> bool:
        """Whether the maps surely differ once the weights are randomised."""
        return self.correlation is not None and self.correlation.high < CHANGED_BELOW


@dataclass(frozen=True)
class CheckedMaps:
    """The checks of one grader's maps: how many hands, and Grad-CAM of `cam_stage` and the spatial gates of `stage`."""

    grader_sha256: str
    hands: int
    stage: int
    cam_stage: int
    grad_cam: CheckedMap
    sa_spatial: CheckedMap

    @classmethod
    def from_json(cls, figures: Mapping[str, Any]) -> Self:
        """Builds the checks from core.evaluation.maps.figures.ChecksFigures that went through JSON."""
        maps = {kind: _checked_map(figures["maps"][kind]) for kind in ("grad_cam", "sa_spatial")}
        return cls(figures["grader_sha256"], figures["hands"], figures["stage"], figures["cam_stage"], **maps)


def _checked_map(figures: Mapping[str, Any]) -> CheckedMap:
    correlation = figures["randomised"]["rank_correlation"]
    return CheckedMap(
        None if correlation is None else Estimate(**correlation),
        Estimate(**figures["band"]["ratio"]),
        Estimate(**figures["band"]["ratio_randomised"]),
        Estimate(**figures["deletion"]["more_than_random"]),
        Estimate(**figures["deletion"]["more_than_centre"]),
    )


def read_checks(file: Path | Traversable) -> CheckedMaps | None:
    """The checks that `python -m core explanation-checks --keep` wrote; None where there is no such file."""
    if not file.is_file():
        return None
    return CheckedMaps.from_json(json.loads(file.read_text(encoding="utf-8")))


@functools.cache
def checked() -> CheckedMaps | None:
    """The checks that ship; None where none were kept. They count for the weights of `grader_sha256` alone."""
    return read_checks(resources.files("core").joinpath("data", "explanation_checks.json"))
