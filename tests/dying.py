"""Assessors for batches whose process the system kills once, midway. Nothing here imports torch."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.assessment.records import Assessment
from core.batch.engines import LoadAssessor
from core.bones import Sex
from core.errors import FilmRefused
from core.film.radiograph import Radiograph
from core.film.stated import Side
from core.hand.hand import Hand


@dataclass(frozen=True)
class DyingOnce:
    """Another assessor, in a process that dies over the first film. mark: a file that says that one has died."""

    assessor: Any
    mark: Path

    @property
    def weights(self) -> dict[str, str]:
        return dict(self.assessor.weights)

    def find_hand(self, radiograph: Radiograph, *, wanted: Side) -> Hand:
        """As the other one does, if it lives to tell."""
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.assessor.find_hand(radiograph, wanted=wanted)  # type: ignore[no-any-return]

    def assess_hand(self, hand: Hand, sex: Sex) -> Assessment:
        """As the other one does."""
        return self.assessor.assess_hand(hand, sex)  # type: ignore[no-any-return]


class RefusingAll:
    """Knows no hand."""

    weights = {"grader": "ef" * 32}  # noqa: RUF012

    def find_hand(self, radiograph: Radiograph, *, wanted: Side) -> Hand:
        """Refuses the film."""
        raise FilmRefused("not_a_hand", "No hand could be recognised on this film: send another.")


def dying_once(load_assessor: LoadAssessor, mark: Path) -> DyingOnce:
    """The assessor, dying once."""
    return DyingOnce(load_assessor(), mark)
