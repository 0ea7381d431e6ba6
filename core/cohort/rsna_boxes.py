"""Converts boxes and key points drawn on one copy of the challenge's films to another copy's picture size."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core.cohort.films import DataFolderError, read_table

#: Table -> its columns of horizontal and of vertical pixels.
_TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "boxes21.csv": (("xmin", "xmax"), ("ymin", "ymax")),
    "boxes_ossification17.csv": (("xmin", "xmax"), ("ymin", "ymax")),
    "keypoints21.csv": (("x", "hand_x", "hand_w"), ("y", "hand_y", "hand_h")),
}
#: Pictures whose shapes differ by more than this share were cropped differently, so their pixels do not correspond.
_SAME_SHAPE: Final = 0.01


@dataclass(frozen=True)
class Drawn:
    """What people drew. sizes: width and height, by film id, of the pictures that they drew on. tables: by file name."""

    sizes: Mapping[str, tuple[float, float]]
    tables: Mapping[str, pd.DataFrame]


def read_drawn(folder: Path) -> Drawn:
    """Reads labels.csv and the tables of `folder`; films that labels.csv calls `fitted` have no size.

    Raises DataFolderError where labels.csv, a column, a number or every table is missing.
    """
    labels = _read(folder / "labels.csv", ("width", "height"))
    if (labels[["width", "height"]] <= 0).any(axis=None):
        raise DataFolderError(f"{folder / 'labels.csv'} must give widths and heights above 0.")
    if "variant" in labels:
        labels = labels[labels["variant"] != "fitted"]
    tables = {
        name: _read(folder / name, (*horizontal, *vertical))
        for name, (horizontal, vertical) in _TABLES.items()
        if (folder / name).is_file()
    }
    if not tables:
        raise DataFolderError(f"{folder} has none of {', '.join(_TABLES)}: give another --boxes, or leave it out.")
    return Drawn(dict(zip(labels["id"], zip(labels["width"], labels["height"], strict=True), strict=True)), tables)


def carry_boxes(drawn: Drawn, sizes: Mapping[str, tuple[int, int]]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables scaled to `sizes` (width and height by id), by file name, and one sentence on each.

    Films that `sizes` or `drawn.sizes` lacks, or whose picture has another shape, are left out.
    """
    scales = {
        film: (sizes[film][0] / width, sizes[film][1] / height)
        for film, (width, height) in drawn.sizes.items()
        if film in sizes
    }
    scales = {film: (x, y) for film, (x, y) in scales.items() if abs(x / y - 1) <= _SAME_SHAPE}
    carried, notes = {}, []
    for name, table in drawn.tables.items():
        kept = table[table["id"].isin(scales)].copy()
        for place, columns in enumerate(_TABLES[name]):
            factors = [scales[film][place] for film in kept["id"]]
            for column in columns:
                kept[column] = (kept[column].astype(float) * factors).round(2)
        carried[name] = kept
        notes.append(
            f"{name}: {kept['id'].nunique()} of {table['id'].nunique()} films taken over; the others are not among the "
            "films converted, or on a picture of another shape."
        )
    return carried, notes


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The table, with numbers in `columns`."""
    table = read_table(path, ("id", *columns), "It is needed for --boxes, with boxes21.csv or another table beside it.")
    numbers = list(columns)
    table[numbers] = table[numbers].apply(pd.to_numeric, errors="coerce")
    wrong = table["id"][~np.isfinite(table[numbers].to_numpy(float)).all(axis=1)]
    if len(wrong):
        raise DataFolderError(f"{path} lacks a number in a row of film {wrong.iloc[0]}: correct it or take it out.")
    return table
