"""What the ledger refuses, each with one sentence that the person at the screen can act on."""

from dataclasses import dataclass

from core.errors import BoneGradeError
from core.ledger.records import Correction, Event


class LedgerError(BoneGradeError):
    """Base of the ledger's errors. Where one is raised, nothing was changed."""


class UnknownFilm(LedgerError):
    """There is no such film in the ledger."""


class InvalidFilm(LedgerError):
    """What is told about a film cannot be."""


class InvalidCorrection(LedgerError):
    """What was said cannot be: an unknown bone, a grade that the bone does not have, a box outside the film, ..."""


class DamagedStore(LedgerError):
    """The data folder and the database do not fit together, or a kept picture is not what was kept."""


class UnreachableDatabase(LedgerError):
    """The database cannot be opened, read or written to. A save may be sent again under its token."""


@dataclass(frozen=True)
class Conflict:
    """Two versions of one film's reading, for a person to choose from.

    base_revision: the one that the reader had before them. revision: the film's now; save on this one after choosing.
    theirs: what was said since the base, oldest first. mine: what was about to be saved.
    """

    film_id: int
    base_revision: int
    revision: int
    theirs: tuple[Event, ...]
    mine: tuple[Correction, ...]


class StaleRevision(LedgerError):
    """The film was read further, by another reader or in another window, since it was opened."""

    def __init__(self, conflict: Conflict):
        readers = sorted({event.reader for event in conflict.theirs})
        super().__init__(
            f"This film was changed by {' and '.join(readers)} since you opened it: compare both versions and choose."
        )
        self.conflict = conflict
