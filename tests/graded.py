"""A folder of graded crops, made up."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

#: Of its labels.csv.
COLUMNS = ["file", "bone_group", "bone", "rus_chn_grade", "quality"]


def write_graded(folder: Path, table: pd.DataFrame) -> None:
    """Writes labels.csv and a picture of noise, each another, for every row. table: see COLUMNS."""
    for number, file in enumerate(table["file"]):
        cv2.imwrite(str(folder / file), np.random.default_rng(number).integers(0, 256, (50, 40), np.uint8))
    table.to_csv(folder / "labels.csv", index=False)
