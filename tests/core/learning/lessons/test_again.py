"""A folder of labelled hands that the start weights learned from, seen again in fine-tuning."""

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

from core.cohort.films import DataFolderError
from core.learning.finetuning import calibrating
from core.learning.finetuning.finetune import Order, finetune
from models.registry import load_intervals, load_whole_hands, read_weights
from tests.core.learning.made_lessons import RECIPE, fill, of_ledger
from tests.hands import Assess, shipped_examples, write_boxes
from tests.stored_films import Store


@pytest.fixture
def data(assessed: Assess, tmp_path: Path) -> Path:
    """An example to learn from, with boxes, and one of `val`."""
    folder = tmp_path / "data"
    (folder / "hands").mkdir(parents=True)
    examples = shipped_examples()[3:5]
    rows = [
        (one.path.stem, str(one.path), one.sex, 12 * one.age_years, "val" if one is examples[-1] else "train")
        for one in examples
    ]
    table = pd.DataFrame(rows, columns=["id", "file", "sex", "bone_age_months", "split"])
    table.to_csv(folder / "hands" / "labels.csv", index=False)
    found = assessed(examples[0]).localization.regions
    boxes = [(region.box.xmin, region.box.ymin, region.box.xmax, region.box.ymax) for region in found]
    write_boxes(
        folder / "hands",
        [(rows[0][0], region.bone, *box) for region, box in zip(found, boxes, strict=True)],
    )
    return folder


def _order(store_folder: Path, start: Path, run: Path, data: Path) -> Order:
    recipe = dataclasses.replace(RECIPE, grader=dataclasses.replace(RECIPE.grader, epochs=1))
    return Order(of_ledger(store_folder), start, run, recipe, data, "cpu")


def test_what_was_learned_before_is_seen_again(
    store: Store, start: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrating, "_FEWEST", 1)  # the folder has one hand
    fill(store, 3)
    run = tmp_path / "run"
    record = finetune(_order(tmp_path / "store", start, run, data))
    assert record.state == "done" and record.data == str(data.resolve())
    hands = record.films.grader
    assert (hands["replay"], hands["measured"]) == (1, 1)
    assert (hands["learn"], hands["held"]) == (2, 1), "the hands of the folder are not held back"
    assert record.films.localizer["replay"] == 1
    assert record.metrics.calibration == "fitted to the hands seen again: 1"
    assert record.metrics.intervals == "set on the hands of val"
    weights = run / "weights"
    second = {name: file.sha256 for name, (_, file) in load_whole_hands().items()}
    hashes = {"grader": read_weights("grader", weights).sha256} | second
    assert load_intervals(hashes, weights) != 9.0, "not those of the start"


def test_a_folder_that_is_none_is_one_sentence(store: Store, start: Path, tmp_path: Path) -> None:
    fill(store, 2, moved=False)
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing\. Point at a folder"):
        finetune(_order(tmp_path / "store", start, tmp_path / "run", tmp_path / "nowhere"))
    assert not (tmp_path / "run" / "run.json").exists() and not (tmp_path / "run" / "material").exists()
