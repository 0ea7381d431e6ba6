"""The improved ResNet of the paper (section 2.2, Fig. 4): three switchable additions, and told which bone it sees."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from models.attention_residual import AttentionPath
from models.dual_pooling import AveragePooling, DualPooling
from models.shuffle_attention import ShuffleAttention


@dataclass(frozen=True)
class ResNetOptions:
    """What the network is made of. All three switches off: the plain ResNet.

    width: channels of the first stage (64 in the original; stages have 1, 2, 4, 8 times as many).
    blocks: residual units a stage (2, 2, 2, 2: ResNet-18; 3, 4, 6, 3: ResNet-34).
    groups: Shuffle Attention's groups G; width must be divisible by 2 * groups.
    bones: how many bones the network may be told of; 0 for a network that grades one kind of region.
    """

    width: int = 64
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    shuffle_attention: bool = True
    attention_residual: bool = True
    dual_pooling: bool = True
    groups: int = 8
    bones: int = 13

    def to_metadata(self) -> dict[str, str]:
        """Options as text, for a weight file's header."""
        return {k: ",".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "ResNetOptions":
        """The options that `to_metadata` wrote; unknown keys are ignored, absent ones keep their default.

        Raises ValueError where a number is none or where there are not four stages.
        """
        text = cls().to_metadata() | dict(metadata)
        first, second, third, fourth = (int(units) for units in text["blocks"].split(","))
        return cls(
            width=int(text["width"]),
            blocks=(first, second, third, fourth),
            shuffle_attention=text["shuffle_attention"] == "True",
            attention_residual=text["attention_residual"] == "True",
            dual_pooling=text["dual_pooling"] == "True",
            groups=int(text["groups"]),
            bones=int(text["bones"]),
        )


class ResidualUnit(nn.Module):
    """torchvision's BasicBlock with Shuffle Attention at the end of the branch and the attention path beside it."""

    def __init__(self, channels_in: int, channels_out: int, stride: int, options: ResNetOptions):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.attention = ShuffleAttention(channels_out, options.groups) if options.shuffle_attention else None
        self.path = AttentionPath(channels_in, channels_out, stride) if options.attention_residual else None
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        branch: Tensor = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.attention is not None:
            branch = self.attention(branch)
        if self.path is not None:
            branch = branch * self.path(x, (branch.shape[2], branch.shape[3]))
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(branch + shortcut)


class ImprovedResNet(nn.Module):
    """One trunk for all bones: crops Bx1xHxW and bone numbers B -> features BxF, F = 8 * width.

    Stage names are torchvision's (layer1..layer4), so that its pretrained weights load with `load_torchvision`.
    """

    def __init__(self, options: ResNetOptions | None = None):
        super().__init__()
        self.options = options or ResNetOptions()
        width = self.options.width
        self.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.bone = nn.Embedding(self.options.bones, width) if self.options.bones else None
        channels = [width * 2**i for i in range(4)]
        self.layer1 = self._stage(width, channels[0], self.options.blocks[0], 1)
        self.layer2 = self._stage(channels[0], channels[1], self.options.blocks[1], 2)
        self.layer3 = self._stage(channels[1], channels[2], self.options.blocks[2], 2)
        self.layer4 = self._stage(channels[2], channels[3], self.options.blocks[3], 2)
        self.pool = DualPooling(channels[3]) if self.options.dual_pooling else AveragePooling()
        self.features = channels[3]
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        if self.bone is not None:
            nn.init.zeros_(self.bone.weight)

    def _stage(self, channels_in: int, channels_out: int, blocks: int, stride: int) -> nn.Sequential:
        units = [ResidualUnit(channels_in, channels_out, stride, self.options)]
        units += [ResidualUnit(channels_out, channels_out, 1, self.options) for _ in range(blocks - 1)]
        return nn.Sequential(*units)

    def stages(self) -> tuple[nn.Sequential, ...]:
        """The four stages, for hooks and maps."""
        return self.layer1, self.layer2, self.layer3, self.layer4

    def forward(self, crops: Tensor, bones: Tensor | None = None) -> Tensor:
        x = self.bn1(self.conv1(crops))
        if self.bone is not None:
            if bones is None:
                raise ValueError("This network grades several bones: pass each crop's bone number.")
            x = x + self.bone(bones)[:, :, None, None]
        x = self.maxpool(F.relu(x))
        for stage in self.stages():
            x = stage(x)
        features: Tensor = self.pool(x)
        return features

    def load_torchvision(self, state: Mapping[str, Tensor]) -> list[str]:
        """Takes over a torchvision ResNet's state dict of the same width; returns the names that had no counterpart.

        The first convolution's three colour channels are summed, as for a grey picture shown in all of them.
        """
        own = self.state_dict()
        fresh = []
        for name, value in own.items():
            given = state.get(name)
            if given is not None and name == "conv1.weight":
                given = given.sum(1, keepdim=True)
            if given is None or given.shape != value.shape:
                fresh.append(name)
            else:
                own[name] = given
        self.load_state_dict(own)
        return fresh
