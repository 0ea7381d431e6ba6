"""The results of a batch on the disk: parts while it runs, one file of films and one of failures when it is done.

Each part is on the disk whole or not at all, so that a run that is stopped loses at most the rows of the last part.
"""

import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from core.batch.films import BatchFilm
from core.batch.rows import FAILURES, FILMS, ResultRow
from core.errors import BoneGradeError
from core.machine import WriterLock, make_folder, write_whole

_SCHEMAS: Final = {"films": FILMS, "failures": FAILURES}
_COMPRESSION: Final = "zstd"
_OF_A_FILM: Final = [field.name for field in fields(BatchFilm)]

#: A part is written when it has this many rows, or when this many seconds have passed since the last.
_ROWS_A_PART: Final = 1000
_SECONDS_A_PART: Final = 20.0
_ROWS_A_GROUP: Final = 1000


class BatchResults:
    """`films.parquet` and `failures.parquet` of one folder. Open it with `opened`, which only one process at a time may do."""

    def __init__(self, folder: Path, weights: str):
        """weights: of the networks in use, as rows.weights_text writes them."""
        self._folder = folder
        self._weights = weights
        self._waiting: dict[str, list[ResultRow]] = {kind: [] for kind in _SCHEMAS}
        self._written_at = time.monotonic()
        self.counts = dict.fromkeys(_SCHEMAS, 0)
        self._done: dict[str, BatchFilm] = {}

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, weights: str) -> Iterator[Self]:
        """The results of a folder, made if need be; however the work ends, what was added is kept.

        Raises BoneGradeError where the folder has results of other weights, or files that cannot be read.
        """
        make_folder(folder)
        with WriterLock(folder / ".lock").held():
            results = cls(folder, weights)
            results._take_up()
            try:
                yield results
            finally:
                results._write()

    def missing(self, films: Sequence[BatchFilm]) -> list[BatchFilm]:
        """The films that have no row yet. Raises BoneGradeError where a film had another path, sex or hand when it was
        done."""
        for film in films:
            if self._done.get(film.id, film) != film:
                raise BoneGradeError(
                    f"Film {film.id} has another path, sex or hand to read than when it was done: choose another folder for "
                    "the results."
                )
        return [film for film in films if film.id not in self._done]

    def add(self, row: ResultRow) -> None:
        """Adds a row. Raises BoneGradeError where it was made by other weights, as on a machine with another release."""
        if row["weights"] != self._weights:
            raise BoneGradeError("A worker has other weights than this machine: give all machines the same BoneGrade.")
        kind = "failures" if "reason" in row else "films"
        self._waiting[kind].append(row)
        self._note(kind, row)
        waiting = sum(map(len, self._waiting.values()))
        if waiting >= _ROWS_A_PART or time.monotonic() - self._written_at > _SECONDS_A_PART:
            self._write()

    def finish(self) -> None:
        """Makes one file of all films and one of all failures, in place of the parts."""
        self._write()
        for kind, schema in _SCHEMAS.items():
            parts, whole = self._parts(kind), self._whole(kind)
            if not parts and whole.exists():
                continue
            with tempfile.TemporaryDirectory(dir=self._folder, prefix=".merging-") as scratch:
                _merge([file for file in (whole, *parts) if file.exists()], schema, Path(scratch) / "0.parquet")
                (Path(scratch) / "0.parquet").replace(whole)
            for part in parts:
                part.unlink()

    def _take_up(self) -> None:
        """Reads which films are done already."""
        for kind in _SCHEMAS:
            self._note_all(kind, self._whole(kind))
            for part in self._parts(kind):
                if not self._note_all(kind, part):
                    part.unlink()  # it is in the whole file already: a run ended between the two

    def _note_all(self, kind: str, file: Path) -> bool:
        """Notes a file's films as done; returns False where they were noted before."""
        if not file.exists():
            return False
        try:
            rows = pq.read_table(file, columns=[*_OF_A_FILM, "weights"]).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise BoneGradeError(
                f"{file} cannot be read: remove it from the folder, and its films will be assessed again."
            ) from error
        if any(row["weights"] != self._weights for row in rows):
            raise BoneGradeError(
                f"{self._folder} has results of other weights: choose another folder, so that two models are not mixed."
            )
        if rows and rows[0]["id"] in self._done:
            return False
        for row in rows:
            self._note(kind, row)
        return True

    def _note(self, kind: str, row: ResultRow) -> None:
        film = BatchFilm(**{name: row[name] for name in _OF_A_FILM})
        self._done[film.id] = film
        self.counts[kind] += 1

    def _write(self) -> None:
        for kind, rows in self._waiting.items():
            if rows:
                sink = pa.BufferOutputStream()
                pq.write_table(pa.Table.from_pylist(rows, _SCHEMAS[kind]), sink, compression=_COMPRESSION)
                make_folder(self._folder / "parts")
                part = self._folder / "parts" / f"{kind}-{uuid.uuid4().hex}.parquet"
                write_whole(part, sink.getvalue().to_pybytes(), self._folder)
                rows.clear()
        self._written_at = time.monotonic()

    def _whole(self, kind: str) -> Path:
        return self._folder / f"{kind}.parquet"

    def _parts(self, kind: str) -> list[Path]:
        return sorted((self._folder / "parts").glob(f"{kind}-*.parquet"))


def _merge(files: Sequence[Path], schema: pa.Schema, into: Path) -> None:
    """Writes the rows of all files into one, without ever holding them all in memory; without files, an empty one."""
    if not files:
        pq.write_table(schema.empty_table(), into)
        return
    ds.write_dataset(
        ds.dataset([str(file) for file in files], schema),
        into.parent,
        format="parquet",
        basename_template=f"{{i}}{into.suffix}",
        file_options=ds.ParquetFileFormat().make_write_options(compression=_COMPRESSION),
        min_rows_per_group=_ROWS_A_GROUP,
        max_rows_per_group=_ROWS_A_GROUP,
        existing_data_behavior="overwrite_or_ignore",
    )
