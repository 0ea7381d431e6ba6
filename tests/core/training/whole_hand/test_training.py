"""Training on whole hands, small and larger ones."""

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.training.loop.run import Run
from core.training.whole_hand import training
from core.training.whole_hand.recipe import Stage, WholeHandRecipe, whole_hand_recipe
from core.training.whole_hand.training import train_whole_hand, validate
from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandOptions
from tests.windows import windows_of_hands

RECIPE = WholeHandRecipe(
    "resnet",
    (
        Stage(128, passes=2, batch=4, learning_rate=1e-3, small=0.5, time=0.5),
        Stage(256, passes=2, batch=4, learning_rate=1e-3, small=0.3, time=0.5),
    ),
    seed=1,
)
LARGE, SMALL, VAL = windows_of_hands(6, 1, 400), windows_of_hands(8, 2, first_id=20), windows_of_hands(4, 3, 400)


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


class _Stopped(Exception):
    pass


def _stop_at(save: int, folder: Path) -> None:
    """Trains until so many checkpoints are written, one after every pass and every stage."""
    kept, saved = Run.save, []

    def keep_and_stop(run: Run, state: dict[str, Any]) -> None:
        kept(run, state)
        saved.append(state)
        if len(saved) == save:
            raise _Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "save", keep_and_stop)
        with pytest.raises(_Stopped):
            train_whole_hand([LARGE, SMALL], VAL, folder, RECIPE)


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_KEEP_SECONDS", 0.0)
    whole = train_whole_hand([LARGE, SMALL], VAL, tmp_path / "run", RECIPE)
    lines = _log(tmp_path / "run")
    assert [(line["stage"], line["height"], line["passes"]) for line in lines] == [
        (1, 128, 0), (1, 128, 1), (1, 128, 2), (2, 256, 0), (2, 256, 1), (2, 256, 2),
    ]  # fmt: skip
    assert all(np.isfinite(line["loss"]) and line["pictures_per_second"] > 0 for line in lines if line["passes"])
    assert lines[3]["val_mae"] == pytest.approx(lines[2]["val_mae"], abs=3), "growing changes next to nothing"
    assert whole.options == WholeHandOptions("resnet", height=256) and not whole.training
    for saves in (1, 3, 4):  # within the first stage, between the stages, within the second
        _stop_at(saves, tmp_path / f"stopped_{saves}")
        torch.rand(5)  # whatever else was drawn in between
        resumed = train_whole_hand([LARGE, SMALL], VAL, tmp_path / f"stopped_{saves}", RECIPE)
        for name, value in whole.state_dict().items():
            torch.testing.assert_close(resumed.state_dict()[name], value, atol=1e-5, rtol=1e-4, msg=name)
    again = train_whole_hand([LARGE, SMALL], VAL, tmp_path / "run", RECIPE)
    assert _log(tmp_path / "run") == lines, "there was nothing left to do"
    figures = validate(again, VAL)  # in another layout of memory, in which bfloat16 may round otherwise
    assert figures == pytest.approx({key: lines[-1][key] for key in figures}, abs=0.02)
    with pytest.raises(DataFolderError, match="was begun with another seed"):
        train_whole_hand([LARGE, SMALL], VAL, tmp_path / "run", dataclasses.replace(RECIPE, seed=2))


def test_it_stops_in_time_with_the_learning_rate_at_its_end(tmp_path: Path) -> None:
    long = dataclasses.replace(RECIPE, stages=tuple(dataclasses.replace(s, passes=10**6) for s in RECIPE.stages))
    started = time.monotonic()
    network = train_whole_hand([LARGE, SMALL], VAL, tmp_path, long, seconds=8.0)
    took = time.monotonic() - started
    assert took < 12, "but for what reading and writing take"
    last = _log(tmp_path)[-1]
    assert last["height"] == 256 and last["learning_rate"] < 0.3 * 1e-3
    assert validate(network, VAL)["val_mae"] == pytest.approx(last["val_mae"], abs=0.02) and last["val_mae"] < 200
    again = train_whole_hand([LARGE, SMALL], VAL, tmp_path, long, seconds=60.0)
    torch.testing.assert_close(again.age.weight, network.age.weight, atol=0, rtol=0)


def test_without_time_for_a_stage_the_network_is_that_of_the_stage_before(tmp_path: Path) -> None:
    network = train_whole_hand([LARGE], VAL, tmp_path, RECIPE, seconds=1e-3)
    assert network.options.height == 256 and all(value.isfinite().all() for value in network.state_dict().values())


@pytest.mark.parametrize("groups", [[LARGE, SMALL], [LARGE], [LARGE.rows(np.zeros(6, bool)), SMALL]])
def test_each_step_draws_from_every_group_that_there_is(
    groups: list[HandWindows], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[tuple[int, int]]] = []
    views = training.random_hand_views

    def look(windows: Sequence[torch.Tensor], height: int, generator: torch.Generator) -> torch.Tensor:
        drawn.append([(len(some), some.shape[2]) for some in windows])
        return views(windows, height, generator)

    monkeypatch.setattr(training, "random_hand_views", look)
    train_whole_hand(groups, VAL, tmp_path, RECIPE)
    if len(groups) == 1:
        assert {tuple(one) for one in drawn} == {((4, 400),)}
    elif len(groups[0]):
        assert drawn == [[(2, 400), (2, 200)]] * 6 + [[(3, 400), (1, 200)]] * 4, "passes are over the larger hands"
    else:
        assert {tuple(one) for one in drawn} == {((4, 200),)}


def test_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="No hand is left to train on"):
        train_whole_hand([LARGE.rows(np.zeros(6, bool))], VAL, tmp_path, RECIPE)


def test_efficientnet_starts_from_imagenet(tmp_path: Path) -> None:
    recipe = whole_hand_recipe("efficientnet_lite0", 256, 1)
    network = train_whole_hand([LARGE], VAL, tmp_path, recipe, seconds=1e-3)
    torch.testing.assert_close(network.last[0].weight, imagenet_state()["_conv_head.weight"])
