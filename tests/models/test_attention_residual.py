"""The attention path: its gate's range, size, start and gradient."""

import pytest
import torch

from models.attention_residual import AttentionPath
from models.freezable import frozen_at


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("side", [3, 8, 9])
def test_gate_has_the_branch_s_size_and_lies_between_zero_and_one(stride: int, side: int) -> None:
    torch.manual_seed(0)
    path = AttentionPath(6, 10, stride)
    with torch.no_grad():
        path.pointwise.weight.normal_()
    x = torch.randn(2, 6, side, side) * 3
    branch = torch.nn.Conv2d(6, 10, 3, stride, 1)(x)
    gate = path(x, (branch.shape[2], branch.shape[3]))
    assert gate.shape == branch.shape
    assert (gate > 0).all() and (gate < 1).all()


def test_oblong_pictures_keep_their_axes() -> None:
    assert AttentionPath(4, 4, 2)(torch.randn(1, 4, 9, 14), (5, 7)).shape == (1, 4, 5, 7)


@pytest.mark.parametrize("stride", [1, 2])
def test_untrained_gate_passes_nearly_everything(stride: int) -> None:
    torch.manual_seed(0)
    gate = AttentionPath(16, 32, stride)(torch.randn(2, 16, 12, 12), (12 // stride, 12 // stride))
    assert gate.mean().item() == pytest.approx(0.8808, abs=0.01)  # sigmoid(2)
    assert gate.min() > 0.8 and gate.max() < 0.95


def test_pooling_spans_twice_the_stride() -> None:
    x = torch.arange(16.0).view(1, 1, 4, 4)
    torch.testing.assert_close(AttentionPath(1, 1, 1).pool(x), torch.tensor([[[[2.5, 4.5], [10.5, 12.5]]]]))
    torch.testing.assert_close(AttentionPath(1, 1, 2).pool(x), torch.tensor([[[[7.5]]]]))


def test_pooling_of_odd_sizes_averages_only_what_is_there() -> None:
    pooled = AttentionPath(1, 1, 1).pool(torch.arange(9.0).view(1, 1, 3, 3))
    # cells (0, 1, 3, 4), (2, 5), (6, 7) and (8)
    torch.testing.assert_close(pooled, torch.tensor([[[[2.0, 3.5], [6.5, 8.0]]]]))


def test_gate_follows_what_enters_the_branch() -> None:
    torch.manual_seed(0)
    path = AttentionPath(2, 2, 1).eval()
    assert path.pointwise.bias is not None
    with torch.no_grad():
        path.depthwise.weight.zero_()
        path.depthwise.weight[:, :, 1, 1] = 1.0  # the attention convolution passes its input on
        path.pointwise.weight.copy_(torch.eye(2)[:, :, None, None])
        path.pointwise.bias.zero_()
    x = torch.zeros(1, 2, 4, 4)
    x[:, 0, :2, :2] = 4.0
    gate = path(x, (4, 4))
    assert gate[0, 0, 0, 0].item() == pytest.approx(0.98201, abs=1e-4)  # sigmoid(4)
    assert gate[0, 0, 3, 3].item() == pytest.approx(0.5)
    torch.testing.assert_close(gate[0, 1], torch.full((4, 4), 0.5))


def test_its_gates_are_what_it_gives_and_can_be_frozen() -> None:
    torch.manual_seed(0)
    path = AttentionPath(4, 6, 2).eval()
    x, size = torch.randn(2, 4, 9, 9), (5, 5)
    gates = path.gates(x, size)
    assert gates.shape == (2, 6, 5, 5) and torch.equal(path(x, size), gates)
    held = torch.linspace(0.2, 0.7, 6)
    with frozen_at({path: held}):
        torch.testing.assert_close(path(x, size).expand_as(gates), held[:, None, None].expand_as(gates))
        assert torch.equal(path.gates(x, size), gates), "what they would be can still be asked for"


@pytest.mark.parametrize(("channels_in", "channels_out", "stride"), [(16, 16, 1), (16, 32, 2)])
def test_parameter_count(channels_in: int, channels_out: int, stride: int) -> None:
    # 3x3 depthwise, the normalisation's weight and bias, and a pointwise convolution with bias
    count = sum(p.numel() for p in AttentionPath(channels_in, channels_out, stride).parameters())
    assert count == 9 * channels_in + 2 * channels_in + channels_in * channels_out + channels_out


def test_gradient_reaches_every_parameter_and_the_input() -> None:
    torch.manual_seed(0)
    path = AttentionPath(8, 8, 1)
    x = torch.randn(2, 8, 9, 9, requires_grad=True)
    (path(x, (9, 9)) * torch.randn(2, 8, 9, 9)).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and x.grad.any()
    for name, parameter in path.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all() and parameter.grad.any(), name
