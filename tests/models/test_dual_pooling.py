"""The dual pooling head, against numbers worked out by hand."""

import pytest
import torch

from models.dual_pooling import DualPooling
from models.freezable import frozen_at


def test_average_and_maximum_side_by_side() -> None:
    pooling = DualPooling(2)
    assert pooling.reduce.bias is not None
    with torch.no_grad():
        # average of channel 0 plus 10 times the maximum of channel 1; twice the maximum of channel 0 less 1
        pooling.reduce.weight.copy_(torch.tensor([[1.0, 0.0, 0.0, 10.0], [0.0, 0.0, 2.0, 0.0]])[:, :, None, None])
        pooling.reduce.bias.copy_(torch.tensor([0.0, -1.0]))
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[-4.0, -1.0], [-2.0, -5.0]]]])
    # averages 3 and -3, maxima 6 and -1: 3 + 10 * -1 = -7 and 2 * 6 - 1 = 11
    torch.testing.assert_close(pooling(x), torch.tensor([[-7.0, 11.0]]))


@pytest.mark.parametrize("half", ["average", "maximum"])
def test_identity_weights_give_one_of_the_two(half: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 5, 4, 6)
    pooling = DualPooling(5)
    assert pooling.reduce.bias is not None
    identity, nothing = torch.eye(5), torch.zeros(5, 5)
    with torch.no_grad():
        weight = torch.cat([identity, nothing] if half == "average" else [nothing, identity], dim=1)
        pooling.reduce.weight.copy_(weight[:, :, None, None])
        pooling.reduce.bias.zero_()
    expected = x.flatten(2).mean(2) if half == "average" else x.flatten(2).max(2).values
    torch.testing.assert_close(pooling(x), expected)


@pytest.mark.parametrize("channels", [1, 8, 128])
def test_parameter_count(channels: int) -> None:
    assert sum(p.numel() for p in DualPooling(channels).parameters()) == 2 * channels * channels + channels


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 5)])
def test_shape(size: tuple[int, int]) -> None:
    assert DualPooling(8)(torch.randn(2, 8, *size)).shape == (2, 8)


def test_gradient_reaches_every_parameter_and_every_position() -> None:
    torch.manual_seed(0)
    pooling = DualPooling(4)
    x = torch.randn(2, 4, 3, 3, requires_grad=True)
    (pooling(x) * torch.randn(2, 4)).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and (x.grad != 0).all()
    for name, parameter in pooling.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and (parameter.grad != 0).all(), name


def test_frozen_maxima_stay_while_averages_follow() -> None:
    pooling = DualPooling(1)
    assert pooling.reduce.bias is not None
    with torch.no_grad():
        pooling.reduce.weight.copy_(torch.tensor([[1.0, 10.0]])[:, :, None, None])
        pooling.reduce.bias.zero_()
    x = torch.tensor([1.0, 3.0, 5.0, 6.0]).view(2, 1, 1, 2)
    assert pooling.unfrozen(x).flatten().tolist() == [3.0, 6.0]
    with frozen_at({pooling: torch.tensor([4.0])}):
        assert pooling(x).flatten().tolist() == [42.0, 45.5]
    assert pooling(x).flatten().tolist() == [32.0, 65.5]
