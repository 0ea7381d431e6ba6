"""The second opinion's network: an age in one step from a picture of the whole hand."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.efficientnet_lite import EfficientNetLite0

_FEATURES = 1280


class WholeHandNetwork(nn.Module):
    """EfficientNet-Lite0 up to its last convolution, average and maximum pooling side by side, one output for each sex.

    Input: pictures Bx1xHxW float (H, W divisible by 32), standardised greys, and female B (0 or 1). Output: the
    radiologists' Greulich-Pyle age in years, B.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.last = nn.Sequential(
            nn.Conv2d(self.encoder.channels[-1], _FEATURES, 1, bias=False),
            nn.BatchNorm2d(_FEATURES, eps=1e-3, momentum=0.01),
            nn.ReLU6(inplace=True),
        )
        self.dropout = nn.Dropout(0.3)
        self.age = nn.Linear(2 * _FEATURES, 2)
        nn.init.normal_(self.age.weight, std=0.002)
        nn.init.zeros_(self.age.bias)

    def load_imagenet(self, state: Mapping[str, Tensor]) -> None:
        """Loads the public EfficientNet-PyTorch port's weights up to the classifier; KeyError where a layer is missing."""
        self.encoder.load_imagenet(state)
        ported = {"0.weight": state["_conv_head.weight"]}
        ported |= {f"1.{name}": state[f"_bn1.{name}"] for name in self.last[1].state_dict()}
        self.last.load_state_dict(ported)

    def forward(self, pictures: Tensor, female: Tensor) -> Tensor:
        features = self.last(self.encoder(pictures)[-1]).float()
        pooled = torch.cat([features.mean((2, 3)), features.amax((2, 3))], 1)
        ages = 10.0 + 5.0 * self.age(self.dropout(pooled))
        chosen: Tensor = ages.gather(1, female.long()[:, None])[:, 0]
        return chosen
