"""The dual pooling head: global average and global maximum side by side (paper, Fig. 4)."""

import torch
from torch import Tensor, nn


class DualPooling(nn.Module):
    """BxCxHxW -> BxC: average and maximum pooled over the picture, concatenated, then reduced by a 1x1 convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.reduce = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat([x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)], dim=1)
        reduced: Tensor = self.reduce(pooled)
        return reduced.flatten(1)


class AveragePooling(nn.Module):
    """BxCxHxW -> BxC: the plain ResNet's global average, what dual pooling replaces."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))
