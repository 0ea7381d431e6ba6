"""How the maps of the shipped weights are shown: on which scales, of which channels, and which stage first."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Self

from core.assessment.records import StageGuide

#: Where nothing was measured: the growth plate covers several of its 12 x 12 places, and hardly two of stage 3's 6 x 6.
_FIRST_STAGE: Final = 2


@dataclass(frozen=True)
class MapGuide:
    """What `python -m core map-guide` measured on many hands.

    grader_sha256: the weights measured. hands: their number. first_stage: the one (1..4) whose spatial gates spread
    widest, which is shown first. stages: all four, in order.
    """

    grader_sha256: str
    hands: int
    first_stage: int
    stages: tuple[StageGuide, StageGuide, StageGuide, StageGuide]

    @classmethod
    def unmeasured(cls) -> Self:
        """For weights that were not measured: all channels, and gates from 0 to 1."""
        return cls("", 0, _FIRST_STAGE, (StageGuide(), StageGuide(), StageGuide(), StageGuide()))

    @classmethod
    def from_json(cls, figures: Mapping[str, Any]) -> Self:
        """Reads what was written as JSON."""
        first, second, third, fourth = (_stage(one) for one in figures["stages"])
        return cls(figures["grader_sha256"], figures["hands"], figures["first_stage"], (first, second, third, fourth))

    def of_stage(self, stage: int) -> StageGuide:
        """The guide of one stage. Raises ValueError where the network has no stage of this number."""
        if not 1 <= stage <= len(self.stages):
            raise ValueError(f"The network has stages 1 to {len(self.stages)}; there is no stage {stage}.")
        return self.stages[stage - 1]


def _stage(figures: Mapping[str, Any]) -> StageGuide:
    channels, scales = figures["channels"], figures["scales"]
    return StageGuide(
        None if channels is None else tuple(channels),
        {kind: (low, high) for kind, (low, high) in scales.items()},
        figures["spread"],
    )


def read_guide(file: Path | Traversable) -> MapGuide:
    """The guide that `python -m core map-guide --keep` wrote; an unmeasured one where there is no such file."""
    if not file.is_file():
        return MapGuide.unmeasured()
    return MapGuide.from_json(json.loads(file.read_text(encoding="utf-8")))


@functools.cache
def shipped_guide() -> MapGuide:
    """The guide that ships."""
    return read_guide(resources.files("core").joinpath("data", "map_guide.json"))


def guide_for(grader_sha256: str) -> MapGuide:
    """The shipped guide where it is for these weights, else an unmeasured one."""
    guide = shipped_guide()
    return guide if guide.grader_sha256 == grader_sha256 else MapGuide.unmeasured()
