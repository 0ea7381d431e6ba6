"""What training programs share."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core.training.loop import Run, WeightAverage, seed_everything


def test_seeds() -> None:
    draws = []
    for _ in range(2):
        seed_everything(5)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]


def test_the_average_of_weights_worked_out_by_hand() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    average = WeightAverage(network, decay=0.5)
    nn.init.constant_(network.weight, 1.0)
    average.update(network)  # the first keeps 2/11 of what was
    assert average.network.weight.item() == pytest.approx(9 / 11)
    for _ in range(8):
        average.update(network)
    before = average.network.weight.item()
    nn.init.constant_(network.weight, 0.0)
    average.update(network)  # by now half is kept
    assert average.network.weight.item() == pytest.approx(before / 2)
    assert network.weight.item() == 0.0


def test_counters_are_copied_and_the_average_is_in_use_mode() -> None:
    network = nn.BatchNorm1d(2).train()
    average = WeightAverage(network)
    network(torch.randn(8, 2))
    average.update(network)
    assert average.network.num_batches_tracked is not None and average.network.num_batches_tracked.item() == 1
    assert not average.network.training and network.training


def test_a_run_keeps_its_last_checkpoint_and_all_its_log(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "a", {"epochs": 3})
    assert run.restore() is None
    for step in (1, 2):
        run.log(step=step, loss=0.5)
        run.save({"step": step, "weights": torch.full((2,), float(step))})
    state = Run(tmp_path / "runs" / "a", {"epochs": 3}).restore()
    assert state is not None and state["step"] == 2 and state["weights"].tolist() == [2.0, 2.0]
    lines = (tmp_path / "runs" / "a" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.5}]
    assert sorted(path.name for path in (tmp_path / "runs" / "a").iterdir()) == [
        "checkpoint.pt",
        "log.jsonl",
        "settings.json",
    ]
