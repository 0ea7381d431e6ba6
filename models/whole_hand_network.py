"""The second opinion's network: an age in one step from a picture of the whole hand."""

import torch
from torch import Tensor, nn

from models.efficientnet_lite import EfficientNetLite0


class WholeHandNetwork(nn.Module):
    """EfficientNet-Lite0, average and maximum pooling side by side, and two layers that are told the sex.

    Input: pictures Bx1xHxW float (H, W divisible by 32), standardised greys, and female B (0 or 1). Output: the
    radiologists' Greulich-Pyle age in years, B.
    """

    def __init__(self) -> None:
        super().__init__()
        self.encoder = EfficientNetLite0()
        self.head = nn.Sequential(
            nn.Linear(2 * self.encoder.channels[-1] + 1, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 1)
        )

    def forward(self, pictures: Tensor, female: Tensor) -> Tensor:
        last = self.encoder(pictures)[-1].float()
        pooled = torch.cat([last.mean((2, 3)), last.amax((2, 3)), female[:, None]], 1)
        age: Tensor = 10.0 + 5.0 * self.head(pooled)[:, 0]
        return age
