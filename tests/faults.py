"""Does something in a process of its own that a fault meets at its n-th step: a power cut, or a disk that is full."""

import errno
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core.errors import BoneGradeError

Fault = Literal["power cut", "full disk"]

#: How the process of `struck` ends where its action is not done; 0 is done.
_CUT, _SENTENCE, _OTHER = 9, 3, 4
_CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.chmod")
_FULL = "database or disk is full"


def struck(folder: Path, at: int, fault: Fault, action: Callable[[], object]) -> bool:
    """Whether the action came to an `at`-th step, from 0, at which the fault met it; otherwise it was done.

    A step is a change that is about to be made in the folder, or a statement or the commit that is about to be sent to a
    database. A power cut ends the process there. A full disk refuses that step and all after it that want room, and then the
    action must end with a BoneGradeError, or be done without that step.
    """
    child = os.fork()
    if child == 0:
        ended = _OTHER
        try:
            steps = _Steps(folder, at, fault)
            action()
            ended = 0 if steps.count <= at else _SENTENCE
        except BoneGradeError as error:
            ended = _SENTENCE if str(error).endswith(".") else _OTHER
        except BaseException as error:
            print(f"step {at}, {fault}: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(ended)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, _CUT, _SENTENCE), f"at step {at} a {fault} ended the action with {code}"
    return code != 0


class _Steps:
    """Counts them, and strikes. Hooks stay for as long as the process does."""

    def __init__(self, folder: Path, at: int, fault: Fault):
        self.count = 0
        self._folder, self._at, self._fault = str(folder), at, fault
        sys.addaudithook(self._on_disk)
        sa.event.listen(sa.Engine, "before_cursor_execute", self._statement)
        sa.event.listen(sa.Engine, "commit", self._commit)

    def _on_disk(self, event: str, arguments: tuple[Any, ...]) -> None:
        wants_room = event in ("os.rename", "os.mkdir")
        changes = event in _CHANGES
        if event == "open" and not str(arguments[0]).endswith(".lock"):
            changes = wants_room = bool(int(arguments[2]) & (os.O_WRONLY | os.O_RDWR))
        if changes and self._folder in str(arguments):
            self._step(wants_room, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _statement(self, connection: object, cursor: object, statement: str, *rest: object) -> None:
        wants_room = not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "BEGIN"))
        self._step(wants_room, OperationalError(statement, None, sqlite3.OperationalError(_FULL)))

    def _commit(self, connection: object) -> None:
        self._step(True, OperationalError("COMMIT", None, sqlite3.OperationalError(_FULL)))

    def _step(self, wants_room: bool, refusal: Exception) -> None:
        if self._fault == "full disk" and not wants_room:
            return
        self.count += 1
        if self.count <= self._at:
            return
        if self._fault == "power cut":
            os._exit(_CUT)
        raise refusal
