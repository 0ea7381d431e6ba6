"""What the desk remembers of films that were opened here, so that they open quickly, until a film is erased."""

from datetime import datetime
from typing import Final

from core.annotation.recent import Recent
from core.assessment.records import Assessment, RegradedBone
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.keeping import lately_erased
from core.keeping.lately_erased import erased_lately
from core.ledger import Ledger

_FILMS: Final = 8
_ASSESSMENTS: Final = 64
_REGRADED: Final = 512


class FilmMemory:
    """Shared by the readers of one process. pixels, assessments and of_other_sex: by a film's number and whatever else
    tells them apart. regraded: by the film's SHA-256, the grader, the bone and the box."""

    def __init__(self, ledger: Ledger | None):
        self.pixels: Final[Recent[int, Radiograph]] = Recent(_FILMS)
        self.assessments: Final[Recent[tuple[int, int], Assessment]] = Recent(_ASSESSMENTS)
        self.of_other_sex: Final[Recent[tuple[int, str], Assessment]] = Recent(_ASSESSMENTS)
        self.regraded: Final[Recent[tuple[str, str, str, Box], RegradedBone]] = Recent(_REGRADED)
        self._ledger = ledger
        self._erasures = 0 if ledger is None else lately_erased.erasures(ledger)

    def forget_erased(self) -> None:
        """Forgets everything if any film was erased since the last call: the ledger counts erasures, of whatever film."""
        ledger = self._ledger
        if ledger is None or (erasures := lately_erased.erasures(ledger)) == self._erasures:
            return
        for memory in (self.pixels, self.assessments, self.of_other_sex, self.regraded):
            memory.clear()
        self._erasures = erasures

    def was_erased(self, sha256: str) -> bool:
        """Whether a film was erased lately and is no longer in the ledger."""
        if self._ledger is None or not erased_lately(self._ledger, sha256).moments:
            return False
        return self._ledger.film_by_hash(sha256) is None


def erased_at(ledger: Ledger, film_id: int) -> datetime | None:
    """When a film, or its picture alone, was erased last."""
    return max(
        (event.made_at for event in ledger.history(film_id) if event.kind in ("erase", "withdraw")), default=None
    )
