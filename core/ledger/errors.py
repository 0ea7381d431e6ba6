"""What the ledger refuses, each with one sentence that the person at the screen can act on."""

from core.errors import BoneGradeError


class LedgerError(BoneGradeError):
    """Base of the ledger's errors. Where one is raised, nothing was changed."""


class UnknownFilm(LedgerError):
    """There is no such film in the ledger."""


class InvalidFilm(LedgerError):
    """What is told about a film cannot be."""


class InvalidCorrection(LedgerError, ValueError):
    """What was said cannot be: an unknown bone, a grade that the bone does not have, a box outside the film, ..."""


class DamagedStore(LedgerError):
    """The data folder and the database do not fit together, or a kept picture is not what was kept."""


class UnreachableDatabase(LedgerError):
    """The database cannot be opened, read or written to. A save may be sent again under its token."""
