"""The Parquet tables of an export: labels, one row per film and bone, and crops with their pictures."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from core.bones import RUS_BONES
from core.dataset.snapshot import FilmSnapshot
from core.dataset.split import SplitPart
from core.film.box import Box
from core.intake.crop_shelf import KeptCrop
from core.ledger import Correction, LabelRule, PredictionRecord
from core.standards import grade_label

#: Rows in one row group of labels, and of crops (about 13 MB); and crops in one file.
_LABELS_OF_A_GROUP: Final = 13 * 2000
_CROPS_OF_A_GROUP: Final = 1000
_CROPS_OF_A_FILE: Final = 20_000

_EDGES: Final = ("xmin", "ymin", "xmax", "ymax")
_FILM: Final = [
    ("film", pa.string()), ("patient_key", pa.string()), ("sex", pa.string()), ("age_months", pa.float64()),
    ("split", pa.string()),
]  # fmt: skip
_VERDICT: Final = [("verdict", pa.string()), ("grade", pa.int8()), ("label", pa.string())]


def _box_columns(prefix: str) -> list[tuple[str, pa.DataType]]:
    return [(prefix + edge, pa.float64()) for edge in _EDGES]


LABELS_SCHEMA: Final = pa.schema([
    *_FILM, ("width", pa.int32()), ("height", pa.int32()), ("bone", pa.string()),
    *_VERDICT, *_box_columns(""), ("accepted", pa.bool_()), ("reader", pa.string()), ("event", pa.int64()),
    ("rule", pa.string()), ("revision", pa.int64()), ("votes", pa.list_(pa.int8())),
    ("prediction_grade", pa.int8()), ("prediction_label", pa.string()),
    ("prediction_probabilities", pa.list_(pa.float32())), *_box_columns("prediction_"),
    ("prediction_confidence", pa.float32()), ("prediction_weights", pa.string()),
    *[(f"gold_{name}", kind) for name, kind in _VERDICT], *_box_columns("gold_"),
])  # fmt: skip

#: The hub's viewer shows a column of this type as pictures where the schema says so.
_IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CROPS_SCHEMA: Final = pa.schema(
    [("image", _IMAGE), *_FILM, ("bone", pa.string()), *_VERDICT, ("moved", pa.bool_())]
).with_metadata({"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Image"}}}})})
#: PNG is compressed already.
_CROPS_COMPRESSION: Final = {name: "zstd" for name in CROPS_SCHEMA.names if name != "image"} | {"image.bytes": "none"}


class _Table:
    """A Parquet file, written in groups of rows: the same rows give the same bytes."""

    def __init__(self, path: Path, schema: pa.Schema, rows_of_a_group: int, compression: str | dict[str, str]):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, schema, compression=compression)
        self._schema = schema
        self._limit = rows_of_a_group
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, row: tuple[Any, ...]) -> None:
        """Appends a row with a value for each column of the schema."""
        self._waiting.append(row)
        if len(self._waiting) == self._limit:
            self._write()

    def close(self) -> None:
        """Writes what is left and ends the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._waiting:
            columns = zip(zip(*self._waiting, strict=True), self._schema, strict=True)
            arrays = [pa.array(values, field.type) for values, field in columns]
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), self._limit)
            self._waiting = []


class _PartedWriter:
    """Files of the parts train, val and test in one folder; a part without rows has none."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._tables: dict[SplitPart, _Table] = {}

    def close(self) -> None:
        """Ends all files."""
        for table in self._tables.values():
            table.close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class LabelsWriter(_PartedWriter):
    """Writes `train.parquet` and so on, with 13 rows for each film; see LABELS_SCHEMA.

    names: what each reader is called in the table.
    """

    def __init__(self, folder: Path, rule: LabelRule, revision: int, names: Mapping[str, str]):
        super().__init__(folder)
        self._names = names
        self._rule = (rule, revision)

    def __enter__(self) -> Self:
        return self

    def add(self, found: FilmSnapshot, part: SplitPart) -> None:
        """Appends the film's rows."""
        if part not in self._tables:
            self._tables[part] = _Table(self._folder / f"{part}.parquet", LABELS_SCHEMA, _LABELS_OF_A_GROUP, "zstd")
        table, film = self._tables[part], found.film
        gold = {} if found.gold is None else {c.bone: c for c in found.gold.corrections}
        predicted = _predicted(found.prediction)
        for bone in RUS_BONES:
            said = found.words.get(bone)
            table.add((
                *_film_values(found, part), film.width, film.height, bone,
                *_verdict(said.correction if said else None), *_edges(said.correction.box if said else None),
                said and said.correction.accepted, said and self._names[said.event.reader], said and said.event.id,
                *self._rule, found.votes.get(bone, ()), *predicted[bone],
                *_verdict(gold.get(bone)), *_edges(gold[bone].box if bone in gold else None),
            ))  # fmt: skip


class CropsWriter(_PartedWriter):
    """Writes `train-00000.parquet` and so on with the crops; see CROPS_SCHEMA."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self._counts: dict[SplitPart, int] = {}

    def __enter__(self) -> Self:
        return self

    def add(self, found: FilmSnapshot, part: SplitPart, crops: Mapping[str, KeptCrop]) -> None:
        """Appends the film's crops."""
        for bone, crop in crops.items():
            image = {"bytes": crop.png, "path": f"{found.film.sha256[:16]}_{bone}.png"}
            verdict = _verdict(found.words[bone].correction)
            self._table(part).add((image, *_film_values(found, part), bone, *verdict, crop.moved))

    def _table(self, part: SplitPart) -> _Table:
        number, place = divmod(self._counts.get(part, 0), _CROPS_OF_A_FILE)
        if place == 0:
            if number:
                self._tables[part].close()
            self._tables[part] = _Table(
                self._folder / f"{part}-{number:05}.parquet", CROPS_SCHEMA, _CROPS_OF_A_GROUP, _CROPS_COMPRESSION
            )
        self._counts[part] = self._counts.get(part, 0) + 1
        return self._tables[part]


def _film_values(found: FilmSnapshot, part: SplitPart) -> tuple[Any, ...]:
    film = found.film
    return film.sha256, film.patient_key or None, film.sex, film.age_months, part


def _verdict(said: Correction | None) -> tuple[str | None, int | None, str | None]:
    if said is None:
        return None, None, None
    return said.verdict, said.grade, None if said.grade is None else grade_label(said.bone, said.grade)


def _edges(box: Box | None) -> tuple[float | None, ...]:
    return (None,) * 4 if box is None else tuple(box)


def _predicted(prediction: PredictionRecord | None) -> dict[str, tuple[Any, ...]]:
    """What the model said, by bone: grade, label, probabilities, box, confidence, weights."""
    said: dict[str, tuple[Any, ...]] = dict.fromkeys(RUS_BONES, (None,) * 9)
    if prediction is None or prediction.localization is None:
        return said
    weights = json.dumps(prediction.weights, sort_keys=True)
    for region in prediction.localization.regions:
        given = prediction.probabilities.get(region.bone)
        if given is not None:
            grade = given.index(max(given))
            what = (grade, grade_label(region.bone, grade), given, *region.box, region.confidence, weights)
            said[region.bone] = what
    return said
