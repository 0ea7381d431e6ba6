"""A list in one JSON file of the data folder, an object by key, which several processes may read and change."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.errors import BoneGradeError
from core.machine import WriterLock, make_folder, write_whole

Entry = TypeVar("Entry")


class ListFile(Generic[Entry]):
    """A file of entries. It is read afresh each time, so that a change takes effect at once."""

    def __init__(
        self,
        path: Path,
        to_row: Callable[[Entry], dict[str, Any]],
        from_row: Callable[[str, Any], Entry],
        damaged: Callable[[Path], BoneGradeError],
    ):
        """to_row, from_row: convert an entry to and from JSON. from_row is given the key too, and raises ValueError, KeyError,
        TypeError or AttributeError for a row that is not an entry. damaged: what to raise for a file that cannot be
        read, given its path."""
        self._path = path
        self._to_row, self._from_row, self._damaged = to_row, from_row, damaged
        self._lock = WriterLock(path.with_suffix(".lock"))

    def read(self) -> dict[str, Entry]:
        """The entries; none without a file. Raises the list's own error where the file cannot be read."""
        try:
            rows: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            return {key: self._from_row(key, row) for key, row in rows.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(self._path) from error

    @contextmanager
    def changed(self) -> Iterator[dict[str, Entry]]:
        """The entries to change, by one process at a time; written when the block ends, and only if it ends without an
        error."""
        make_folder(self._path.parent)
        with self._lock.held():
            entries = self.read()
            yield entries
            rows = {key: self._to_row(entry) for key, entry in sorted(entries.items())}
            content = json.dumps(rows, indent=1).encode() + b"\n"
            write_whole(self._path, content, by_way_of=self._path.parent)
