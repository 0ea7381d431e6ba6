"""Takes boxes and key points that people drew on one copy of the challenge's films over to another copy's picture size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from core.training.films import DataFolderError

#: Table -> its columns of horizontal and of vertical pixels.
_TABLES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "boxes21.csv": (("xmin", "xmax"), ("ymin", "ymax")),
    "boxes_ossification17.csv": (("xmin", "xmax"), ("ymin", "ymax")),
    "keypoints21.csv": (("x", "hand_x", "hand_w"), ("y", "hand_y", "hand_h")),
}
#: Pictures whose shapes differ by more than this share were cut differently, and pixels do not correspond.
_SAME_SHAPE: Final = 0.01


def carry_boxes(folder: Path, sizes: Mapping[str, tuple[int, int]]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The tables of `folder`, scaled from the sizes in its labels.csv to `sizes` (width and height by id).

    Left out are films that `sizes` has not, whose picture has another shape, or that labels.csv calls `fitted`. Returns the
    tables by file name, and one sentence on each. Raises DataFolderError where labels.csv, a column or every table is missing.
    """
    labels = _read(folder / "labels.csv", ("id", "width", "height"))
    if "variant" in labels:
        labels = labels[labels["variant"] != "fitted"]
    scales = {
        str(film): (sizes[film][0] / width, sizes[film][1] / height)
        for film, width, height in zip(labels["id"], labels["width"], labels["height"], strict=True)
        if film in sizes
    }
    scales = {film: (x, y) for film, (x, y) in scales.items() if abs(x / y - 1) <= _SAME_SHAPE}
    carried, notes = {}, []
    for name, (horizontal, vertical) in _TABLES.items():
        if not (folder / name).is_file():
            continue
        table = _read(folder / name, ("id", *horizontal, *vertical))
        kept = table[table["id"].isin(scales)].copy()
        for place, columns in enumerate((horizontal, vertical)):
            factors = [scales[film][place] for film in kept["id"]]
            for column in columns:
                kept[column] = (kept[column].astype(float) * factors).round(2)
        carried[name] = kept
        notes.append(
            f"{name}: {kept['id'].nunique()} of {table['id'].nunique()} films taken over; the others are not among the "
            "films converted, or on a picture of another shape."
        )
    if not carried:
        raise DataFolderError(f"{folder} has none of {', '.join(_TABLES)}: give another --boxes, or leave it out.")
    return carried, notes


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"id": str})
    except FileNotFoundError as error:
        raise DataFolderError(
            f"{path} is missing: --boxes needs it, and boxes21.csv or another table beside it."
        ) from error
    except ValueError as error:
        raise DataFolderError(f"{path} is no table that can be read: copy it again.") from error
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        raise DataFolderError(f"{path} has no column {', '.join(missing)}.")
    return table
