"""The training on the full set, very short, on the example hands."""

import dataclasses
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import torch

from core.cohort.crop_store import HandCrops
from core.cohort.films import DataFolderError
from core.training.grader.recipe import GraderRecipe
from core.training.loop.device import CPU
from core.training.material.sources import GraderSources
from core.training.programs import full_set, intervals
from core.training.programs.full_set import check_ready, full_set_recipe, make_all
from models import registry
from models.improved_resnet import ResNetOptions
from tests.hands import write_boxes

RECIPE = dataclasses.replace(full_set_recipe(hands=2, epochs=1), options=ResNetOptions(width=16, groups=2))


def test_the_step_and_the_learning_rate_grow_together() -> None:
    usual, full = GraderRecipe(), full_set_recipe()
    assert full.hands == 4 * usual.hands and full.learning_rate == pytest.approx(2 * usual.learning_rate)
    assert full_set_recipe(hands=usual.hands).learning_rate == usual.learning_rate
    same = dataclasses.replace(full, hands=usual.hands, learning_rate=usual.learning_rate, epochs=usual.epochs)
    assert same == usual, "nothing else differs"


def test_without_boxes_all_but_the_localizer_is_trained(data: Path, weights: Path, tmp_path: Path) -> None:
    assert make_all(data, tmp_path / "run", RECIPE, CPU) is False
    network, file = registry.load_grader(folder=weights)
    assert set(path.name for path in weights.glob("*.safetensors")) == {"grader.safetensors", "whole_hand.safetensors"}
    second = registry.load_whole_hand(folder=weights)
    assert second is not None
    pair = {"grader": file.sha256, "whole_hand": second[1].sha256}
    assert registry.load_intervals(pair, weights) > 0
    assert 0 <= float(second[1].metadata["weight"]) <= 0.7
    assert all(tensor.isfinite().all() for tensor in second[0].state_dict().values())
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())
    assert len(HandCrops.load(tmp_path / "run/grader/crops_train.npz")) == 2
    (weights / registry.INTERVALS).unlink()
    setting = intervals.make_intervals(data, tmp_path / "run/grader")
    assert registry.load_intervals(pair, weights) == setting.scatter_months, "of the same pair, as it was"
    log = (tmp_path / "run/grader/log.jsonl").read_text()
    assert make_all(data, tmp_path / "run", RECIPE, CPU) is False
    assert (tmp_path / "run/grader/log.jsonl").read_text() == log, "a finished run is taken up, not made anew"
    again, file_again = registry.load_grader(folder=weights)
    assert file_again.metadata == file.metadata
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, atol=1e-6, rtol=1e-5, msg=name)


def test_with_boxes_the_localizer_comes_first(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, Any]] = []
    monkeypatch.setattr(full_set, "make_localizer", lambda *args: steps.append(("localizer", args)))
    monkeypatch.setattr(full_set, "make_grader", lambda *args: steps.append(("grader", args)))
    monkeypatch.setattr(full_set, "make_whole_hand", lambda *args, **named: steps.append(("second opinion", args)))
    write_boxes(data, [("x", "Radius", 1, 2, 3, 4)])
    assert make_all(data, tmp_path / "run", RECIPE, CPU, workers=3) is True
    assert [name for name, _ in steps] == ["localizer", "grader", "second opinion"]
    assert steps[0][1] == (data, tmp_path / "run/localizer", 9600, 4800, CPU, full_set._MOST_UNBOXED)
    assert steps[1][1] == (GraderSources(data, None), tmp_path / "run/grader", RECIPE, ANY, None, CPU, 3)


def test_a_folder_of_exemplars_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing\. Point at a folder"):
        check_ready(tmp_path / "none")
    check_ready(None)
