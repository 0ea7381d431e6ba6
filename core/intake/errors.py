"""Errors for a batch that is refused as a whole, before anything is changed."""

from core.errors import BoneGradeError


class BatchRefused(BoneGradeError):
    """Nothing that was sent is taken in; the message is one sentence that quotes no file name and no id."""


class BatchTooLarge(BatchRefused):
    """The batch is undamaged, as far as it was checked, but holds more than one batch may."""
