"""Unpacks a zip of films into a private folder; trusts nothing that the zip says about itself."""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from core.film.greys import MAX_BYTES
from core.intake.errors import BatchRefused, BatchTooLarge

#: Whether the content of a file of this name is needed.
Wanted = Callable[[PurePosixPath], bool]

_CHUNK: Final = 1 << 20
#: Bytes of a zip's list of files for each file: more than long names and all the attributes that systems store take.
_DIRECTORY_BYTES: Final = 512
#: The compressions that are unpacked. With bzip2 and LZMA, zipfile unpacks all that it has read at once, before anybody
#: can count it: 2 kB become gigabytes of memory.
_KNOWN_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_DAMAGED: Final = "The zip is damaged or cut short: make it again and send it once more."


@dataclass(frozen=True)
class Limits:
    """What one batch may hold. files: in all. total_bytes: unpacked, in all. file_bytes: of one file of a zip. ratio:
    unpacked bytes for each byte of the zip, checked from `ratio_from_bytes` on; the grey values of real films stay below
    20."""

    files: int = 5000
    total_bytes: int = 4 * 10**9
    file_bytes: int = MAX_BYTES
    ratio: float = 200.0
    ratio_from_bytes: int = 50 * 10**6


@dataclass(frozen=True)
class Member:
    """A file of a batch. name: with its folders, for matching alone. path: where its content is, None if it was not
    unpacked, such as a file that cannot be a film."""

    name: PurePosixPath
    path: Path | None


class Unpacker:
    """Unpacks zips under numbers into one folder, under limits for all of them together."""

    def __init__(self, folder: Path, limits: Limits):
        self._folder = folder
        self._limits = limits
        self._unpacked_bytes = 0
        self._files = 0
        self._written = 0

    def unpack(self, source: Path, wanted: Wanted) -> list[Member]:
        """Every file of the zip; those that are `wanted` are unpacked and proven whole.

        Raises BatchTooLarge where there is more in it than the limits allow, and BatchRefused where the zip is damaged,
        encrypted, or has a path that leads out of it.
        """
        try:
            self._check_directory(source)
            with zipfile.ZipFile(source) as archive:
                members = [(info, _checked_name(info)) for info in archive.infolist() if not info.is_dir()]
                self._count(len(members))
                return list(self._unpack_all(archive, source.stat().st_size, members, wanted))
        except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, UnicodeError) as error:
            raise BatchRefused(_DAMAGED) from error
        except (NotImplementedError, RuntimeError) as error:
            raise BatchRefused(
                "The zip is packed in a way that cannot be read here: make an ordinary zip without a password."
            ) from error
        except OSError as error:
            raise BatchRefused(
                "The zip cannot be unpacked: it is damaged, or the server's disk is full. Try again with fewer films."
            ) from error

    def _check_directory(self, source: Path) -> None:
        """Raises BatchRefused for a zip whose list of files would fill the memory: zipfile reads the whole list, at the
        length that the zip itself states, before anybody can count what is in it."""
        with source.open("rb") as file:
            # What zipfile itself believes; another reader of the same bytes might find another list.
            end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
        if end is not None and end[zipfile._ECD_SIZE] > self._limits.files * _DIRECTORY_BYTES:  # type: ignore[attr-defined]
            self._count(self._limits.files + 1)

    def _count(self, files: int) -> None:
        self._files += files
        if self._files > self._limits.files:
            raise BatchTooLarge(f"There are more than {self._limits.files} files: send the films in several parts.")

    def _unpack_all(
        self,
        archive: zipfile.ZipFile,
        packed_bytes: int,
        members: list[tuple[zipfile.ZipInfo, PurePosixPath]],
        wanted: Wanted,
    ) -> Iterator[Member]:
        unpacked = 0
        for info, name in members:
            path = None
            if wanted(name):
                self._written += 1
                path = self._folder / f"{self._written:06d}"
                unpacked += self._unpack_one(archive, info, path, packed_bytes, unpacked)
            yield Member(name, path)

    def _unpack_one(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, packed_bytes: int, before: int
    ) -> int:
        """Unpacks one file, counting its bytes as they come, and returns their number."""
        size = 0
        with archive.open(info) as packed, path.open("xb") as file:
            while chunk := packed.read(_CHUNK):
                size += len(chunk)
                self._unpacked_bytes += len(chunk)
                self._check_sizes(size, before + size, packed_bytes)
                file.write(chunk)
        return size

    def _check_sizes(self, file_bytes: int, zip_bytes: int, packed_bytes: int) -> None:
        bomb = zip_bytes > max(self._limits.ratio_from_bytes, self._limits.ratio * packed_bytes)
        if bomb or self._unpacked_bytes > self._limits.total_bytes:
            raise BatchTooLarge("The zip unpacks to far more than films need: send the films in several smaller zips.")
        if file_bytes > self._limits.file_bytes:
            raise BatchTooLarge(
                f"The zip holds a file of more than {self._limits.file_bytes // 10**6} MB: leave it out and send the zip again."
            )


def _checked_name(info: zipfile.ZipInfo) -> PurePosixPath:
    """The member's name, with folders separated by "/". Raises BatchRefused where it leads out of the zip or is a link."""
    if info.flag_bits & 0x1:
        raise BatchRefused("The zip is encrypted: make it again without a password.")
    if info.compress_type not in _KNOWN_COMPRESSIONS:
        raise NotImplementedError
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BatchRefused("The zip holds a link to another file: make it again with the films themselves.")
    name = PurePosixPath(info.orig_filename.replace("\\", "/"))
    drive = bool(name.parts) and ":" in name.parts[0]
    if not name.parts or name.is_absolute() or drive or ".." in name.parts:
        raise BatchRefused("The zip holds a path outside itself, so nothing was unpacked: make it again.")
    return name
