"""A reader's work on an opened film, as tests make it."""

import uuid

from core.annotation.desk import Opened
from core.annotation.work import BoneWork, Change, Work


def with_said(opened: Opened, says: dict[str, BoneWork]) -> Work:
    """The opened work after a reader said this, as one step each."""
    steps = tuple((Change(bone=bone, before=None, after=said),) for bone, said in says.items())
    changes = {"says": {**opened.work.says, **says}, "steps": steps, "at": len(steps), "token": uuid.uuid4().hex}
    return opened.work.model_copy(update={**changes, "film_seconds": 12.0})


def grade_said(grade: int) -> BoneWork:
    """A bone graded by the reader."""
    return BoneWork(verdict="graded", grade=grade)
