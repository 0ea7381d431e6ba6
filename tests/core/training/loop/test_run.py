"""A run's seed, its checkpoint and its log."""

import json
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from core.training.loop.optimisation import weight_average
from core.training.loop.run import Resumable, Run, seed_everything


def test_seeds() -> None:
    draws = []
    for _ in range(2):
        seed_everything(5)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]


def test_the_average_goes_on_where_it_was(tmp_path: Path) -> None:
    """Its warm-up too: how far the next update moves depends on how many there were."""

    def parts(folder: str) -> tuple[nn.Linear, AveragedModel, Resumable]:
        torch.manual_seed(0)
        network = nn.Linear(2, 1)
        average = weight_average(network)
        optimizer = torch.optim.SGD(network.parameters(), 0.1)
        schedule = torch.optim.lr_scheduler.ConstantLR(optimizer)
        run = Run(tmp_path / folder, {})
        kept = Resumable(run, network=network, average=average, optimizer=optimizer, schedule=schedule)
        return network, average, kept

    def step(network: nn.Linear, average: AveragedModel) -> None:
        nn.init.constant_(network.weight, network.weight.sum().item() + 1)
        average.update_parameters(network)

    network, average, resumable = parts("run")
    assert resumable.resume() == 0
    for _ in range(3):
        step(network, average)
    resumable.keep(3)
    step(network, average)
    resumed, resumed_average, again = parts("run")
    assert again.resume() == 3
    step(resumed, resumed_average)
    for name, value in average.state_dict().items():
        assert torch.equal(resumed_average.state_dict()[name], value), name


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
