"""Training of the grader: very short runs on random crops."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.cohort.crop_store import GradedCrops, HandCrops
from core.cohort.films import DataFolderError
from core.hand.crops import CONTEXT_SIDE
from core.training.grader.recipe import GraderRecipe
from core.training.grader.training import train_grader
from core.training.loop.run import Run
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from tests.graded import crops_of_hands

SMALL = ResNetOptions(width=16, groups=2)
RECIPE = GraderRecipe(epochs=2, hands=4, exemplars=4, options=SMALL)


def _hands(count: int, seed: int = 0) -> HandCrops:
    """Made-up hands, the first without its fifth bone."""
    hands = crops_of_hands(count, seed)
    hands.found[0, 4] = False
    return hands


def _exemplars() -> GradedCrops:
    random = np.random.default_rng(9)
    return GradedCrops(
        random.integers(0, 256, (6, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8), np.arange(6), np.arange(1, 7)
    )


def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands, val, exemplars = _hands(8), _hands(2, seed=1), _exemplars()
    whole = train_grader(hands, val, exemplars, tmp_path / "whole", RECIPE)

    save = Run.save

    def save_and_stop(run: Run, state: dict[str, Any]) -> None:
        save(run, state)
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train_grader(hands, val, exemplars, tmp_path / "halves", RECIPE)
    monkeypatch.setattr(Run, "save", save)
    torch.rand(5)  # whatever else was drawn in between
    resumed = train_grader(hands, val, exemplars, tmp_path / "halves", RECIPE)

    assert not whole.training
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=1e-6, rtol=1e-5, msg=name)
    untrained = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    assert any(not torch.equal(value, untrained.state_dict()[name]) for name, value in whole.state_dict().items())
    for run in ("whole", "halves"):
        log = [json.loads(line) for line in (tmp_path / run / "log.jsonl").read_text().splitlines()]
        assert [line["epoch"] for line in log] == [1, 2]
        for line in log:
            losses = ("age", "bones", "exemplars", "val_mae", "val_mae_raw", "val_mae_bones", "val_bias")
            assert all(math.isfinite(line[name]) for name in losses)
            assert 0 <= line["val_within_12"] <= 1
    finished = train_grader(hands, val, exemplars, tmp_path / "whole", RECIPE)
    torch.testing.assert_close(finished.head.weight, whole.head.weight, atol=0, rtol=0)


def test_time_up_ends_a_training_with_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def later() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr("core.training.loop.clock.time.monotonic", later)
    hands, val, exemplars = _hands(8), _hands(2, seed=1), _exemplars()
    recipe = dataclasses.replace(RECIPE, epochs=500)
    grader = train_grader(hands, val, exemplars, tmp_path, recipe, seconds=12.0)
    epochs = [json.loads(line)["epoch"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert 1 <= len(epochs) < 10 and epochs == list(range(1, len(epochs) + 1))
    assert all(value.isfinite().all() for value in grader.state_dict().values())


def test_a_training_goes_on_from_given_weights(tmp_path: Path) -> None:
    torch.manual_seed(3)
    start = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    torch.nn.init.normal_(start.head.weight, std=0.1)
    recipe = dataclasses.replace(RECIPE, epochs=1, learning_rate=1e-7, start="f" * 64)
    grader = train_grader(_hands(8), _hands(2, seed=1), _exemplars(), tmp_path, recipe, start=start)
    torch.testing.assert_close(grader.head.weight, start.head.weight, atol=1e-4, rtol=0)


def test_weights_end_half_way_from_where_they_started(tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    recipe = dataclasses.replace(RECIPE, epochs=1, start="f" * 64)
    given = _hands(8), _hands(2, seed=1), _exemplars()
    trained = train_grader(*given, tmp_path / "whole", recipe, start=start)
    half = dataclasses.replace(recipe, half_way=True)
    between = train_grader(*given, tmp_path / "half", half, start=start)
    weights = (network.trunk.state_dict()["conv1.weight"] for network in (start, trained, between))
    first, last, middle = (weight.contiguous() for weight in weights)
    assert not torch.equal(first, last)
    torch.testing.assert_close(middle, (first + last) / 2)
    with pytest.raises(DataFolderError, match="--start"):
        train_grader(*given, tmp_path / "none", half)
