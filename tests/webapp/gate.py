"""A server that is slow for as long as a test wants: what passes the gate waits while the gate is shut.

A folder is the gate, so that a test can shut it for an app in a process of its own.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_LOOK_SECONDS: Final = 0.02
_DEADLINE_SECONDS: Final = 60.0
#: Those who waited leave with the last first, far enough apart for their answers to come in that order too.
_APART_SECONDS: Final = 0.5


class Gate:
    """The test's side."""

    def __init__(self, folder: Path):
        self.folder = folder

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Whoever comes while this lasts waits until it ends; those who came and left are counted anew."""
        self.count_anew()
        (self.folder / "shut").touch()
        try:
            yield
        finally:
            (self.folder / "shut").unlink()

    def count_anew(self) -> None:
        """Forgets those who came and left."""
        for old in self.folder.iterdir():
            old.unlink()

    def await_come(self, count: int = 1) -> None:
        """Returns when this many have come."""
        self._await("came", count)

    def await_left(self, count: int) -> None:
        """Returns when this many have left."""
        self._await("left", count)

    def _await(self, what: str, count: int) -> None:
        until = time.monotonic() + _DEADLINE_SECONDS
        while (seen := len(list(self.folder.glob(f"{what}-*")))) < count:
            assert time.monotonic() < until, f"{seen} {what} and not {count}"
            time.sleep(_LOOK_SECONDS)


class Passage:
    """The app's side. folder: of the gate."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._lock = threading.Lock()
        self._inside: list[int] = []
        self._count = 0
        self._last_left = 0.0

    def go(self) -> None:
        """Returns at once while the gate is open, else once it has been opened and all who came later have left."""
        with self._lock:
            self._count += 1
            number = self._count
            self._inside.append(number)
            waits = (self._folder / "shut").exists()
        (self._folder / f"came-{number}").touch()
        while not self._leaves(number, waits):
            time.sleep(_LOOK_SECONDS)
        (self._folder / f"left-{number}").touch()

    def _leaves(self, number: int, waits: bool) -> bool:
        with self._lock:
            now = time.monotonic()
            is_next = number == max(self._inside) and now - self._last_left >= _APART_SECONDS
            if waits and ((self._folder / "shut").exists() or not is_next):
                return False
            self._inside.remove(number)
            if waits:
                self._last_left = now
            return True
