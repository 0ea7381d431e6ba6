"""The residual network of He et al. (CVPR 2016) with basic blocks, under torchvision's names, so that its weights fit.

Importing torchvision itself would cost anyone who only reads films two seconds and 160 MiB; the tests compare the two.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """BxC_inxHxW -> BxC_outxH'xW', H' = H / stride: two 3x3 convolutions beside a shortcut, which `downsample` fits."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__()
        self.channels_in, self.channels_out, self.stride = channels_in, channels_out, stride
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut, BxC_outxH'xW'."""
        branch: Tensor = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return branch

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.branch(x) + shortcut, inplace=True)


def stage(block: type[BasicBlock], channels_in: int, channels_out: int, blocks: int, stride: int) -> nn.Sequential:
    """One of the four stages: `blocks` blocks, the first of which has the stride."""
    downsample: nn.Module | None = None
    if stride != 1 or channels_in != channels_out:
        downsample = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
        )
    first = block(channels_in, channels_out, stride, downsample)
    return nn.Sequential(first, *(block(channels_out, channels_out) for _ in range(blocks - 1)))


def initialise(network: nn.Module) -> None:
    """Convolutions as torchvision starts them: He's normal distribution by fan out. Normalisations start as PyTorch's do."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
