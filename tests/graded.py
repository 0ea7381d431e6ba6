"""Crops of hands and a folder of graded crops, made up."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from core.cohort.crop_store import HandCrops
from core.hand.crops import CONTEXT_SIDE

#: Of its labels.csv.
COLUMNS = ["file", "bone_group", "bone", "rus_chn_grade", "quality"]


def write_graded(folder: Path, table: pd.DataFrame) -> None:
    """Writes labels.csv and a picture of noise, each another, for every row. table: see COLUMNS."""
    for number, file in enumerate(table["file"]):
        cv2.imwrite(str(folder / file), np.random.default_rng(number).integers(0, 256, (50, 40), np.uint8))
    table.to_csv(folder / "labels.csv", index=False)


def crops_of_hands(count: int, seed: int = 0) -> HandCrops:
    """All 13 crops, of noise, of hands of 40 to 190 months, boys and girls in turns, named by their numbers."""
    return HandCrops(
        crops=np.random.default_rng(seed).integers(0, 256, (count, 13, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8),
        found=np.ones((count, 13), bool),
        months=np.linspace(40, 190, count).astype(np.float32),
        female=np.arange(count) % 2,
        ids=np.arange(count).astype(str),
    )
