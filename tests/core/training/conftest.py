"""A folder to train on."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.hands import shipped_examples


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three example hands as a folder of labelled films."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    for example, split in zip(shipped_examples()[:3], ("train", "train", "val"), strict=True):
        shutil.copy(example.path, folder)
        rows.append((example.path.stem, example.path.name, example.sex, 12 * example.age_years, split))
    columns = ["id", "file", "sex", "bone_age_months", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "labels.csv", index=False)
    return folder
