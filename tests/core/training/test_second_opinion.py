"""Training on whole hands."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.assessment.second_opinion import WINDOW_SIDE, WholeHandReader
from core.training.loop import Resumable
from core.training.second_opinion import (
    HandWindows,
    SecondOpinionRecipe,
    best_weight,
    months_of_hands,
    train_second_opinion,
    validate,
)
from models.whole_hand_network import WholeHandNetwork

RECIPE = SecondOpinionRecipe(epochs=2, batch=4)


def hands(count: int, seed: int) -> HandWindows:
    """Windows whose brightness is their age."""
    random = np.random.default_rng(seed)
    months = random.uniform(24, 216, count).astype(np.float32)
    noise = random.integers(0, 20, (count, WINDOW_SIDE, WINDOW_SIDE))
    windows = (noise + months[:, None, None]).astype(np.uint8)
    return HandWindows(
        windows=windows, months=months, female=random.integers(0, 2, count), ids=np.arange(count).astype(np.str_)
    )


def test_windows_are_saved_and_loaded(tmp_path: Path) -> None:
    some = hands(3, 0)
    some.save(tmp_path / "windows.npz")
    loaded = HandWindows.load(tmp_path / "windows.npz")
    assert len(loaded) == 3
    for name in HandWindows.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(some, name))


class _Stopped(Exception):
    pass


def _stop_after_an_epoch(train: HandWindows, val: HandWindows, folder: Path) -> Path:
    kept = Resumable.keep

    def keep_and_stop(resumable: Resumable, done: int) -> None:
        kept(resumable, done)
        raise _Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Resumable, "keep", keep_and_stop)
        with pytest.raises(_Stopped):
            train_second_opinion(train, val, folder, RECIPE)
    return folder


def test_a_run_that_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    train, val = hands(8, 1), hands(4, 2)
    whole = train_second_opinion(train, val, tmp_path / "run", RECIPE)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2] and all(np.isfinite(line["loss"]) for line in lines)
    stopped = _stop_after_an_epoch(train, val, tmp_path / "stopped")
    assert [json.loads(line)["epoch"] for line in (stopped / "log.jsonl").read_text().splitlines()] == [1]
    resumed = train_second_opinion(train, val, stopped, RECIPE)
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=1e-5, rtol=1e-4, msg=name)
    again = train_second_opinion(train, val, tmp_path / "run", RECIPE)
    assert len((tmp_path / "run" / "log.jsonl").read_text().splitlines()) == 2, "there was nothing left to do"
    figures = validate(again, val)
    assert figures == validate(whole, val) == {key: lines[-1][key] for key in figures}


def test_the_months_are_the_reader_s_whatever_the_batch() -> None:
    some, reader = hands(3, 5), WholeHandReader(WholeHandNetwork(), 0.5)
    months = months_of_hands(reader, some)
    assert months.shape == (3,) and months.dtype == np.float64
    np.testing.assert_allclose(months_of_hands(reader, some, batch=2), months, atol=1e-2)


def test_the_weight_is_the_one_with_the_least_error() -> None:
    label = np.linspace(50, 180, 40)
    wave = 10 * np.sin(np.arange(40))
    assert best_weight(label + wave, label - wave, label) == 0.5
    assert best_weight(label, label + wave, label) == 0.0
    assert best_weight(label + wave, label, label) == 0.7, "the bones always have a say"
