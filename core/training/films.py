"""Reads a folder of labelled hand films laid out like the development data: labels.csv, boxes21.csv, images/."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bones import ALL_BONES, Sex


class DataFolderError(Exception):
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
    """Films of `data`/labels.csv, of one split or all; a table without a `split` column is all of every split.

    Raises DataFolderError where the folder or one of its columns is missing, or a sex is neither M nor F.
    """
    table_path = data / "labels.csv"
    if not table_path.is_file():
        raise DataFolderError(
            f"{table_path} is missing. Point --data at a folder with labels.csv "
            "(id,file,sex,bone_age_months[,split]) and the images it names."
        )
    table = pd.read_csv(table_path, dtype={"id": str})
    missing = {"id", "file", "sex", "bone_age_months"} - set(table.columns)
    if missing:
        raise DataFolderError(f"{table_path} has no column {', '.join(sorted(missing))}.")
    if not table["sex"].isin(("M", "F")).all():
        raise DataFolderError(f"{table_path} must say M or F in the column sex of every row.")
    if split is not None and "split" in table.columns:
        table = table[table["split"] == split]
    splits = table["split"] if "split" in table.columns else [""] * len(table)
    return [
        Film(str(i), data / str(file), sex, float(age), str(part))
        for i, file, sex, age, part in zip(
            table["id"], table["file"], table["sex"], table["bone_age_months"], splits, strict=True
        )
    ]


def read_boxes(data: Path) -> dict[str, NDArray[np.float64]]:
    """Hand-drawn boxes of `data`/boxes21.csv by film id: 21x4 (ALL_BONES order; xmin, ymin, xmax, ymax in pixels).

    A region that nobody boxed is NaN. A folder without boxes21.csv gives an empty dictionary.
    """
    path = data / "boxes21.csv"
    if not path.is_file():
        return {}
    boxes: dict[str, NDArray[np.float64]] = {}
    rows = {bone: i for i, bone in enumerate(ALL_BONES)}
    table = pd.read_csv(path, dtype={"id": str, "bone": str})
    unknown = set(table["bone"]) - set(rows)
    if unknown:
        raise DataFolderError(f"{path} names bones that are not known: {', '.join(sorted(unknown))}.")
    corners = table[["xmin", "ymin", "xmax", "ymax"]].to_numpy(float)
    for film_id, bone, corner in zip(table["id"], table["bone"], corners, strict=True):
        film = boxes.setdefault(str(film_id), np.full((len(ALL_BONES), 4), np.nan))
        film[rows[str(bone)]] = corner
    return boxes


def read_grey(path: Path, longest_side: int | None = None) -> tuple[NDArray[np.uint8], float]:
    """A film as HxW uint8, shrunk so that no side exceeds `longest_side`, and the factor it was shrunk by (<= 1)."""
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataFolderError(f"{path} cannot be read as a picture.")
    factor = 1.0 if longest_side is None else min(1.0, longest_side / max(image.shape))
    if factor < 1.0:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(image, np.uint8), factor


def split_seeds(seed: int, names: Sequence[str]) -> dict[str, np.random.Generator]:
    """Independent generators for the named uses of one seed, so that adding one does not shift the others."""
    return {name: np.random.default_rng([seed, *name.encode()]) for name in names}
