"""Writes the ledger at a revision as a dataset in a folder; the same revision and options always make the same bytes."""

import os
import shutil
import tempfile
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pyarrow as pa

from core.access.roles import Action, Reader, enforce
from core.dataset.exporting.datasheet import Facts, Tally, datasheet
from core.dataset.exporting.options import FORMATS, ExportOptions
from core.dataset.exporting.tables import CropsWriter, LabelsWriter
from core.dataset.exporting.zip_file import zipped
from core.dataset.formats import coco, csv_labels, pascal_voc, yolo
from core.dataset.labels import Label, LabelledFilm
from core.dataset.manifest import Manifest, SplitFacts, write_manifest
from core.dataset.snapshot import FilmSnapshot, Snapshot
from core.dataset.split import PARTS, Split, SplitPart
from core.errors import BoneGradeError
from core.intake.crop_shelf import CropShelf, KeptCrop
from core.ledger import Ledger

#: Number of films whose crops are read or cut ahead of the one being written.
_AHEAD: Final = 16

_Plain = csv_labels.Writer | coco.Writer | pascal_voc.Writer | yolo.Writer
FilmsWritten = Callable[[int], None]


class ExportRefused(BoneGradeError):
    """The dataset cannot be written where or as it was asked for; nothing was written."""


def export(
    ledger: Ledger,
    reader: Reader,
    target: Path,
    options: ExportOptions | None = None,
    progress: FilmsWritten = lambda films: None,
) -> Manifest:
    """Writes a dataset into the folder `target`, which must be new or empty, and returns its manifest.

    It is written next to the target and renamed when complete. reader: who asks for it. progress: called with the number of
    films written. Raises NotAllowed, ExportRefused, NothingToExport, or DamagedStore where a kept picture is missing or
    damaged.
    """
    enforce(reader, Action.EXPORT)
    options = options or ExportOptions()
    snapshot = Snapshot.of(ledger, options.revision, options.rule, options.reviewers, options.use)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise ExportRefused(f"{target} is there already and not empty: name a new folder for the export.")
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.parent / f".export-{uuid.uuid4().hex}"
        unfinished.mkdir()
        try:
            manifest = _write(snapshot, unfinished, options, progress)
            os.replace(unfinished, target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise _cannot_write(target, error) from error
    return manifest


def _cannot_write(target: Path, error: OSError) -> ExportRefused:
    return ExportRefused(
        f"The dataset cannot be written to {target} ({error.strerror or error}): choose another place or make room."
    )


def export_zip(
    ledger: Ledger,
    reader: Reader,
    target: Path,
    options: ExportOptions | None = None,
    progress: FilmsWritten = lambda films: None,
) -> Manifest:
    """Writes a dataset as one zip file, which appears when it is complete, and returns its manifest. Raises as `export`."""
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
            manifest = export(ledger, reader, Path(temporary) / "dataset", options, progress)
            zipped(Path(temporary) / "dataset", Path(temporary) / "dataset.zip")
            os.replace(Path(temporary) / "dataset.zip", target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    return manifest


def _write(snapshot: Snapshot, folder: Path, options: ExportOptions, progress: FilmsWritten) -> Manifest:
    split = Split.of(options.shares, snapshot.gold_films(), snapshot.near_copies())
    names = {name: name if options.reader_names else snapshot.ledger.reader_key(name) for name in snapshot.readers()}
    tally = Tally()
    with ExitStack() as stack:
        writers = _Writers(stack, snapshot, folder, options, names)
        for number, (found, crops) in enumerate(_with_crops(snapshot, "crops" in options.formats), 1):
            part = split.part(found.film)
            tally.add(found, part, names)
            tally.add_crops(part, crops.values())
            writers.add(found, part, crops)
            progress(number)
    _write_datasheet(snapshot, folder, options, tally)
    return write_manifest(folder, _made_from(snapshot, options, split, tally, names))


def _with_crops(snapshot: Snapshot, wanted: bool) -> Iterator[tuple[FilmSnapshot, dict[str, KeptCrop]]]:
    """The films with their crops, which several threads read or cut ahead, in the films' order."""
    if not wanted:
        yield from ((found, {}) for found in snapshot.films())
        return
    shelf = CropShelf(snapshot.ledger)
    waiting: deque[tuple[FilmSnapshot, Future[dict[str, KeptCrop]]]] = deque()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for found in snapshot.films():
                waiting.append((found, pool.submit(shelf.crops, found.film, found.prediction, found.reading)))
                if len(waiting) > _AHEAD:
                    first, crops = waiting.popleft()
                    yield first, crops.result()
            for first, crops in waiting:
                yield first, crops.result()
        finally:
            pool.shutdown(cancel_futures=True)


class _Writers:
    """The open files of one export."""

    def __init__(
        self, stack: ExitStack, snapshot: Snapshot, folder: Path, options: ExportOptions, names: dict[str, str]
    ):
        formats = options.formats
        self._ledger = snapshot.ledger
        self._tables: list[LabelsWriter] = []
        self._crops: list[CropsWriter] = []
        self._plain: dict[SplitPart, list[_Plain]] = {p: [] for p in PARTS}
        if "labels" in formats:
            table = LabelsWriter(folder / "labels", options.rule, snapshot.revision, names)
            self._tables.append(stack.enter_context(table))
        if "crops" in formats:
            self._crops.append(stack.enter_context(CropsWriter(folder / "crops")))
        if "csv" in formats:
            self._share(stack.enter_context(csv_labels.Writer(folder / "labels.csv")))
        if "voc" in formats:
            self._share(stack.enter_context(pascal_voc.Writer(folder / "voc")))
        if "yolo" in formats:
            self._share(stack.enter_context(yolo.Writer(folder / "yolo")))
        if "coco" in formats:
            (folder / "coco").mkdir()
            about = f"BoneGrade readings at revision {snapshot.revision}, rule {options.rule}"
            for part in PARTS:
                path = folder / "coco" / f"{part}.json"
                self._plain[part].append(stack.enter_context(coco.Writer(path, f"{about}, {part}")))
        self._films = folder / "films" if "films" in formats else None
        if self._films is not None:
            self._films.mkdir()

    def _share(self, writer: _Plain) -> None:
        for part in PARTS:
            self._plain[part].append(writer)

    def add(self, found: FilmSnapshot, part: SplitPart, crops: dict[str, KeptCrop]) -> None:
        """Appends a film to every file that it belongs in."""
        for table in self._tables:
            table.add(found, part)
        for pictures in self._crops:
            pictures.add(found, part, crops)
        if self._plain[part] and (found.words or found.stages):
            film = _labelled_film(found, part)
            for writer in self._plain[part]:
                writer.add(film)
        if self._films is not None and found.film.consent:
            # the whole file, once it is known to be the one that was kept
            self._ledger.radiograph(found.film)
            picture = self._ledger.picture_file(found.film)
            assert picture is not None
            shutil.copyfile(picture, self._films / _file_name(found))


def _labelled_film(found: FilmSnapshot, part: SplitPart) -> LabelledFilm:
    """A film's labels as label files have them: only what people said, so a bone that nobody boxed has no box."""
    film = found.film
    labels = tuple(
        Label(said.correction.bone, said.correction.verdict, said.correction.grade, said.correction.box)
        for said in found.words.values()
    )
    labels += tuple(
        Label(word.bone, None, None, word.box, stage=word.stage)
        for bone, word in found.stages.items()
        if bone not in found.words
    )
    return LabelledFilm(
        _file_name(found), labels, film.width, film.height, film.sha256, film.sex, film.age_months,
        film.patient_key or None, part, original_name=film.file_name,
    )  # fmt: skip


def _file_name(found: FilmSnapshot) -> str:
    return f"{found.film.sha256}.png"


def _write_datasheet(snapshot: Snapshot, folder: Path, options: ExportOptions, tally: Tally) -> None:
    tables = tuple(name for name in ("labels", "crops") if name in options.formats)
    facts = Facts(
        snapshot.revision, f"{snapshot.as_of:%Y-%m-%d}", options.rule, options.shares,
        tuple(name for name in tables if name == "labels" or tally.crops.total()),
        "films" in options.formats, options.reader_names, options.licence,
    )  # fmt: skip
    (folder / "README.md").write_text(datasheet(facts, tally), encoding="utf-8", newline="\n")


def _made_from(
    snapshot: Snapshot, options: ExportOptions, split: Split, tally: Tally, names: dict[str, str]
) -> Manifest:
    return Manifest(
        revision=snapshot.revision,
        as_of=snapshot.as_of.isoformat(),
        rule=options.rule,
        reviewers=tuple(sorted(names.get(name, name) for name in options.reviewers if name in names)),
        formats=tuple(name for name in FORMATS if name in options.formats),
        split=SplitFacts(
            shares=str(options.shares),
            by="SHA-256 of the patient key, of the film where there is none; films that look the same go with the first of "
            "them; patients with a gold film are in test",
            gold_patients=len(split.gold_keys),
            films={part: tally.films_of(part) for part in PARTS},
            patients={part: len(tally.patients[part]) for part in PARTS},
            crops={part: tally.crops[part] for part in PARTS},
        ),
        weights=tuple(tally.all_weights),
        # other versions may write the same data as different bytes
        written_with={"pyarrow": pa.__version__, "opencv": cv2.__version__, "numpy": np.__version__},
    )
