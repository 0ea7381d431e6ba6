"""What graders are trained on, from folders of example hands."""

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from core.cohort.films import DataFolderError
from core.training.material.sources import GraderSources
from tests.hands import shipped_examples


def test_more_hands_are_learned_from_where_their_films_are_fine_enough(data: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    fine, coarse, known = shipped_examples()[3], shipped_examples()[4], shipped_examples()[0]
    rows = []
    for example, scale in ((fine, 1.0), (coarse, 0.4), (known, 1.0)):
        with Image.open(example.path) as picture:
            size = (round(picture.width * scale), round(picture.height * scale))
            picture.resize(size).save(more / example.path.name)
        rows.append((example.path.stem, example.path.name, example.sex, 12 * example.age_years, "train"))
    table = pd.DataFrame(rows, columns=["id", "file", "sex", "bone_age_months", "split"])
    table.to_csv(more / "labels.csv", index=False)
    material = GraderSources(data, None, more).material(tmp_path / "run")
    assert material.train.ids.tolist() == [*(e.path.stem for e in shipped_examples()[:2]), fine.path.stem]
    table[table.id == coarse.path.stem].to_csv(more / "labels.csv", index=False)
    with pytest.raises(DataFolderError, match="500 pixels high or more"):
        GraderSources(data, None, more).material(tmp_path / "again")
