"""Files that are either whole on the disk or not there at all, and that one process at a time writes."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows; a database's own locks still hold there, with longer waits
    fcntl = None  # type: ignore[assignment]


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, and waits until the disk has them."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_whole(path: Path, content: bytes, by_way_of: Path, mode: int = 0o644) -> None:
    """Writes a file by way of a temporary one in another folder of the same disk; returns when the disk has it.

    A file of the name that is there already is replaced.
    """
    handle, name = tempfile.mkstemp(dir=by_way_of)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the folder's list of files."""
    if os.name == "nt":  # a folder cannot be opened there, and renames are journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class WriterLock:
    """One writer at a time: threads wait for each other in the process, processes at a locked file.

    Waiters are woken as soon as the lock is free, where SQLite would have them sleep and try again; a process that dies
    lets go of it.
    """

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
