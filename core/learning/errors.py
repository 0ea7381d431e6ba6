"""The errors with which a fine-tuning is refused."""

from core.errors import BoneGradeError


class LessonsRefused(BoneGradeError):
    """There is nothing in the export or the ledger that could be learned; the message says what to bring."""


class RunRefused(BoneGradeError):
    """The run folder cannot be used for this run, or not now; the message says what to do."""
