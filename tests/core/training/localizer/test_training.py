"""Training of the localiser: its loss on cases worked out by hand, and a very short run on drawn hands."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.cohort.films import DataFolderError
from core.training.localizer.training import LocalizerRecipe, localizer_loss, train_localizer
from core.training.loop.run import Run
from models.hand_localizer import HandLocalizer, LocalizerOutput
from tests.hands import write_data_folder

RECIPE = LocalizerRecipe(samples=8, batch=2, side=64, evaluate_every=2)


def _output(logit: float = 0.0) -> LocalizerOutput:
    """One film of one cell and one region."""
    one = torch.full((1,), logit)
    return LocalizerOutput(torch.zeros(1, 1, 1, 1), torch.zeros(1, 2, 1, 1), one, one, one)


def _truth(**changes: float) -> dict[str, Tensor]:
    words = {"hand": 1.0, "inverted": 1.0, "upright": 1.0, "judged": 1.0} | changes
    truth = {name: torch.tensor([value]) for name, value in words.items() if name not in ("heat", "known")}
    heat = changes.get("heat", 1.0)
    return truth | {
        "heat": torch.full((1, 1, 1, 1), heat),
        "log_sizes": torch.tensor([[[1.0, -2.0]]]),
        "known": torch.tensor([[changes.get("known", 1.0)]]),
        "visible": torch.tensor([[float(heat > 0.9)]]),
    }


def test_losses_worked_out_by_hand() -> None:
    losses = localizer_loss(_output(), _truth())
    # At a peak with probability 1/2: (1 - 1/2)^2 * -log(1/2). Log sizes 0 against (1, -2). A coin's entropy.
    assert losses["focal"].item() == pytest.approx(0.25 * math.log(2), abs=1e-5)
    assert losses["size"].item() == pytest.approx(3.0)
    for word in ("hand", "inverted", "upright"):
        assert losses[word].item() == pytest.approx(math.log(2), abs=1e-5)


def test_background_near_a_peak_is_forgiven() -> None:
    far, near = (localizer_loss(_output(), _truth(heat=heat))["focal"].item() for heat in (0.0, 0.5))
    assert far == pytest.approx(0.25 * math.log(2), abs=1e-5)
    assert near == pytest.approx(far * 0.5**4, abs=1e-5)


def test_what_is_not_known_does_not_count() -> None:
    assert localizer_loss(_output(), _truth(known=0.0))["focal"].item() == 0
    assert localizer_loss(_output(3.0), _truth(judged=0.0, upright=0.0))["upright"].item() == 0
    assert localizer_loss(_output(3.0), _truth(hand=0.0, inverted=0.0))["inverted"].item() == 0
    assert localizer_loss(_output(), _truth(heat=0.0))["size"].item() == 0


def _log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_data_folder(tmp_path / "data", 3)
    torch.manual_seed(7)
    teacher = HandLocalizer()
    start = {name: value.clone() for name, value in teacher.state_dict().items()}
    whole = train_localizer(data, tmp_path / "whole", RECIPE, teacher=teacher)

    save = Run.save

    def save_and_stop(run: Run, state: dict[str, Any]) -> None:
        save(run, state)
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        train_localizer(data, tmp_path / "halves", RECIPE, teacher=teacher)
    monkeypatch.setattr(Run, "save", save)
    assert [line["step"] for line in _log(tmp_path / "halves")] == [2]
    resumed = train_localizer(data, tmp_path / "halves", RECIPE, teacher=teacher)

    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=1e-5, rtol=1e-4, msg=name)
    assert any(not torch.equal(start[name], value) for name, value in whole.state_dict().items()), "it has learned"
    assert all(torch.equal(start[name], value) for name, value in teacher.state_dict().items()), "the teacher has not"
    for run in ("whole", "halves"):
        log = _log(tmp_path / run)
        assert [line["step"] for line in log] == [2, 4]
        for line in log:
            assert all(math.isfinite(line[part]) for part in ("focal", "size", "hand", "inverted", "upright"))


def test_a_folder_without_boxes_cannot_be_trained_on(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 2)
    (data / "boxes21.csv").unlink()
    with pytest.raises(DataFolderError, match=r"boxes21\.csv"):
        train_localizer(data, tmp_path / "run", RECIPE, teacher=HandLocalizer())
