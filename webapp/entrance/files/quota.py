"""How much may be sent here within a period, by one client and by all: nobody fills the disk, or takes the others' room."""

import shutil
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.errors import BoneGradeError

_TOO_BIG: Final = "This is more than may be sent from one place within an hour ({} MB): send fewer or smaller files."
_TOO_MANY: Final = (
    "These are more files than may be sent from one place within an hour ({}): send fewer, or a zip of them."
)
_ADDRESS_FULL: Final = (
    "Too much was sent from your address within the last hour: try again in a little over an hour. Those who are signed in "
    "may send more."
)
_PERSON_FULL: Final = (
    "You have sent as much as one person may within an hour ({} files or {} GB): send the rest in a little over an hour, and "
    "fewer files at a time."
)
_ALL_FULL: Final = (
    "So much was sent within the last hour that there is no room at the moment: try again in a little over an hour. Those who "
    "are signed in go first."
)
_NO_ROOM: Final = "The server's disk is nearly full, so nothing can be sent to it: tell whoever runs it."

_MANY_REQUESTS, _TOO_LARGE, _NO_STORAGE = 429, 413, 507
#: What the smallest file takes on a disk.
_BYTES_OF_A_FILE: Final = 4096


class UploadRefused(BoneGradeError):
    """There is no room for what is being sent; none of it is kept. status: the answer's HTTP status."""

    def __init__(self, sentence: str, status: int):
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Room:
    """How much one client may send within the time for which it is kept."""

    files: int
    bytes: int


@dataclass(frozen=True)
class UploadLimits:
    """Limits on what is sent within `seconds`. address: for a client not known by name; person: for one who is. addresses:
    bytes for all who are not known, which leaves the rest of `all` to those who are. all: bytes for everybody. free: bytes of
    the disk that must stay free; twice as many for those who are not known."""

    seconds: float
    address: Room = Room(1000, 1 << 30)
    person: Room = Room(20_000, 16 << 30)
    addresses: int = 8 << 30
    all: int = 32 << 30
    free: int = 512 << 20


@dataclass(eq=False)
class Upload:
    """One request that sends files. files, bytes: so far. ended: when all of it was there."""

    client: str
    known: bool
    files: int = 0
    bytes: int = 0
    ended: float = 0.0


def _free_bytes() -> int:
    return shutil.disk_usage(tempfile.gettempdir()).free


class Quota:
    """Counts what is sent while it arrives. For one thread only, that of the server's event loop."""

    def __init__(
        self,
        limits: UploadLimits,
        clock: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[], int] = _free_bytes,
    ):
        """clock: in seconds. free_bytes: of the disk that the files are on."""
        self._limits = limits
        self._clock = clock
        self._free_bytes = free_bytes
        self._files: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._all: Counter[bool] = Counter()
        self._kept: deque[Upload] = deque()

    def begin(self, client: str, *, known: bool, announced: int) -> Upload:
        """Begins a request that is to be read. known: the client is a person or a program with a name. announced: bytes, as the
        request says. Raises UploadRefused where there is no room for them."""
        upload = Upload(client, known)
        self._check(upload, 1, announced)
        return upload

    def add(self, upload: Upload, *, files: int = 0, size: int = 0) -> None:
        """Counts more of it, which is about to be written. Raises UploadRefused where there is no room for it."""
        size += files * _BYTES_OF_A_FILE
        self._check(upload, files, size)
        self._count(upload, files, size)

    def end(self, upload: Upload, *, kept: bool) -> None:
        """Ends the request. kept: its files stay; else they are gone."""
        if kept:
            upload.ended = self._clock()
            self._kept.append(upload)
        else:
            self._count(upload, -upload.files, -upload.bytes)

    def _check(self, upload: Upload, files: int, size: int) -> None:
        self._forget_old()
        limits = self._limits
        room = limits.person if upload.known else limits.address
        if upload.bytes + size > room.bytes:
            raise UploadRefused(_TOO_BIG.format(room.bytes >> 20), _TOO_LARGE)
        if upload.files + files > room.files:
            raise UploadRefused(_TOO_MANY.format(room.files), _TOO_LARGE)
        if self._bytes[upload.client] + size > room.bytes or self._files[upload.client] + files > room.files:
            person_full = _PERSON_FULL.format(room.files, room.bytes >> 30)
            raise UploadRefused(person_full if upload.known else _ADDRESS_FULL, _MANY_REQUESTS)
        if self._all.total() + size > limits.all or (not upload.known and self._all[False] + size > limits.addresses):
            raise UploadRefused(_ALL_FULL, _MANY_REQUESTS)
        if self._free_bytes() - size < limits.free * (1 if upload.known else 2):
            raise UploadRefused(_NO_ROOM, _NO_STORAGE)

    def _count(self, upload: Upload, files: int, size: int) -> None:
        upload.files += files
        upload.bytes += size
        self._all[upload.known] += size
        for held, more in ((self._files, files), (self._bytes, size)):
            held[upload.client] += more
            if not held[upload.client]:
                del held[upload.client]

    def _forget_old(self) -> None:
        """Forgets what was sent so long ago that it is no longer there."""
        while self._kept and self._clock() - self._kept[0].ended >= self._limits.seconds:
            upload = self._kept.popleft()
            self._count(upload, -upload.files, -upload.bytes)
