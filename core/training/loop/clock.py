"""How long a training may take, and how long it has taken."""

import math
import time
from collections.abc import Mapping

from core.errors import BoneGradeError


class TimeUp(BoneGradeError):
    """The minutes that a command was given were over before there was anything to show; the message says what to do."""


class TimeLimit:
    """How long a command may take, counted from when this is made; minutes None: as long as it needs."""

    def __init__(self, minutes: float | None):
        self.minutes = minutes
        self._end = math.inf if minutes is None else time.monotonic() + 60 * minutes

    def left(self, afterwards: float = 0.0) -> float:
        """Seconds left, infinite without a limit, after reserving some for afterwards. Raises TimeUp where none are."""
        left = self._end - time.monotonic() - afterwards
        if left <= 0:
            raise TimeUp(
                f"The {self.minutes:g} minutes were over before the training began; what was cut is kept, so give the same "
                "command again."
            )
        return left


class Clock:
    """Counts the seconds of training, including those of earlier calls, towards a limit of `seconds`, infinite by default.

    A resumed run continues counting: where the first call was given fewer seconds, they are the limit of all calls together.
    """

    def __init__(self, seconds: float = math.inf):
        self.total = seconds
        self._before, self._started = 0.0, time.monotonic()

    @property
    def used(self) -> float:
        """Seconds so far, including those of earlier calls."""
        return self._before + time.monotonic() - self._started

    @property
    def progress(self) -> float:
        """The share of the time that is used, 0..1 and beyond; 0 without a limit."""
        return self.used / self.total if self.total > 0 else 1.0

    def state_dict(self) -> dict[str, float]:
        return {"used": self.used, "total": self.total}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        self._before, self._started = state["used"], time.monotonic()
        self.total = min(state["total"], state["used"] + self.total)
