"""What training programs share."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from core.training.loop import (
    Clock,
    Resumable,
    Run,
    TimeLimit,
    TimeUp,
    half_way,
    rate_share,
    seed_everything,
    weight_average,
)


def test_seeds() -> None:
    draws = []
    for _ in range(2):
        seed_everything(5)
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]


def test_the_average_of_weights_worked_out_by_hand() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    average = weight_average(network, decay=0.5)
    averaged = average.module
    assert isinstance(averaged, nn.Linear)
    nn.init.constant_(network.weight, 1.0)
    average.update_parameters(network)  # the first keeps 2/11 of what was
    assert averaged.weight.item() == pytest.approx(9 / 11)
    for _ in range(8):
        average.update_parameters(network)
    before = averaged.weight.item()
    nn.init.constant_(network.weight, 0.0)
    average.update_parameters(network)  # by now half is kept
    assert averaged.weight.item() == pytest.approx(before / 2)
    assert network.weight.item() == 0.0


def test_counters_are_copied_and_the_average_is_in_use_mode() -> None:
    network = nn.BatchNorm1d(2).train()
    average = weight_average(network)
    averaged = average.module
    assert isinstance(averaged, nn.BatchNorm1d)
    for count in (1, 2):
        network(torch.randn(8, 2) + 3)
        average.update_parameters(network)
        assert averaged.num_batches_tracked is not None and averaged.num_batches_tracked.item() == count
    assert averaged.running_mean is not None and network.running_mean is not None
    assert not torch.equal(averaged.running_mean, network.running_mean) and averaged.running_mean.min() > 0
    assert not averaged.training and network.training


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


def test_a_time_limit() -> None:
    assert TimeLimit(None).left(1e9) == float("inf")
    limit = TimeLimit(1.0)
    assert 59 < limit.left() <= 60 and 29 < limit.left(30.0) <= 30
    with pytest.raises(TimeUp, match=r"^The 1 minutes were over .* give the same command again\.$"):
        limit.left(60.0)


def test_the_rate_rises_and_comes_down() -> None:
    shares = [rate_share(progress / 100) for progress in range(101)]
    assert shares[0] == pytest.approx(0.1) and max(shares) == pytest.approx(1.0) and shares.index(max(shares)) == 5
    assert shares[-1] == pytest.approx(0.01) and shares[5:] == sorted(shares[5:], reverse=True)
    assert rate_share(0.0, rise=0.0) == pytest.approx(1.0)
    assert rate_share(2.0) == pytest.approx(0.01), "beyond the end it stays"


def test_a_clock_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("core.training.loop.time.monotonic", lambda: now[0])
    clock = Clock(20)
    now[0] += 5
    assert clock.used == 5 and clock.progress == 0.25
    kept = clock.state_dict()
    now[0] += 1000
    again = Clock(10)
    again.load_state_dict(kept)
    now[0] += 2
    assert again.used == 7 and again.total == 15, "fewer seconds are those of this call"
    longer = Clock(60)
    longer.load_state_dict(kept)
    assert longer.total == 20, "those of the first call, which its rate was planned for"
    assert Clock().progress == 0.0


def test_half_way_between_two_networks() -> None:
    one, other = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    other.load_state_dict({**other.state_dict(), "weight": torch.tensor([3.0]), "running_mean": torch.tensor([-4.0])})
    other.num_batches_tracked += 7
    half_way(one, other)
    assert (one.weight.item(), one.running_mean.item(), one.running_var.item()) == (2.0, -2.0, 1.0)
    assert one.num_batches_tracked == 0 and other.weight.item() == 3.0
