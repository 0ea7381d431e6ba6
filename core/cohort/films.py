"""Reads a folder of labelled hand films laid out like the development data: labels.csv, boxes21.csv, images/."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from core.bones import ALL_BONES, Sex
from core.errors import BoneGradeError

_LABELS_HINT = "Point at a folder with labels.csv (id,file,sex,bone_age_months[,split]) and the images it names."
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class DataFolderError(BoneGradeError):
    """The data folder is missing or not laid out as expected; the message says what to bring."""


@dataclass(frozen=True)
class Film:
    """One row of labels.csv. `bone_age_months` is the radiologists' Greulich-Pyle reading."""

    id: str
    path: Path
    sex: Sex
    bone_age_months: float
    split: str


def read_films(data: Path, split: str | None = None) -> list[Film]:
    """Films of `data`/labels.csv, of one split or all; in a table without a `split` column, every row is in every split.

    Raises DataFolderError where the folder or one of its columns is missing, a sex is neither M nor F, an age is not a number
    above 0, or no film is in the split.
    """
    path = data / "labels.csv"
    table = read_table(path, ("id", "file", "sex", "bone_age_months"), _LABELS_HINT)
    if not table["sex"].isin(("M", "F")).all():
        raise DataFolderError(f"{path} must say M or F in the column sex of every row.")
    ages = pd.to_numeric(table["bone_age_months"], errors="coerce")
    ageless = table["id"][~(np.isfinite(ages) & (ages > 0))]
    if len(ageless):
        raise DataFolderError(
            f"{path} gives no age in months for film {ageless.iloc[0]}: give one, or take out the row."
        )
    splits = sorted(set(table["split"].astype(str))) if "split" in table.columns else []
    if split is not None and splits:
        table = table[table["split"] == split]
        if table.empty:
            raise DataFolderError(f"No film of {path} is in the split {split}; there are: {', '.join(splits)}.")
    if table.empty:
        raise DataFolderError(f"{path} names no film.")
    parts = table["split"] if splits else [""] * len(table)
    return [
        Film(str(i), data / str(file), sex, float(age), str(part))
        for i, file, sex, age, part in zip(
            table["id"], table["file"], table["sex"], table["bone_age_months"], parts, strict=True
        )
    ]


def film_height(film: Film) -> int:
    """Height in pixels as stored; 0 where the film cannot be read, which is reported when it is cut."""
    try:
        with Image.open(film.path) as picture:
            return picture.height
    except OSError:
        return 0


def training_films(data: Path, split: str) -> list[Film]:
    """Films of one split, for training, where `val` must not be trained on.

    Raises DataFolderError as read_films does, and where the table does not tell the splits apart.
    """
    films = read_films(data, split)
    if any(film.split != split for film in films):
        raise DataFolderError(
            f"{data / 'labels.csv'} has no column split: say train or val for each film, so that what is set on val was "
            "not trained on."
        )
    return films


def read_table(path: Path, columns: Iterable[str], hint: str, empty: bool = True) -> pd.DataFrame:
    """A CSV table with at least these columns; ids and bones are text. empty: whether an empty cell is NaN, not "".

    Raises DataFolderError where the table is missing (followed by the hint), cannot be read, or lacks a column.
    """
    try:
        table = pd.read_csv(path, dtype={"id": str, "bone": str}, keep_default_na=empty)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataFolderError(f"{path} is missing. {hint}") from error
    except (OSError, ValueError) as error:
        raise DataFolderError(f"{path} is not a table that can be read: copy it again.") from error
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise DataFolderError(f"{path} has no column {', '.join(missing)}.")
    return table


def read_boxes(data: Path) -> dict[str, NDArray[np.float64]]:
    """Hand-drawn boxes of `data`/boxes21.csv by film id: 21x4 (ALL_BONES order; xmin, ymin, xmax, ymax in pixels).

    A region that nobody boxed is NaN. A folder without boxes21.csv gives an empty dictionary.
    """
    path = data / "boxes21.csv"
    if not path.is_file():
        return {}
    boxes: dict[str, NDArray[np.float64]] = {}
    rows = {bone: i for i, bone in enumerate(ALL_BONES)}
    table = read_table(path, ("id", "bone", *_CORNERS), "")
    unknown = set(table["bone"].astype(str)) - set(rows)
    if unknown:
        raise DataFolderError(f"{path} names bones that are not known: {', '.join(sorted(unknown))}.")
    corners = table[list(_CORNERS)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if not np.isfinite(corners).all():
        raise DataFolderError(f"{path} must give numbers in the columns {', '.join(_CORNERS)} of every row.")
    for film_id, bone, corner in zip(table["id"], table["bone"], corners, strict=True):
        film = boxes.setdefault(str(film_id), np.full((len(ALL_BONES), 4), np.nan))
        film[rows[str(bone)]] = corner
    return boxes


def read_grey(path: Path, longest_side: int | None = None) -> tuple[NDArray[np.uint8], float]:
    """A film as HxW uint8, shrunk so that no side exceeds `longest_side`, and the factor it was shrunk by (<= 1).
    Raises DataFolderError where it cannot be read as a picture."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataFolderError(f"{path} cannot be read as a picture.")
    factor = 1.0 if longest_side is None else min(1.0, longest_side / max(image.shape))
    if factor < 1.0:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8), factor
