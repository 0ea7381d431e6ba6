"""The dual pooling head: global average and global maximum side by side (paper, Fig. 4)."""

import torch
from torch import Tensor, nn

from models.freezable import Freezable


class DualPooling(Freezable):
    """BxCxHxW -> BxC: average and maximum pooled over the picture, concatenated, then reduced by a 1x1 convolution.

    The maxima can be held still.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.reduce = nn.Conv2d(2 * channels, channels, 1)

    def unfrozen(self, x: Tensor) -> Tensor:
        """The maxima of x (BxCxHxW) over the picture, BxCx1x1."""
        return x.amax((2, 3), keepdim=True)

    def forward(self, x: Tensor) -> Tensor:
        averages = x.mean((2, 3), keepdim=True)
        pooled = torch.cat([averages, self.applied(x).expand_as(averages)], dim=1)
        reduced: Tensor = self.reduce(pooled)
        return reduced.flatten(1)
