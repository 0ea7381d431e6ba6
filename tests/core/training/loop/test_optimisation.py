"""How weights move: rate, average, half way."""

import pytest
import torch
from torch import nn

from core.training.loop.optimisation import half_way, rate_share, weight_average


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


def test_the_rate_rises_and_comes_down() -> None:
    shares = [rate_share(progress / 100) for progress in range(101)]
    assert shares[0] == pytest.approx(0.1) and max(shares) == pytest.approx(1.0) and shares.index(max(shares)) == 5
    assert shares[-1] == pytest.approx(0.01) and shares[5:] == sorted(shares[5:], reverse=True)
    assert rate_share(0.0, rise=0.0) == pytest.approx(1.0)
    assert rate_share(2.0) == pytest.approx(0.01), "beyond the end it stays"


def test_half_way_between_two_networks() -> None:
    one, other = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    other.load_state_dict({**other.state_dict(), "weight": torch.tensor([3.0]), "running_mean": torch.tensor([-4.0])})
    other.num_batches_tracked += 7
    half_way(one, other)
    assert (one.weight.item(), one.running_mean.item(), one.running_var.item()) == (2.0, -2.0, 1.0)
    assert one.num_batches_tracked == 0 and other.weight.item() == 3.0
