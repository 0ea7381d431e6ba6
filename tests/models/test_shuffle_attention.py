"""Shuffle Attention against a worked example, against the paper's reshaping form, and its gates as pictures."""

from math import log

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.freezable import frozen_at
from models.shuffle_attention import ShuffleAttention, channel_shuffle, passing, upsample

UNTRAINED_GATE = 0.731059  # sigmoid(1)


def trained(channels: int, groups: int, seed: int = 0) -> ShuffleAttention:
    """A module whose every parameter has moved away from its start."""
    torch.manual_seed(seed)
    attention = ShuffleAttention(channels, groups)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.normal_()
    return attention


def reshaped_form(attention: ShuffleAttention, x: Tensor) -> Tensor:
    """Shuffle Attention as Zhang & Yang write it: groups folded into the batch, halves gated, then the shuffle."""
    batch, channels, height, width = x.shape
    folded = x.reshape(batch * attention.groups, channels // attention.groups, height, width)
    first, second = folded.chunk(2, dim=1)
    over_channels = (1, -1, 1, 1)
    pooled = F.adaptive_avg_pool2d(first, 1)
    channel_gate = torch.sigmoid(
        attention.channel_scale.view(over_channels) * pooled + attention.channel_shift.view(over_channels)
    )
    spatial_gate = torch.sigmoid(
        attention.spatial_scale.view(over_channels) * attention.norm(second)
        + attention.spatial_shift.view(over_channels)
    )
    gated = torch.cat([first * channel_gate, second * spatial_gate], dim=1).reshape(batch, channels, height, width)
    return gated.reshape(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)


def test_worked_example_of_gates_and_output() -> None:
    # One group: channels 0 and 1 are gated as channels, channels 2 and 3 position by position.
    attention = ShuffleAttention(channels=4, groups=1)
    with torch.no_grad():
        attention.channel_scale.copy_(torch.tensor([1.0, 2.0]))
        attention.channel_shift.copy_(torch.tensor([-2.0, 2.0 + log(3)]))
        attention.norm.weight.copy_(torch.tensor([2.0, 1.0]))
        attention.norm.bias.copy_(torch.tensor([1.0, -1.0]))
        attention.spatial_scale.copy_(torch.tensor([log(3) / 2, log(3)]))
        attention.spatial_shift.copy_(torch.tensor([log(3) / 2, log(3)]))
    x = torch.tensor([[1.0, 3.0], [0.0, -2.0], [1.0, 3.0], [5.0, 1.0]]).view(1, 4, 1, 2)

    gates = attention.gates(x)
    # Channel 0: mean 2, 1 * 2 - 2 = 0, sigmoid 1/2. Channel 1: mean -1, 2 * -1 + 2 + ln 3 = ln 3, sigmoid 3/4.
    torch.testing.assert_close(gates.channel, torch.tensor([0.5, 0.75]).view(1, 2, 1, 1))
    # Channel 2: mean 2, deviation 1, normalised -1, 1; times 2 plus 1: -1, 3; times ln(3)/2 plus ln(3)/2: 0, ln 9;
    # sigmoid 1/2, 9/10. Channel 3: mean 3, deviation 2, normalised 1, -1; minus 1: 0, -2; times ln 3 plus ln 3:
    # ln 3, -ln 3; sigmoid 3/4, 1/4. (The normalisation's epsilon of 1e-5 is what the tolerance is for.)
    spatial = torch.tensor([[0.5, 0.9], [0.75, 0.25]]).view(1, 2, 1, 2)
    torch.testing.assert_close(gates.spatial, spatial, atol=1e-5, rtol=0)

    # x times gates: (1/2, 3/2), (0, -3/2), (1/2, 27/10), (15/4, 1/4). Shuffled with 2 groups: channels 0, 2, 1, 3.
    expected = torch.tensor([[0.5, 1.5], [0.5, 2.7], [0.0, -1.5], [3.75, 0.25]]).view(1, 4, 1, 2)
    torch.testing.assert_close(attention(x), expected, atol=5e-5, rtol=0)


def test_worked_example_of_two_groups() -> None:
    # Groups (0, 1) and (2, 3): the first channel of each is gated as a channel, the second by position.
    attention = ShuffleAttention(channels=4, groups=2)
    with torch.no_grad():
        attention.channel_scale.fill_(log(3))
        attention.channel_shift.fill_(0.0)
        attention.spatial_scale.fill_(log(3))
        attention.norm.bias.fill_(2.0)
        attention.spatial_shift.fill_(-log(3))
    x = torch.tensor([1.0, 4.0, -1.0, 8.0]).view(1, 4, 1, 1)
    # Channel 0: ln 3 * 1, sigmoid 3/4. Channel 2: ln 3 * -1, sigmoid 1/4. Channels 1 and 3 have one position, so
    # normalised 0, plus 2, times ln 3, minus ln 3: ln 3, sigmoid 3/4.
    # Times x: 3/4, 3, -1/4, 6; shuffled: channels 0, 2, 1, 3.
    expected = torch.tensor([0.75, -0.25, 3.0, 6.0])
    torch.testing.assert_close(attention(x).flatten(), expected, atol=5e-4, rtol=0)


def test_channel_shuffle_interleaves_the_groups() -> None:
    x = torch.arange(6.0).view(1, 6, 1, 1).expand(2, 6, 3, 5)
    in_two, in_three = channel_shuffle(x, 2), channel_shuffle(x, 3)
    assert in_two[:, :, 2, 4].tolist() == [[0, 3, 1, 4, 2, 5]] * 2
    assert in_three[:, :, 2, 4].tolist() == [[0, 2, 4, 1, 3, 5]] * 2
    assert in_two.shape == in_three.shape == (2, 6, 3, 5)


def test_channel_shuffle_leaves_positions_alone() -> None:
    x = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(channel_shuffle(x, 2), x[:, [0, 2, 1, 3]])


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (16, 2), (16, 8), (24, 3)])
def test_same_as_the_reshaped_form(channels: int, groups: int) -> None:
    attention = trained(channels, groups)
    x = torch.randn(3, channels, 5, 7) * 3 + 1
    torch.testing.assert_close(attention(x), reshaped_form(attention, x), atol=1e-5, rtol=1e-4)


def test_same_gradients_as_the_reshaped_form() -> None:
    attention = trained(16, 2)
    x = torch.randn(3, 16, 5, 7, requires_grad=True)
    weight = torch.randn(3, 16, 5, 7)
    inputs = (x, *attention.parameters())
    ours = torch.autograd.grad((attention(x) * weight).sum(), inputs)
    theirs = torch.autograd.grad((reshaped_form(attention, x) * weight).sum(), inputs)
    for own, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(own, other, atol=1e-4, rtol=1e-4)


def test_output_is_input_times_gates_then_shuffled() -> None:
    attention = trained(16, 4)
    x = torch.randn(2, 16, 3, 3)
    gates = attention.gates(x)
    gated = x.clone()
    gated[:, attention.channel_index] *= gates.channel
    gated[:, attention.spatial_index] *= gates.spatial
    torch.testing.assert_close(attention(x), channel_shuffle(gated, 2))


def test_index_of_the_halves() -> None:
    attention = ShuffleAttention(channels=12, groups=2)
    assert attention.channel_index.tolist() == [0, 1, 2, 6, 7, 8]
    assert attention.spatial_index.tolist() == [3, 4, 5, 9, 10, 11]


def test_untrained_gates_are_the_same_everywhere() -> None:
    attention = ShuffleAttention(channels=16, groups=4)
    x = torch.randn(2, 16, 5, 3) * 10
    gates = attention.gates(x)
    assert gates.channel.shape == (2, 8, 1, 1)
    assert gates.spatial.shape == (2, 8, 5, 3)
    torch.testing.assert_close(gates.channel, torch.full_like(gates.channel, UNTRAINED_GATE))
    torch.testing.assert_close(gates.spatial, torch.full_like(gates.spatial, UNTRAINED_GATE))
    torch.testing.assert_close(attention(x), channel_shuffle(x, 2) * UNTRAINED_GATE)


def test_open_gates_follow_the_picture_untrained() -> None:
    attention = ShuffleAttention(channels=4, groups=1, open_gates=True)
    x = torch.tensor([[1.0, 3.0], [0.0, -2.0], [1.0, 3.0], [5.0, 1.0]]).view(1, 4, 1, 2)
    gates = attention.gates(x)
    # means 2 and -1; both spatial channels are normalised to -1 and 1, the second the other way round
    torch.testing.assert_close(gates.channel.flatten(), torch.tensor([2.0, -1.0]).sigmoid())
    expected = torch.tensor([[-1.0, 1.0], [1.0, -1.0]]).sigmoid()
    torch.testing.assert_close(gates.spatial[0, :, 0], expected, atol=1e-5, rtol=0)


def test_frozen_gates_stay_whatever_enters() -> None:
    attention = trained(8, 2)
    x = torch.randn(2, 8, 3, 3)
    held = torch.linspace(0.1, 0.8, 8)
    before = attention(x)
    with frozen_at({attention: held}):
        torch.testing.assert_close(attention(x), channel_shuffle(x * held[:, None, None], 2))
        assert attention(x.bfloat16()).dtype == torch.bfloat16
        assert not any("frozen" in name for name in attention.state_dict())
    assert torch.equal(attention(x), before)


def test_gates_laid_over_their_channels() -> None:
    attention = trained(16, 4)
    x = torch.randn(2, 16, 3, 5)
    laid, gates = attention.unfrozen(x), attention.gates(x)
    torch.testing.assert_close(laid[:, attention.channel_index], gates.channel.expand(-1, -1, 3, 5))
    torch.testing.assert_close(laid[:, attention.spatial_index], gates.spatial)


@pytest.mark.parametrize(("channels", "groups"), [(64, 64), (64, 0), (64, -1), (60, 8)])
def test_channels_that_do_not_divide_are_refused(channels: int, groups: int) -> None:
    with pytest.raises(ValueError, match=rf"{channels} channels .* {groups} groups"):
        ShuffleAttention(channels, groups)


def test_smallest_halves_are_allowed() -> None:
    x = torch.randn(1, 64, 3, 3)
    assert ShuffleAttention(channels=64, groups=32)(x).shape == x.shape


@pytest.mark.parametrize(("channels", "groups"), [(64, 1), (64, 8), (64, 32), (512, 8)])
def test_parameter_count(channels: int, groups: int) -> None:
    # Scale and shift of either gate, and the normalisation's own: six numbers a channel of one half, groups sharing.
    attention = ShuffleAttention(channels, groups)
    assert sum(p.numel() for p in attention.parameters()) == 6 * channels // (2 * groups)


def test_gradient_reaches_every_parameter_and_the_input() -> None:
    attention = trained(16, 2)
    x = torch.randn(2, 16, 4, 4, requires_grad=True)
    (attention(x) * torch.randn(2, 16, 4, 4)).sum().backward()
    assert x.grad is not None and x.grad.isfinite().all() and x.grad.any()
    for name, parameter in attention.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad != 0).all(), name


def test_flat_channels_stay_finite() -> None:
    attention = trained(8, 2)
    x = torch.full((1, 8, 4, 4), 3.0, requires_grad=True)
    y = attention(x)
    y.sum().backward()
    assert y.isfinite().all()
    assert x.grad is not None and x.grad.isfinite().all()


def test_output_keeps_the_precision_of_the_input() -> None:
    attention = trained(8, 2)
    x = torch.randn(1, 8, 4, 4)
    assert attention(x.bfloat16()).dtype == torch.bfloat16
    torch.testing.assert_close(attention(x.bfloat16()).float(), attention(x), atol=0.05, rtol=0.05)


def test_what_passes_is_the_gates_weighed_by_activity() -> None:
    x = torch.tensor([[3.0, 0.0], [-1.0, 2.0]]).view(1, 2, 1, 2)
    of_channels = torch.tensor([0.5, 0.9]).view(1, 2, 1, 1)
    # (3 * 0.5 + 1 * 0.9) / 4 = 0.6; (0 * 0.5 + 2 * 0.9) / 2 = 0.9
    torch.testing.assert_close(passing(x, of_channels), torch.tensor([[[0.6, 0.9]]]))
    of_places = torch.tensor([[0.2, 0.4], [0.6, 0.5]])[None, :, None]
    # (3 * 0.2 + 1 * 0.6) / 4 = 0.3; (0 * 0.4 + 2 * 0.5) / 2 = 0.5
    torch.testing.assert_close(passing(x, of_places), torch.tensor([[[0.3, 0.5]]]))


def test_gates_that_are_all_alike_make_an_even_map_that_is_not_stretched() -> None:
    attention = ShuffleAttention(channels=16, groups=2)
    x = torch.randn(2, 16, 6, 6)
    gates = attention.gates(x)
    for index, of in ((attention.channel_index, gates.channel), (attention.spatial_index, gates.spatial)):
        torch.testing.assert_close(passing(x[:, index], of), torch.full((2, 6, 6), UNTRAINED_GATE))


def test_where_nothing_is_active_the_map_is_the_gates_plain_mean() -> None:
    attention = trained(8, 1)
    x = torch.zeros(1, 8, 3, 3)
    gates = attention.gates(x)
    torch.testing.assert_close(
        passing(x[:, attention.channel_index], gates.channel), gates.channel.mean().expand(1, 3, 3)
    )


def test_what_passes_lies_between_the_gates() -> None:
    attention = trained(32, 4)
    x = torch.randn(2, 32, 6, 6) * 2
    gates = attention.gates(x)
    for index, of in ((attention.channel_index, gates.channel), (attention.spatial_index, gates.spatial)):
        picture = passing(x[:, index], of)
        assert picture.shape == (2, 6, 6)
        assert of.min() - 1e-6 <= picture.min() and picture.max() <= of.max() + 1e-6


def test_upsample_keeps_the_range() -> None:
    maps = torch.rand(2, 6, 6)
    large = upsample(maps, 96)
    assert large.shape == (2, 96, 96)
    assert maps.min() <= large.min() and large.max() <= maps.max()
    torch.testing.assert_close(upsample(torch.full((1, 3, 3), 0.3), 10), torch.full((1, 10, 10), 0.3))
