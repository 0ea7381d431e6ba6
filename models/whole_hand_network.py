"""The second opinion's network: an age in one step from a picture of the whole hand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self, cast, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.efficientnet_lite import EfficientNetLite0
from models.improved_resnet import ImprovedResNet, ResNetOptions
from models.resnet import BasicBlock

Encoder = Literal["efficientnet_lite0", "resnet"]
#: A ResNet starts on pictures of this height and may grow by doublings.
FIRST_HEIGHT = 128
_EFFICIENTNET_FEATURES = 1280


@dataclass(frozen=True)
class WholeHandOptions:
    """What the network is made of, and the height in pixels of the pictures that it was made for; they are 3/4 as wide.

    width, blocks: of a ResNet, see models.improved_resnet.ResNetOptions. The defaults are EfficientNet-Lite0 as it shipped
    before weight files said so.
    """

    encoder: Encoder = "efficientnet_lite0"
    height: int = 256
    width: int = 32
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)

    def __post_init__(self) -> None:
        if self.encoder not in get_args(Encoder):
            raise ValueError(f"there is no encoder {self.encoder!r}")
        if self.height < FIRST_HEIGHT or self.height % FIRST_HEIGHT:
            raise ValueError(f"the pictures' height is {self.height}, not a multiple of {FIRST_HEIGHT}")
        if self.encoder == "resnet" and FIRST_HEIGHT << doublings(self.height) != self.height:
            raise ValueError(f"the pictures' height is {self.height}, not {FIRST_HEIGHT} times a power of 2")

    def to_metadata(self) -> dict[str, str]:
        """Options as text, for a weight file's header."""
        return {k: ",".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in asdict(self).items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> Self:
        """The options that `to_metadata` wrote; unknown keys are ignored, absent ones keep their default.

        Raises ValueError where they describe no network.
        """
        text = cls().to_metadata() | dict(metadata)
        first, second, third, fourth = (int(units) for units in text["blocks"].split(","))
        encoder = cast(Encoder, text["encoder"])  # checked like every other option
        return cls(encoder, int(text["height"]), int(text["width"]), (first, second, third, fourth))


def doublings(height: int) -> int:
    """How many times FIRST_HEIGHT can be doubled within the height."""
    return (height // FIRST_HEIGHT).bit_length() - 1


class GrowingStem(nn.Module):
    """A first convolution of stride 2 that can be extended to pictures twice as large without changing its answer.

    Pictures are averaged down to FIRST_HEIGHT for the first convolution; for each doubling a branch that sees the larger
    ones adds to its output, and adds nothing when it is new. Bx1xHxW -> B x width x FIRST_HEIGHT/2 x (in proportion).
    """

    def __init__(self, width: int, grown: int):
        super().__init__()
        self.width = width
        self.first = nn.Conv2d(1, width, 7, 2, 3, bias=False)
        nn.init.kaiming_normal_(self.first.weight, mode="fan_out", nonlinearity="relu")
        self.details = nn.ModuleList()
        for _ in range(grown):
            self.grow()

    def grow(self) -> None:
        """Extends it to pictures twice as large."""
        inner = self.width // 2
        layers: list[nn.Module] = [nn.Conv2d(1, inner, 5, 2, 2, bias=False), nn.BatchNorm2d(inner), nn.ReLU(True)]
        for channels in (
            inner,
            *[self.width] * len(self.details),
        ):  # the larger the pictures, the more often they are halved
            halved = nn.Sequential(nn.Conv2d(channels, self.width, 1, 2, bias=False), nn.BatchNorm2d(self.width))
            layers.append(BasicBlock(channels, self.width, 2, halved))
        last = nn.Conv2d(self.width, self.width, 3, 1, 1, bias=False)
        nn.init.zeros_(last.weight)
        branch = nn.Sequential(*layers, last)
        self.details.append(branch.to(self.first.weight.device))

    def forward(self, pictures: Tensor) -> Tensor:
        answer: Tensor | None = None
        for branch in reversed(self.details):
            answer = branch(pictures) if answer is None else answer + branch(pictures)
            pictures = F.avg_pool2d(pictures, 2)
        coarse: Tensor = self.first(pictures)
        return coarse if answer is None else coarse + answer


class HandResNet(nn.Module):
    """The plain ResNet of the paper's Table 1 up to its last stage, behind a stem that grows: Bx1xHxW -> Bx(8 width)xhxw."""

    def __init__(self, options: WholeHandOptions):
        super().__init__()
        plain = ResNetOptions(
            options.width,
            options.blocks,
            shuffle_attention=False,
            attention_residual=False,
            dual_pooling=False,
            bones=0,
        )
        resnet = ImprovedResNet(plain)
        self.features = resnet.features
        self.stem = GrowingStem(options.width, doublings(options.height))
        self.start = nn.Sequential(resnet.bn1, resnet.relu, resnet.maxpool)
        self.stages = nn.Sequential(*resnet.stages())

    def forward(self, pictures: Tensor) -> tuple[Tensor]:
        """Only the last stage's features, Bx(8 width)xhxw, as the last of a pyramid."""
        return (self.stages(self.start(self.stem(pictures))),)


class WholeHandNetwork(nn.Module):
    """An encoder up to its last features, average and maximum pooling side by side, one output for each sex.

    Input: pictures Bx1xHxW float (H as the options have it, W three quarters of it), standardised greys, and female B (0 or
    1). Output: the radiologists' Greulich-Pyle age in years, B.
    """

    def __init__(self, options: WholeHandOptions | None = None) -> None:
        super().__init__()
        self.options = options or WholeHandOptions()
        self.encoder: EfficientNetLite0 | HandResNet
        self.last: nn.Module
        if self.options.encoder == "resnet":
            self.encoder = HandResNet(self.options)
            features, self.last = self.encoder.features, nn.Identity()
        else:
            self.encoder = EfficientNetLite0()
            features = _EFFICIENTNET_FEATURES
            self.last = nn.Sequential(
                nn.Conv2d(self.encoder.channels[-1], features, 1, bias=False),
                nn.BatchNorm2d(features, eps=1e-3, momentum=0.01),
                nn.ReLU6(inplace=True),
            )
        self.dropout = nn.Dropout(0.3)
        self.age = nn.Linear(2 * features, 2)
        nn.init.normal_(self.age.weight, std=0.002)
        nn.init.zeros_(self.age.bias)

    def load_imagenet(self, state: Mapping[str, Tensor]) -> None:
        """Loads the public EfficientNet-PyTorch port's weights up to the classifier; KeyError where a layer is missing."""
        assert isinstance(self.encoder, EfficientNetLite0) and isinstance(self.last, nn.Sequential)
        self.encoder.load_imagenet(state)
        ported = {"0.weight": state["_conv_head.weight"]}
        ported |= {f"1.{name}": state[f"_bn1.{name}"] for name in self.last[1].state_dict()}
        self.last.load_state_dict(ported)

    def grow(self, height: int) -> None:
        """Extends it to pictures of this height, which must not be less than before.

        Until it is trained further, a ResNet's answer for them is that for the same pictures averaged down.
        """
        if isinstance(self.encoder, HandResNet):
            for _ in range(doublings(height) - doublings(self.options.height)):
                self.encoder.stem.grow()
        self.options = replace(self.options, height=height)

    def forward(self, pictures: Tensor, female: Tensor) -> Tensor:
        features = self.last(self.encoder(pictures)[-1]).float()
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        with torch.autocast(pooled.device.type, enabled=False):  # bfloat16 would round ages to a month or so
            ages = 10.0 + 5.0 * self.age(self.dropout(pooled))
        chosen: Tensor = ages.gather(1, female.long()[:, None])[:, 0]
        return chosen
