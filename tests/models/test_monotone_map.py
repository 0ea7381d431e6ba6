"""Monotone maps: their values, that they go on beyond the ends, and that no training makes them turn back."""

import pytest
import torch

from models.monotone_map import MonotoneMap

KNOTS = torch.tensor([0.0, 1.0, 3.0])
VALUES = torch.tensor([[0.0, 2.0, 3.0], [10.0, 10.5, 20.0]])


def test_starts_at_the_given_values() -> None:
    function = MonotoneMap(KNOTS, VALUES)
    torch.testing.assert_close(function.values(), VALUES)
    for row in (0, 1):
        torch.testing.assert_close(function(KNOTS, torch.full((3,), row)), VALUES[row])


def test_linear_between_knots_and_beyond_the_ends() -> None:
    function = MonotoneMap(KNOTS, VALUES)
    x = torch.tensor([-1.0, 0.5, 2.0, 5.0])
    # slopes 2 and 1/2: before the first knot -2, past the last 3 + 2 * 1/2
    torch.testing.assert_close(function(x, torch.zeros(4, dtype=torch.long)), torch.tensor([-2.0, 1.0, 2.5, 4.0]))


def test_each_value_has_its_own_row() -> None:
    function = MonotoneMap(KNOTS, VALUES)
    torch.testing.assert_close(function(torch.tensor([1.0, 1.0]), torch.tensor([1, 0])), torch.tensor([10.5, 2.0]))


@pytest.mark.parametrize("values", [[0.0, 1.0, 1.0], [0.0, 2.0, 1.0]])
def test_values_that_do_not_increase_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="increase"):
        MonotoneMap(KNOTS, torch.tensor([VALUES[1].tolist(), values]))


def test_stays_increasing_while_trained_to_decrease() -> None:
    function = MonotoneMap(KNOTS, VALUES)
    optimiser = torch.optim.SGD(function.parameters(), lr=0.3)
    x = torch.linspace(-2.0, 5.0, 50)
    falling = -10 * x
    for _ in range(30):
        optimiser.zero_grad()
        sum((function(x, torch.full((50,), row)) - falling).abs().mean() for row in (0, 1)).backward()
        optimiser.step()
    assert not torch.allclose(function.values(), VALUES, atol=0.5)  # it has moved
    for row in (0, 1):
        assert (function(x, torch.full((50,), row)).diff() > 0).all()


def test_gradient_reaches_every_parameter_and_is_the_slope() -> None:
    function = MonotoneMap(KNOTS, VALUES)
    x = torch.tensor([0.5, 2.0, 0.5, 9.0], requires_grad=True)
    function(x, torch.tensor([0, 0, 1, 1])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([2.0, 0.5, 0.5, 4.75]))
    for name, parameter in function.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and (parameter.grad != 0).all(), name


def test_later_changes_of_the_given_tensors_do_not_reach_in() -> None:
    knots, values = KNOTS.clone(), VALUES.clone()
    function = MonotoneMap(knots, values)
    knots.zero_(), values.zero_()
    torch.testing.assert_close(function.values(), VALUES)
    torch.testing.assert_close(function.knots, KNOTS)
