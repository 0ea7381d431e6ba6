"""What the desk remembers of films that were open here, so that they open quickly, until one of them is erased."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from core.annotation.recent import Recent
from core.assessment.records import Assessment, RegradedBone
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.ledger import Ledger, columns

_FILMS: Final = 8
_ASSESSMENTS: Final = 64
_REGRADED: Final = 512
_NUMBERS: Final = 4096


class FilmMemory:
    """Shared by the readers of one process. pixels, assessments and of_other_sex: by a film's number and what else tells them
    apart. regraded: by the film's SHA-256, the grader, the bone and the box."""

    def __init__(self, ledger: Ledger | None, tell_erased: Callable[[str], None]):
        """tell_erased: called for each film (SHA-256 of its pixels) that was open here and, as is seen now, was erased since,
        in this process or another."""
        self.pixels: Final[Recent[int, Radiograph]] = Recent(_FILMS)
        self.assessments: Final[Recent[tuple[int, int], Assessment]] = Recent(_ASSESSMENTS)
        self.of_other_sex: Final[Recent[tuple[int, str], Assessment]] = Recent(_ASSESSMENTS)
        self.regraded: Final[Recent[tuple[str, str, str, Box], RegradedBone]] = Recent(_REGRADED)
        #: The films' numbers by SHA-256, under which the ledger no longer has one that was erased whole.
        self._numbers: Recent[str, int] = Recent(_NUMBERS)
        self._ledger = ledger
        self._tell_erased = tell_erased
        self._erasures = 0 if ledger is None else columns.erasures(ledger)

    def knows(self, sha256: str, number: int) -> None:
        """A film of the ledger is open here; one that was erased whole and added again has another number."""
        self._numbers.put(sha256, number)

    def forget_erased(self) -> None:
        """Forgets all where anything was erased since this was asked last: the ledger counts erasures, of whatever film."""
        ledger = self._ledger
        if ledger is None or (erasures := columns.erasures(ledger)) == self._erasures:
            return
        for memory in (self.pixels, self.assessments, self.of_other_sex, self.regraded):
            memory.clear()
        for sha256, number in self._numbers.items():
            film = ledger.film_by_hash(sha256)
            if film is None or (not film.consent and erased_at(ledger, number) is not None):
                self._tell_erased(sha256)
        self._erasures = erasures

    def still(self, held: Radiograph, since: datetime) -> Radiograph | None:
        """A session's film, None where the ledger's film of these pixels was erased after it was taken in hand. since: when
        that was."""
        if self._ledger is None:
            return held
        film = self._ledger.film_by_hash(held.sha256)
        if film is not None:
            self.knows(film.sha256, film.id)  # another reader may have added it meanwhile
        number = self._numbers.peek(held.sha256)
        gone = None if number is None else erased_at(self._ledger, number)
        return held if gone is None or gone < since else None

    def was_erased(self, sha256: str) -> bool:
        """Whether a film that was open here is no longer in the ledger."""
        known = self._numbers.peek(sha256) is not None
        return known and self._ledger is not None and self._ledger.film_by_hash(sha256) is None


def erased_at(ledger: Ledger, film_id: int) -> datetime | None:
    """When a film, or its picture alone, was erased last."""
    return max(
        (event.made_at for event in ledger.history(film_id) if event.kind in ("erase", "withdraw")), default=None
    )
