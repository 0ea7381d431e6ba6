"""What the program asks of the machine: its cores, with threads that do not spin while they wait, work in the background, and
files that are either whole on the disk or not there at all, and that one process at a time writes."""

import ctypes
import errno
import getpass
import logging
import math
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final

from core.errors import BoneGradeError

try:
    import fcntl
except ImportError:  # Windows; a database's own locks still hold there, with longer waits
    fcntl = None  # type: ignore[assignment]

_log: Final = logging.getLogger(__name__)

_ROOT: Final = Path("/")
#: How many threads PyTorch (and what else uses OpenMP or OpenBLAS) and OpenCV start, unless they are told otherwise.
_THREADS: Final = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
#: How OpenMP's threads wait for the slowest of them, in words or (in GNU's, which PyTorch brings along) in turns of a loop.
_WAITING: Final = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")

#: mallopt's options by number (malloc.h): M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in bytes, and M_ARENA_MAX.
_MALLOC: Final = {-3: 1 << 20, -1: 1 << 20, -8: 2}
#: The first is the most that the C library accepts.
_KEEPING: Final = {-3: 32 << 20, -1: 1 << 30}
#: How long a thread may keep Python's lock while others wait for it.
_SWITCH_SECONDS: Final = 0.0002
#: A process that only checks whether a lock is held, see is_locked, holds it for a moment.
_TRIES: Final = 5
_BETWEEN_SECONDS: Final = 0.05


def user() -> str:
    """Who is at work on this machine; "me" where nobody has a name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "me"


def configure_threads(environment: MutableMapping[str, str] = os.environ) -> None:
    """Sets in the environment how many threads compute and how they wait, and how Python's take turns.

    What the user has set in the environment stands. The libraries read it once, when they are loaded, so `core` does this
    on being imported: import `core` before torch. Child processes inherit it.
    """
    # A network makes some thousand calls, after each of which its thread needs Python's lock again. Another thread that
    # computes in Python at the same time (an export, a table) releases the lock only when this time is over.
    sys.setswitchinterval(_SWITCH_SECONDS)
    _keep_little()
    # ONNX Runtime would write an id of this machine into the home folder and send word of each session.
    environment["ORT_DISABLE_TELEMETRY"] = "1"
    threads = str(cores())
    for variable in _THREADS:
        environment.setdefault(variable, threads)
    if not any(variable in environment for variable in _WAITING):
        # After each of the many short stretches that threads share, those that are done spin until the last one is. Where
        # something else occupies that one's core, spinning takes the time that it needs to finish.
        environment["OMP_WAIT_POLICY"] = "PASSIVE"


def _keep_little() -> None:
    """Makes the C library return at once the memory that films no longer need. Left to itself, GNU's raises the size from
    which it does so with every large block, up to 32 MiB, and keeps a film or two for each thread that ever read one."""
    for option, value in _MALLOC.items():
        _ask_allocator("mallopt", option, value)


def keep_freed() -> None:
    """Makes the C library keep what is freed, for a program that computes alone on its machine and then ends: each step of a
    training takes the same large blocks anew, and having the system clear them first took half of a step's time."""
    for option, value in _KEEPING.items():
        _ask_allocator("mallopt", option, value)


def give_back() -> None:
    """Returns unused pages to the system: those between blocks still in use, which the C library keeps. Takes some
    2 ms."""
    _ask_allocator("malloc_trim", 0)


def _ask_allocator(function: str, *values: int) -> None:
    """Calls a function of GNU's C library; does nothing with another one."""
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), function):
        getattr(library, function)(*values)


def cores(root: Path = _ROOT) -> int:
    """How many cores this process may use: those of its affinity, or fewer where a control group limits its time.

    root: the file system's, with /proc and /sys. A limit that is not a whole number of cores is rounded up.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([allowed, *(max(1, math.ceil(limit)) for limit in _limits(root))])


def _limits(root: Path) -> Iterator[float]:
    """Cores' worth of time that each control group around this process may use; groups without a limit are left out."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        # In a container the group's own folder may be out of sight; its limit then stands in the topmost one.
        groups = [folder.relative_to("/") for folder in (PurePosixPath(group), *PurePosixPath(group).parents)]
        if not controllers:
            yield from _second_version([root / "sys/fs/cgroup" / folder for folder in groups])
        elif "cpu" in controllers.split(","):
            yield from _first_version([root / "sys/fs/cgroup/cpu" / folder for folder in groups])


def _second_version(folders: list[Path]) -> Iterator[float]:
    for folder in folders:
        quota, period = _words(folder / "cpu.max", 2)
        if quota.isdigit():
            yield int(quota) / int(period)


def _first_version(folders: list[Path]) -> Iterator[float]:
    for folder in folders:
        (quota,), (period,) = _words(folder / "cpu.cfs_quota_us", 1), _words(folder / "cpu.cfs_period_us", 1)
        if quota.isdigit() and period.isdigit():
            yield int(quota) / int(period)


def _words(file: Path, count: int) -> list[str]:
    """The first words of a file, empty ones where it cannot be read or has fewer."""
    try:
        words = file.read_text().split()
    except OSError:
        words = []
    return [*words, *[""] * count][:count]


def keep_doing(work: Callable[[], object], every_seconds: float, name: str) -> threading.Thread:
    """Does the work now and after each pause, in a thread that ends with the program; returns it.

    A failure, such as a full disk or a restarting database, is logged under the name, and the next turn makes up for it.
    """

    def run() -> None:
        while True:
            try:
                work()
            except Exception:
                _log.exception("%s failed; it is tried again in %g seconds.", name, every_seconds)
            time.sleep(every_seconds)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def keep_private() -> None:
    """Makes this process create files and folders for its own user alone, whatever it was started with."""
    os.umask(0o077)


def now_in_utc() -> str:
    """This moment to the second, ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the program keeps what must outlive an upgrade: BONEGRADE_DATA, or else where programs keep a person's data on
    this kind of machine."""
    if environment.get("BONEGRADE_DATA"):
        return Path(environment["BONEGRADE_DATA"]).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return (base / "bonegrade").absolute()


def on_zero_gpu(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a Space on Hugging Face's ZeroGPU, which lends a GPU for the length of a call."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def served_port(environment: Mapping[str, str] = os.environ) -> int:
    """The port to serve on: PORT, 7860 if not set. Raises BoneGradeError if that is not a port number."""
    port = environment.get("PORT") or "7860"
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise BoneGradeError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    return int(port)


#: Error numbers of a disk without room, or on which nobody may write so much.
DISK_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, for this user alone, and waits until the disk has them."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def write_whole(path: Path, content: bytes, by_way_of: Path) -> None:
    """Writes a file, for this user alone, by way of a temporary one in another folder of the same disk; returns when the
    disk has it.

    An existing file of that name is replaced.
    """
    handle, name = tempfile.mkstemp(dir=by_way_of)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
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


def is_locked(path: Path, *, unsure: bool = False) -> bool:
    """Whether a living process holds the lock on a file, which is released when it dies; False without a file. unsure: what to
    answer where files cannot be locked, or this one cannot be looked at."""
    if fcntl is None:  # pragma: no cover - Windows
        return unsure
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError:
        return unsure
    return False


def take_lock(file: IO[bytes]) -> bool:
    """Locks a file for this process until it is closed, unless another process has it."""
    if fcntl is None:  # pragma: no cover - Windows
        return True
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_BETWEEN_SECONDS)
        else:
            return True
    return False


class WriterLock:
    """One writer at a time: threads wait for each other in the process, processes at a locked file.

    Waiters are woken as soon as the lock is free, where SQLite would have them sleep and try again; a process that dies
    releases it.
    """

    def __init__(self, path: Path):
        self._path = path
        self._threads = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock; not to be nested."""
        with self._threads, open(self._path, "ab", opener=_private) as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
