"""The improved ResNet of the paper (section 2.2, Fig. 4): the plain one with three switchable additions, which is told which
bone it sees."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

import torch
from torch import Tensor, nn

from models.attention_residual import AttentionPath
from models.dual_pooling import DualPooling
from models.resnet import BasicBlock, initialise, stage
from models.shuffle_attention import ShuffleAttention


@dataclass(frozen=True)
class ResNetOptions:
    """What the network is made of. All three switches off: the plain ResNet.

    width: channels of the first stage (64 in the original; stages have 1, 2, 4, 8 times as many).
    blocks: residual units a stage (2, 2, 2, 2: ResNet-18; 3, 4, 6, 3: ResNet-34).
    groups: Shuffle Attention's groups G; width must be divisible by 2 * groups.
    bones: how many bones the network may be told of; 0 for a network that grades one kind of region.
    open_gates: how Shuffle Attention's gates start, see there; trained weights do not depend on it.
    """

    width: int = 64
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    shuffle_attention: bool = True
    attention_residual: bool = True
    dual_pooling: bool = True
    groups: int = 8
    bones: int = 13
    open_gates: bool = False

    def to_metadata(self) -> dict[str, str]:
        """Options as text, for a weight file's header."""
        return {k: ",".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """The options that `to_metadata` wrote; unknown keys are ignored, absent ones keep their default.

        Raises ValueError where a value is not a number or where there are not four stages.
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
            open_gates=text["open_gates"] == "True",
        )


class ResidualUnit(BasicBlock):
    """A basic block with room for Shuffle Attention at the end of the branch and an attention path beside it."""

    attention: ShuffleAttention | None
    path: AttentionPath | None

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1, downsample: nn.Module | None = None):
        super().__init__(channels_in, channels_out, stride, downsample)
        self.attention = None
        self.path = None

    def add_attention(self, options: ResNetOptions) -> None:
        """Adds the attention that the options ask for."""
        if options.shuffle_attention:
            self.attention = ShuffleAttention(self.channels_out, options.groups, options.open_gates)
        if options.attention_residual:
            self.path = AttentionPath(self.channels_in, self.channels_out, self.stride)

    def branch(self, x: Tensor) -> Tensor:
        """What is added to the shortcut, gated by what the unit was given: BxC_outxH'xW'."""
        branch = super().branch(x)
        if self.attention is not None:
            branch = self.attention(branch)
        if self.path is not None:
            branch = branch * self.path(x, (branch.shape[2], branch.shape[3]))
        return branch


class ImprovedResNet(nn.Module):
    """The plain ResNet with the three additions, one trunk for all bones: crops Bx1xHxW and bone numbers B -> features BxF,
    F = 8 * width.

    Raises ValueError without bone numbers, unless it grades one kind of region. Its layers have torchvision's names,
    so that pretrained weights load with `load_torchvision`.
    """

    def __init__(self, options: ResNetOptions | None = None):
        super().__init__()
        self.options = options or ResNetOptions()
        width = self.options.width
        self.features = 8 * width
        self.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False)  # a crop is grey
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        first, second, third, fourth = self.options.blocks
        self.layer1 = stage(ResidualUnit, width, width, first, 1)
        self.layer2 = stage(ResidualUnit, width, 2 * width, second, 2)
        self.layer3 = stage(ResidualUnit, 2 * width, 4 * width, third, 2)
        self.layer4 = stage(ResidualUnit, 4 * width, 8 * width, fourth, 2)
        initialise(self)
        self.bone = nn.Embedding(self.options.bones, width) if self.options.bones else None
        if self.bone is not None:
            nn.init.zeros_(self.bone.weight)
        for unit in self.units():
            unit.add_attention(self.options)
        self.pool = DualPooling(self.features) if self.options.dual_pooling else nn.AdaptiveAvgPool2d(1)

    def stages(self) -> tuple[nn.Sequential, ...]:
        """The four stages, for hooks and maps."""
        return self.layer1, self.layer2, self.layer3, self.layer4

    def units(self) -> list[ResidualUnit]:
        """The residual units of all stages, in the order in which a crop passes them."""
        return [unit for stage in self.stages() for unit in stage if isinstance(unit, ResidualUnit)]

    def last_units(self) -> tuple[ResidualUnit, ...]:
        """The last residual unit of each of the four stages, whose gates are shown."""
        last = (stage[-1] for stage in self.stages())
        return tuple(unit for unit in last if isinstance(unit, ResidualUnit))

    def forward(self, crops: Tensor, bones: Tensor | None = None) -> Tensor:
        x = self.bn1(self.conv1(crops))
        if self.bone is not None:
            if bones is None:
                raise ValueError("This network grades several bones: pass each crop's bone number.")
            x = x + self.bone(bones)[:, :, None, None]
        x = self.maxpool(self.relu(x))
        for layer in self.stages():
            x = layer(x)
        return torch.flatten(self.pool(x), 1)

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
