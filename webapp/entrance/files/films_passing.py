"""Which of the files that pass through hold which film, so that those of an erased film are removed at once."""

import shutil
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gradio.utils import get_upload_folder

from core.errors import BoneGradeError
from core.intake import FilmFile, SentFile
from core.keeping.lately_erased import Erased

ERASED: Final = (
    "This film was erased after it was sent here, so nothing of it is kept or shown: send another one, or this one "
    "again if there is new consent."
)
#: Number of folders beyond which those that are gone are forgotten.
_MANY: Final = 10_000


class FilmErased(BoneGradeError):
    """What is asked for belonged to a film that was erased after it arrived."""

    def __init__(self) -> None:
        super().__init__(ERASED)


@dataclass
class _Held:
    """What is in a folder. since: when it, or the film it was made from, arrived. films: SHA-256 of their pixels."""

    since: datetime
    films: set[str] = field(default_factory=set)


class FilmsPassing:
    """Each file is in a folder of its own, named after its content; what is sent again goes into the same one.

    Which film a file holds is known once it has been read; one that nobody reads is removed when it is old enough. Thread-safe.
    """

    def __init__(self) -> None:
        self._folders: dict[str, _Held] = {}
        self._erased: set[str] = set()
        self._lock = threading.Lock()

    def came(self, folder: str) -> None:
        """A file was sent, and will be in the folder of this name."""
        with self._lock:
            self._at(folder).since = datetime.now(UTC)

    def since(self, path: str | Path) -> datetime:
        """When a file was last sent; now, for one that was not sent, such as an example."""
        with self._lock:
            held = self._folders.get(Path(path).parent.name)
            return datetime.now(UTC) if held is None or not _passes(path) else held.since

    def holds(self, path: str | Path, films: Iterable[str], since: datetime) -> None:
        """Records that a file has films (SHA-256 of their pixels), or something made from them. since: when these arrived."""
        if _passes(path):
            with self._lock:
                folder = Path(path).parent.name
                is_new = folder not in self._folders
                held = self._at(folder)
                held.since = since if is_new else max(held.since, since)
                held.films.update(films)

    def batch_holds(self, sent: Collection[SentFile], file: FilmFile, sha256: str) -> None:
        """As `holds`, for a film of a batch that was sent; a zip holds every film that was not sent on its own."""
        alone = any(one.path == file.path for one in sent)
        for path in [file.path] if alone else [one.path for one in sent if one.path.suffix.lower() == ".zip"]:
            self.holds(path, [sha256], self.since(path))

    def remove(self, erased: Erased) -> None:
        """Removes files with films that were erased after they arrived."""
        with self._lock:
            for name, held in list(self._folders.items()):
                if any(erased.since(sha256, held.since) for sha256 in held.films):
                    shutil.rmtree(Path(get_upload_folder()) / name, ignore_errors=True)
                    del self._folders[name]
                    self._erased.add(name)

    def was_erased(self, path: str | Path) -> bool:
        """Whether a file was removed with its film, and was not sent again."""
        return Path(path).parent.name in self._erased and not Path(path).exists()

    def check(self, sent: Iterable[SentFile]) -> None:
        """Raises FilmErased where a file was removed with its film: see `was_erased`."""
        if any(self.was_erased(one.path) for one in sent):
            raise FilmErased

    def _at(self, folder: str) -> _Held:
        if len(self._folders) > _MANY:
            passing = Path(get_upload_folder())
            self._folders = {name: one for name, one in self._folders.items() if (passing / name).exists()}
        if len(self._erased) > _MANY:
            self._erased.clear()
        return self._folders.setdefault(folder, _Held(datetime.now(UTC)))


def _passes(path: str | Path) -> bool:
    return Path(get_upload_folder()) == Path(path).parent.parent


FILMS_PASSING: Final = FilmsPassing()
