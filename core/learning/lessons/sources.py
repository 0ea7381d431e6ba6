"""What there is to learn from: films with their crops, their readers' grades and boxes, from an export or the ledger.

Both give the same films in the same way, one after the other, so that memory does not grow with their number.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.bones import RUS_BONES, Sex
from core.dataset import manifest as manifests
from core.dataset.exporting.zip_file import unzipped
from core.dataset.snapshot import FilmSnapshot, Snapshot
from core.dataset.split import PARTS, Shares, Split, SplitPart, split_key
from core.film.box import Box
from core.hand.localization import Localization
from core.intake.crop_shelf import CropShelf
from core.learning.errors import LessonsRefused
from core.ledger import FilmRecord, Ledger
from core.standards import grade_count

_CROPS_AT_ONCE: Final = 260
_LABELS_AT_ONCE: Final = 13 * 100
#: Overlap (intersection over union) from which a person's box counts as the model's, left where it was.
_SAME: Final = 0.9


@dataclass(frozen=True)
class LessonFilm:
    """One film and what is said of it.

    name: SHA-256 of its pixels. key: tells patients apart. part: of the split. age_months: chronological, None if not known.
    crops: PNG files by bone. votes: by bone with a crop, the grades that readers gave it, 0 for absent; a bone without votes is
    not graded. boxes: people's, by bone, in the film's pixels. moved: one of them is not the model's own. picture: file of the
    film's pixels, None where they are not available. localization: where the model found the hand, None if that is not
    available.
    """

    name: str
    key: str
    part: SplitPart
    sex: Sex
    age_months: float | None
    crops: Mapping[str, bytes]
    votes: Mapping[str, tuple[int, ...]]
    boxes: Mapping[str, Box]
    moved: bool
    picture: Path | None
    localization: Localization | None


@dataclass(frozen=True)
class Origin:
    """Where lessons come from, as a run folder records it so that the run can be repeated. manifest_sha256: None
    without an export."""

    ledger_revision: int
    rule: str
    manifest_sha256: str | None


class Lessons(Protocol):
    """A source of films."""

    @property
    def origin(self) -> Origin: ...

    def films(self) -> Iterator[LessonFilm]:
        """Yields the films, always in the same order."""
        ...


class ExportLessons:
    """The films of an export. called: the path by which the caller knows it, if not the folder's.

    Raises core.dataset.manifest.DamagedDataset where it is not as it was written, and LessonsRefused where it lacks what is to
    be learned. `films` raises LessonsRefused for bones and grades other than RUS-CHN's, and for tables of another kind.
    """

    def __init__(self, folder: Path, called: Path | None = None):
        self._folder, self._called = folder, called or folder
        manifest = manifests.check_files(folder, self._called)
        if manifest.format_version != manifests.FORMAT_VERSION:
            raise LessonsRefused(
                f"{self._called} was written by another version of BoneGrade: export the ledger again."
            )
        content = (folder / manifests.NAME).read_bytes()
        self.origin = Origin(manifest.revision, manifest.rule, hashlib.sha256(content).hexdigest())
        lacking = {"labels", "crops"} - set(manifest.formats)
        if lacking:
            raise LessonsRefused(
                f"{self._called} has no {' and no '.join(sorted(lacking))}: export with --format labels --format crops."
            )

    @classmethod
    def of_zip(cls, archive: Path, place: Path) -> Self:
        """Reads an export that is one zip, which is unpacked into `place`; it stays there until the caller removes it."""
        return cls(unzipped(archive, place), archive)

    def films(self) -> Iterator[LessonFilm]:
        """Yields the films on which somebody's word stands."""
        try:
            yield from self._films()
        except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
            raise LessonsRefused(
                f"The tables of {self._called} are not as an export has them: export the ledger again."
            ) from error

    def _films(self) -> Iterator[LessonFilm]:
        for part in PARTS:
            pictures = _films_of(sorted((self._folder / "crops").glob(f"{part}-*.parquet")), _CROPS_AT_ONCE)
            waiting = next(pictures, None)
            for name, rows in _films_of(sorted((self._folder / "labels").glob(f"{part}.parquet")), _LABELS_AT_ONCE):
                crops: dict[str, bytes] = {}
                if waiting is not None and waiting[0] == name:
                    crops = {row["bone"]: row["image"]["bytes"] for row in waiting[1]}
                    waiting = next(pictures, None)
                yield self._film(part, name, rows, crops)

    def _film(
        self, part: SplitPart, name: str, rows: Sequence[Mapping[str, Any]], crops: Mapping[str, bytes]
    ) -> LessonFilm:
        bones = {row["bone"] for row in rows} | set(crops)
        if bones != set(RUS_BONES):
            foreign = ", ".join(sorted(bones - set(RUS_BONES))) or "fewer than 13"
            raise LessonsRefused(
                f"{self._called} is of another set of bones ({foreign}): the model reads the 13 of RUS; export from its ledger."
            )
        votes, boxes, moved = {}, {}, False
        for row in rows:
            bone = row["bone"]
            if row["grade"] is not None and bone in crops:
                given = (row["grade"],) if self.origin.rule == "reviewer_first" else tuple(row["votes"])
                votes[bone] = _checked(self._called, bone, given or (row["grade"],))
            box, predicted = _box(row, ""), _box(row, "prediction_")
            if box is not None:
                boxes[bone] = box
                moved = moved or _is_own(box, predicted)
        first = rows[0]
        picture = self._folder / "films" / f"{name}.png"
        return LessonFilm(
            name, first["patient_key"] or name, part, first["sex"], first["age_months"], crops, votes, boxes, moved,
            picture if picture.is_file() else None, None,
        )  # fmt: skip


def _box(row: Mapping[str, Any], prefix: str) -> Box | None:
    edges = [row[prefix + edge] for edge in ("xmin", "ymin", "xmax", "ymax")]
    return None if edges[0] is None else Box(*edges)


def _is_own(box: Box, predicted: Box | None) -> bool:
    """Returns whether a person moved or drew the box: the page rounds the model's to whole pixels and clips it at the film's
    edges."""
    return predicted is None or box.iou(predicted) < _SAME


def _checked(called: Path, bone: str, grades: tuple[int, ...]) -> tuple[int, ...]:
    if not all(0 <= grade <= grade_count(bone) for grade in grades):
        raise LessonsRefused(
            f"{called} has grades of another standard: {bone} has the grades 0 to {grade_count(bone)}."
        )
    return grades


def _films_of(files: Sequence[Path], rows_at_once: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yields the rows of tables that are sorted by film, film by film."""

    def rows() -> Iterator[dict[str, Any]]:
        for file in files:
            with pq.ParquetFile(file) as table:
                for batch in table.iter_batches(rows_at_once):
                    yield from batch.to_pylist()

    for film, some in groupby(rows(), key=lambda row: str(row["film"])):
        yield film, list(some)


class LedgerLessons:
    """The films of a ledger at a revision: those on which somebody's word stands, then those with an age that nobody read.

    The latest reader's word counts. Raises core.dataset.snapshot.NothingToExport where nobody said anything.
    """

    def __init__(self, ledger: Ledger, revision: int | None = None):
        self._snapshot = Snapshot.of(ledger, revision)
        self.origin = Origin(self._snapshot.revision, self._snapshot.rule, None)
        self._shelf = CropShelf(ledger)

    def films(self) -> Iterator[LessonFilm]:
        """Yields the films; raises core.ledger.DamagedStore where a kept picture is missing or damaged."""
        split = Split.of(Shares(), self._snapshot.gold_films(), self._snapshot.near_copies())
        now = datetime.now(UTC)
        spoken = set()
        for found in self._snapshot.films():
            spoken.add(found.film.id)
            yield self._read(found, split.part(found.film))
        for film in self._snapshot.ledger.films():
            if film.id in spoken or (film.consent and not film.allows("train", now)):
                continue
            if film.age_months is not None and film.added_at <= self._snapshot.as_of:
                yield self._unread(film, split.part(film))

    def _read(self, found: FilmSnapshot, part: SplitPart) -> LessonFilm:
        film, prediction = found.film, found.prediction
        read = {bone: crop.png for bone, crop in self._shelf.crops(film, prediction, found.reading).items()}
        votes = {bone: found.votes.get(bone) or (found.reading[bone].grade or 0,) for bone in read}
        unread: dict[str, bytes] = {}
        if prediction is not None and film.age_months is not None:
            unread = {b: png for b, png in self._shelf.fill(film, prediction).items() if b not in found.reading}
        boxes = {bone: said.box for bone, said in found.reading.items() if said.box is not None}
        regions = () if prediction is None or prediction.localization is None else prediction.localization.regions
        predicted = {region.bone: region.box for region in regions if region.status == "found"}
        moved = any(_is_own(box, predicted.get(bone)) for bone, box in boxes.items())
        lesson = self._of(film, part, unread | read, None if prediction is None else prediction.localization)
        return replace(lesson, votes=votes, boxes=boxes, moved=moved)

    def _unread(self, film: FilmRecord, part: SplitPart) -> LessonFilm:
        prediction = self._snapshot.ledger.prediction(film.id)
        crops = {} if prediction is None else self._shelf.fill(film, prediction)
        return self._of(film, part, crops, None if prediction is None else prediction.localization)

    def _of(
        self, film: FilmRecord, part: SplitPart, crops: Mapping[str, bytes], found: Localization | None
    ) -> LessonFilm:
        picture = self._snapshot.ledger.picture_file(film)
        return LessonFilm(
            film.sha256, split_key(film), part, film.sex, film.age_months, crops, {}, {}, False, picture, found
        )
