"""The pixels of films whose uploader consented: 16-bit grey PNG files, named by the SHA-256 of their content."""

import hashlib
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from core.film.greys import grey_of_samples
from core.film.radiograph import Radiograph
from core.ledger.errors import DamagedStore
from core.ledger.records import FilmRecord
from core.machine import make_folder, sync_folder, write_whole

#: A temporary file this old (seconds) was left by a process that died, and is removed.
_LEFT_BEHIND = 3600.0
#: zlib's level: beyond it films shrink little further, and take several times as long.
_COMPRESSION = 3


class PictureFolder:
    """Files `pictures/ab/cd/abcd....png`: grey values alone, no metadata."""

    def __init__(self, folder: Path):
        self.folder = folder / "pictures"
        self.incoming = folder / "incoming"
        make_folder(self.folder)
        make_folder(self.incoming)
        self._remove_left_behind()

    def path(self, sha256: str) -> Path:
        """The path of the picture of that name."""
        return self.folder / sha256[:2] / sha256[2:4] / f"{sha256}.png"

    def keep(self, radiograph: Radiograph) -> str:
        """Stores the grey values, rounded to 65536 levels (films of 8 or 16 bits lose nothing).

        Returns the file's SHA-256 once the disk has the whole file. Raises DamagedStore where it cannot be written.
        """
        levels = np.round(radiograph.pixels * np.float32(65535)).astype(np.uint16)
        done, encoded = cv2.imencode(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION])
        if not done:
            raise DamagedStore("The film's picture could not be written: add the film again.")
        content = encoded.tobytes()
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        try:
            make_folder(path.parent)
            write_whole(path, content, by_way_of=self.incoming)
        except OSError as error:
            raise DamagedStore(
                "The film's picture could not be written: see that the data folder's disk has room, then add the film again."
            ) from error
        return sha256

    def remove(self, sha256: str) -> None:
        """Removes the picture of that name, if it is there, and waits until the removal is on disk."""
        path = self.path(sha256)
        if path.exists():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def radiograph(self, film: FilmRecord) -> Radiograph | None:
        """The film as it was kept, under the hash that names it in the ledger; None where it was not kept.

        Raises DamagedStore where the file is missing or is not what was stored.
        """
        if film.picture is None:
            return None
        try:
            content = self.path(film.picture).read_bytes()
        except OSError:
            raise DamagedStore(
                f"The picture of film {film.id} is missing from the data folder: restore the folder from its backup."
            ) from None
        if hashlib.sha256(content).hexdigest() != film.picture:
            raise DamagedStore(
                f"The picture of film {film.id} was changed since it was kept: restore the folder from its backup."
            )
        levels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        return Radiograph(grey_of_samples(np.asarray(levels), 65535), film.spacing_mm, film.laterality, film.sha256)

    def _remove_left_behind(self) -> None:
        for temporary in self.incoming.iterdir():
            # Another process may just have renamed its own.
            with suppress(FileNotFoundError):
                if temporary.stat().st_mtime < time.time() - _LEFT_BEHIND:
                    temporary.unlink()
