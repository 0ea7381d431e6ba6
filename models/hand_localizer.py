"""The localiser's network: heat maps and box sizes of 21 hand regions, and three logits on the whole film."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.efficientnet_lite import EfficientNetLite0

#: The encoder's coarsest features, from which the logits on the whole film come, have one cell per this many pixels.
COARSEST_STRIDE = 32


class LocalizerOutput(NamedTuple):
    """Raw outputs for a batch of B square films of side S.

    heatmaps: Bx21xS/2xS/2 logits, a peak at each region's centre.
    sizes: Bx42xS/2xS/2, log(width/S) of the 21 regions, then log(height/S), in the hand's upright frame;
        meaningful near the region's centre.
    hand: B logits, the film shows a hand.
    inverted: B logits, the film's greys are inverted (bone dark).
    upright: B logits, the film shows a left hand (seen from its back) turned by less than 45 degrees; only then do the
        heat maps count, so try the eight quarter turns and mirror images and believe the one with the highest.
    """

    heatmaps: Tensor
    sizes: Tensor
    hand: Tensor
    inverted: Tensor
    upright: Tensor


class _Up(nn.Module):
    """Doubles the resolution, adds the encoder's features of that resolution, and mixes."""

    def __init__(self, channels_in: int, channels_skip: int, channels_out: int):
        super().__init__()
        self.reduce = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.skip = nn.Conv2d(channels_skip, channels_out, 1, bias=False)
        self.mix = nn.Sequential(
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        up = F.interpolate(self.reduce(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed: Tensor = self.mix(up + self.skip(skip))
        return mixed


class HandLocalizer(nn.Module):
    """EfficientNet-Lite0 encoder and a U-shaped decoder.

    Input: Bx1xSxS float, S divisible by 32, standardised greys (see core.hand.looks.standardise).
    """

    def __init__(self, regions: int = 21):
        super().__init__()
        self.regions = regions
        self.encoder = EfficientNetLite0()
        c2, c4, c8, c16, c32 = self.encoder.channels
        self.up16 = _Up(c32, c16, 128)
        self.up8 = _Up(128, c8, 96)
        self.up4 = _Up(96, c4, 64)
        self.up2 = _Up(64, c2, 48)
        self.heat = nn.Conv2d(48, regions, 1)
        self.size = nn.Conv2d(48, 2 * regions, 1)
        self.film = nn.Linear(c32, 3)
        assert self.heat.bias is not None and self.size.bias is not None
        nn.init.constant_(self.heat.bias, -5.0)  # nearly all cells are background: start there
        nn.init.constant_(self.size.bias, -2.3)  # log(0.1): a region spans about a tenth of the film

    def forward(self, x: Tensor) -> LocalizerOutput:
        p2, p4, p8, p16, p32 = self.encoder(x)
        film = self.film(p32.mean((2, 3)))
        y = self.up2(self.up4(self.up8(self.up16(p32, p16), p8), p4), p2)
        return LocalizerOutput(self.heat(y), self.size(y), film[:, 0], film[:, 1], film[:, 2])


class FilmLogits(nn.Module):
    """The three logits on the whole film (a hand, inverted, upright), without the decoder and for every place.

    Input: Bx1xHxW as the localiser's, H and W divisible by 32. Output: Bx3xH/32xW/32 logits (hand, inverted, upright), whose
    means over a part of the picture are what the localiser says of that part.
    """

    def __init__(self, localizer: HandLocalizer):
        super().__init__()
        self.encoder, self.film = localizer.encoder, localizer.film

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(self.encoder(x)[-1], self.film.weight[:, :, None, None], self.film.bias)


def peaks(heatmaps: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Region centres, extents and confidences from the network's heat maps and sizes.

    heatmaps: BxRxHxW logits; sizes: Bx2RxHxW logs of a fraction of the film's side.
    Returns centres BxRx2 (x, y as a fraction of the side, sub-cell by the centroid of the 5x5 cells around the peak),
    extents BxRx2 (width, height as a fraction of the side) and confidences BxR in [0, 1].
    """
    batch, regions, height, width = heatmaps.shape
    flat = heatmaps.flatten(2)
    highest, index = flat.max(2)
    row, column = index // width, index % width
    offsets = torch.arange(-2, 3, device=heatmaps.device)
    rows = row[..., None] + offsets  # BxRx5
    columns = column[..., None] + offsets
    inside = ((rows >= 0) & (rows < height))[..., :, None] & ((columns >= 0) & (columns < width))[..., None, :]
    cells = rows.clamp(0, height - 1)[..., :, None] * width + columns.clamp(0, width - 1)[..., None, :]
    weight = torch.sigmoid(flat.gather(2, cells.flatten(2))).view(batch, regions, 5, 5) * inside
    total = weight.sum((2, 3)).clamp_min(1e-9)
    y = (weight.sum(3) * rows).sum(2) / total
    x = (weight.sum(2) * columns).sum(2) / total
    centres = torch.stack([(x + 0.5) / width, (y + 0.5) / height], -1)
    log_sizes = sizes.view(batch, 2, regions, height * width).gather(
        3, index[:, None, :, None].expand(batch, 2, regions, 1)
    )
    extents = log_sizes[..., 0].exp().transpose(1, 2)
    return centres, extents, torch.sigmoid(highest)
