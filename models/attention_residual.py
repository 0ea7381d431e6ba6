"""The lightweight attention residual unit's extra path, which learns to weigh the branch's output (paper, Fig. 3)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.freezable import Freezable


class AttentionPath(Freezable):
    """Average pooling -> attention convolution -> up-sampling -> sigmoid: a gate for a residual branch's output.

    Input BxC_inxHxW (what enters the branch); output BxC_outxH'xW' in (0, 1), H' x W' the branch's output size. The
    attention convolution is depthwise 3x3 then pointwise, which keeps the unit light; its shift starts at 2, so that an
    untrained gate passes 88 % of the branch.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.pool = nn.AvgPool2d(2 * stride, ceil_mode=True, count_include_pad=False)
        self.depthwise = nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False)
        nn.init.kaiming_normal_(self.depthwise.weight, mode="fan_out", nonlinearity="relu")
        self.norm = nn.BatchNorm2d(channels_in)
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1)
        nn.init.normal_(self.pointwise.weight, std=0.01)
        assert self.pointwise.bias is not None
        nn.init.constant_(self.pointwise.bias, 2.0)

    def gates(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """The factors for the branch's output, of this size: BxC_outxH'xW' in (0, 1)."""
        attended = self.pointwise(F.relu(self.norm(self.depthwise(self.pool(x)))))
        return torch.sigmoid(F.interpolate(attended, size=size, mode="bilinear", align_corners=False))

    unfrozen = gates

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        return self.applied(x, size)
