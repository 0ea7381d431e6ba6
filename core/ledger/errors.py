"""Errors for what the ledger refuses, each with one sentence that the person at the screen can act on."""

from core.errors import BoneGradeError


class LedgerError(BoneGradeError):
    """Base of the ledger's errors. Where one is raised, nothing was changed."""


class UnknownFilm(LedgerError):
    """There is no such film in the ledger."""


class InvalidFilm(LedgerError):
    """What is said about a film is not possible."""


class InvalidCorrection(LedgerError, ValueError):
    """What was said of a bone is not possible: an unknown bone, a grade that the bone does not have, a box outside the
    film, ..."""


class DamagedStore(LedgerError):
    """The data folder and the database do not match, or a picture is not as it was stored."""


class UnreachableDatabase(LedgerError):
    """The database cannot be opened, read or written to. A save may be sent again under its token."""
