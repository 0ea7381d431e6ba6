"""One writer at a time: threads wait for each other in the process, processes at a locked file."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows; the database's own locks still hold there, with longer waits
    fcntl = None  # type: ignore[assignment]


class WriterLock:
    """Waiters are woken as soon as the lock is free, where SQLite would have them sleep and try again; a process that dies
    lets go of it."""

    def __init__(self, path: Path):
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock; not to be nested."""
        with self._threads, self._path.open("ab") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield
