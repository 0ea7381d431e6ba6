"""Turns a download of the RSNA Pediatric Bone Age Challenge into the folder that training reads: labels.csv and images/.

The challenge (Halabi et al., Radiology 2019;290:498-503) comes as boneage-training-dataset.csv (id, boneage, male) with
the pictures in boneage-training-dataset/, and "Validation Dataset.csv" (Image ID, male, Bone Age (months)) with those in
boneage-validation-dataset-1/ and -2/; the ages of its test set are in a spreadsheet or missing.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pandas as pd
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from core.cohort.films import DataFolderError
from core.cohort.rsna_boxes import Drawn, carry_boxes, read_drawn
from core.cohort.rsna_tables import ChallengeFilm, Download, read_download
from core.cohort.settings import begun_otherwise
from core.cohort.workers import in_order
from core.errors import UnreadableFilm
from core.film.radiograph import read_radiograph

_QUALITY: Final = 92
_SETTINGS: Final = "conversion.json"


@dataclass(frozen=True)
class Conversion:
    """What was done. films: number of films by split. left_out: reason by film, each a sentence. notes: sentences."""

    films: dict[str, int]
    left_out: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Target:
    """Where pictures go and whether at full size."""

    images: Path
    full_size: bool


@dataclass(frozen=True)
class _Picture:
    """A converted picture's size, or why there is none."""

    width: int = 0
    height: int = 0
    problem: str | None = None


def convert_rsna(
    source: Path, out: Path, boxes: Path | None = None, full_size: bool = False, workers: int = 1
) -> Conversion:
    """Writes `out`/labels.csv, `out`/images/ID.jpg (8-bit grey, half the resolution or all of it) and `out`/left_out.csv.

    The training set is split into `train` and `val` (see `core.cohort.rsna_tables.ChallengeFilm`), the validation set becomes
    `test`. boxes: a folder laid out like `out`, whose boxes and key points are taken over, scaled to the new pictures.
    Called again, it continues where it stopped: existing pictures are kept. A fault in a single row or picture only
    leaves out that film; the same download gives the same files.

    Raises DataFolderError where a table, a column or a folder of pictures is missing, no film is left, the boxes cannot be
    read, `out` was begun at another size, or the disk fails.
    """
    download = read_download(source)
    drawn = None if boxes is None else read_drawn(boxes)
    try:
        return _write(download, out, drawn, full_size, workers)
    except OSError as error:
        raise DataFolderError(_disk_sentence(out, error)) from error


def _disk_sentence(place: Path, error: OSError) -> str:
    return (
        f"{place} cannot be written ({error.strerror or error}): free some space or choose another --out, "
        "then run the same command again to go on where it stopped."
    )


def _write(download: Download, out: Path, drawn: Drawn | None, full_size: bool, workers: int) -> Conversion:
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    _settle_size(out, full_size)
    left_out = dict(download.left_out)
    rows = []
    for row, picture in zip(
        download.rows, _convert_all(download.rows, _Target(images, full_size), workers), strict=True
    ):
        if picture.problem is not None:
            left_out[row.id] = picture.problem
        else:
            label = (
                row.id,
                f"images/{row.id}.jpg",
                row.sex,
                row.months,
                picture.width,
                picture.height,
                "raw",
                row.split,
            )
            rows.append(label)
    _write_table(pd.DataFrame(sorted(left_out.items()), columns=["id", "reason"]), out / "left_out.csv")
    if not rows:
        raise DataFolderError(f"None of the {len(download.rows)} pictures could be read; see {out / 'left_out.csv'}.")
    columns = ["id", "file", "sex", "bone_age_months", "width", "height", "variant", "split"]
    labels = pd.DataFrame(rows, columns=columns)
    notes = list(download.notes)
    if drawn is not None:
        tables, said = carry_boxes(drawn, {i: (w, h) for i, _, _, _, w, h, _, _ in rows})
        notes += said
        for name, table in tables.items():
            _write_table(table, out / name)
    _write_table(labels, out / "labels.csv")  # last, so that a folder with labels is complete
    return Conversion({str(k): int(v) for k, v in labels["split"].value_counts().items()}, left_out, tuple(notes))


def _convert_all(rows: tuple[ChallengeFilm, ...], target: _Target, workers: int) -> Iterator[_Picture]:
    return iter(tqdm(in_order(_convert, target, rows, workers), "converting", len(rows), mininterval=10))


def _convert(target: _Target, row: ChallengeFilm) -> _Picture:
    done = target.images / f"{row.id}.jpg"
    with suppress(FileNotFoundError, UnidentifiedImageError), Image.open(done) as made:
        return _Picture(*made.size)
    if row.picture is None:
        return _Picture(problem="There is no picture of this id.")
    try:
        pixels = read_radiograph(row.picture).pixels
    except UnreadableFilm as problem:
        return _Picture(problem=str(problem))
    if not target.full_size:
        size = [max(1, round(side / 2)) for side in reversed(pixels.shape)]
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
    greys = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    content = cv2.imencode(".jpg", greys, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    temporary = done.with_name(f"{done.name}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(done)
    except OSError as error:
        raise DataFolderError(_disk_sentence(target.images, error)) from error
    return _Picture(width=greys.shape[1], height=greys.shape[0])


def _settle_size(out: Path, full_size: bool) -> None:
    """Records the size at which a folder was begun, since existing pictures are not made again."""
    if begun_otherwise(out / _SETTINGS, {"full_size": full_size}, "another --out"):
        raise DataFolderError(
            f"{out} was made with another picture size: choose another --out, or set --full-size as before."
        )


def _write_table(table: pd.DataFrame, path: Path) -> None:
    temporary = path.with_name(f"{path.name}.part")
    table.to_csv(temporary, index=False)
    temporary.replace(path)
