"""Shuffle Attention: channel and spatial gates on halves of channel groups (Zhang & Yang, ICASSP 2021; Fig. 2)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.freezable import Freezable


class Gates(NamedTuple):
    """The two kinds of gate, every value in (0, 1), in the order of the module's *input* channels.

    channel: BxC/2x1x1, gates of the channels `channel_index`.
    spatial: BxC/2xHxW, gates of the channels `spatial_index`.
    """

    channel: Tensor
    spatial: Tensor


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Interleaves `groups` equal runs of channels: channel j of run i becomes channel j * groups + i. BxCxHxW."""
    batch, channels, height, width = x.shape
    last = x.permute(0, 2, 3, 1)  # channels last is how the convolutions like their memory
    shuffled = last.reshape(batch, height, width, groups, channels // groups).transpose(3, 4)
    return shuffled.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class ShuffleAttention(Freezable):
    """BxCxHxW -> BxCxHxW.

    The channels are split into `groups` groups, each group into two halves. The first half is gated channel by channel
    (global average, scale and shift, sigmoid), the second position by position (group normalisation, scale and shift,
    sigmoid); the halves are concatenated and the channels shuffled with 2 groups.

    As published, scales start at 0 and shifts at 1, so that an untrained gate is sigmoid(1) = 0.731 everywhere. open_gates:
    scales start at 1 and shifts at 0, so that it is the sigmoid of the channel's mean or of the normalised activity; a
    training too short to open the gates by itself then has gates to learn with.

    Raises ValueError where `channels` is not divisible by 2 * groups.
    """

    def __init__(self, channels: int, groups: int, open_gates: bool = False):
        super().__init__()
        if groups < 1 or channels % (2 * groups):
            raise ValueError(
                f"Shuffle Attention splits every group in two: {channels} channels are not divisible by "
                f"2 x {groups} groups. Choose groups so that 2 x groups divides the channels."
            )
        self.channels = channels
        self.groups = groups
        half = channels // (2 * groups)
        self.norm = nn.GroupNorm(half, half)
        scale, shift = (1.0, 0.0) if open_gates else (0.0, 1.0)
        self.channel_scale = nn.Parameter(torch.full((half,), scale))
        self.channel_shift = nn.Parameter(torch.full((half,), shift))
        self.spatial_scale = nn.Parameter(torch.full((half,), scale))
        self.spatial_shift = nn.Parameter(torch.full((half,), shift))
        in_groups = torch.arange(channels).view(groups, 2, half)
        self.channel_index = in_groups[:, 0].flatten()
        self.spatial_index = in_groups[:, 1].flatten()

    def _over_groups(self, channel_half: Tensor, spatial_half: Tensor) -> Tensor:
        """Parameters of the two halves (C/2G each; all groups share them) laid out over the C channels."""
        return torch.cat([channel_half, spatial_half]).repeat(self.groups)

    def _slope_and_offset(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Both kinds of gate as one formula, sigmoid(slope * x + offset), BxCx1x1 each.

        A channel gate has slope 0 and the offset scale * mean + shift. A spatial gate's normalisation is over one
        channel at a time (as many groups as channels), so it too is linear in x, with the channel's mean and deviation.
        """
        single = x.float()
        mean = single.mean((2, 3))
        # in two passes: torch.var_mean takes some twenty times as long on a processor
        variance = (single - mean[:, :, None, None]).square().mean((2, 3))
        deviation = (variance + self.norm.eps).sqrt()
        zero = torch.zeros_like(self.channel_shift)
        per_mean = self._over_groups(self.channel_scale, zero)
        per_deviation = self._over_groups(zero, self.spatial_scale * self.norm.weight)
        constant = self._over_groups(self.channel_shift, self.spatial_scale * self.norm.bias + self.spatial_shift)
        slope = per_deviation / deviation
        offset = per_mean * mean + constant - slope * mean
        return slope[:, :, None, None], offset[:, :, None, None]

    def gates(self, x: Tensor) -> Gates:
        """The two kinds of gate that x (BxCxHxW) makes."""
        slope, offset = self._slope_and_offset(x)
        spatial = torch.sigmoid(slope[:, self.spatial_index] * x[:, self.spatial_index] + offset[:, self.spatial_index])
        return Gates(torch.sigmoid(offset[:, self.channel_index]), spatial)

    def unfrozen(self, x: Tensor) -> Tensor:
        """The same gates, BxCxHxW, each laid over its channel of x."""
        slope, offset = self._slope_and_offset(x)
        return torch.sigmoid(slope.to(x.dtype) * x + offset.to(x.dtype))

    def forward(self, x: Tensor) -> Tensor:
        return channel_shuffle(x * self.applied(x), 2)


def passing(x: Tensor, gates: Tensor) -> Tensor:
    """How much of what is active at a place the gates let through, BxHxW on the gates' own absolute 0..1 scale.

    Activity times gate, relative to activity (|x|); where nothing is active, the plain mean of the gates. x: BxKxHxW, what
    enters the gates. gates: of the same channels, BxKxHxW or BxKx1x1.
    """
    activity = x.abs()
    total = activity.sum(1)
    share = (activity * gates).sum(1) / total.clamp_min(1e-9)
    return torch.where(total < 1e-9, gates.mean(1).expand_as(share), share)


def upsample(maps: Tensor, side: int) -> Tensor:
    """BxHxW -> Bxsidexside, bilinear; the range is kept."""
    return F.interpolate(maps[:, None], size=(side, side), mode="bilinear", align_corners=False)[:, 0]
