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


@dataclass(frozen=True)
class DyingOnce:
    """Another assessor, in a process that dies over the first film. mark: a file that says that one has died."""

    assessor: Any
    mark: Path

    @property
    def weights(self) -> dict[str, str]:
        return dict(self.assessor.weights)

    def assess(self, radiograph: Radiograph, sex: Sex) -> Assessment:
        """As the other one does, if it lives to tell."""
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.assessor.assess(radiograph, sex)  # type: ignore[no-any-return]


class RefusingAll:
    """Knows no hand."""

    weights = {"grader": "ef" * 32}  # noqa: RUF012

    def assess(self, radiograph: Radiograph, sex: Sex) -> Assessment:
        """Refuses the film."""
        raise FilmRefused("not_a_hand", "No hand could be recognised on this film: send another.")


def dying_once(load_assessor: LoadAssessor, mark: Path) -> DyingOnce:
    """The assessor, dying once."""
    return DyingOnce(load_assessor(), mark)
