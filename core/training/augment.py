"""Random views of crops, drawn in one batch: slight turns, shifts and scales, other exposures, noise, hidden patches."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from core.crops import CONTEXT_SIDE, CROP_SIDE
from core.grade import standardise_crops


def random_views(crops: Tensor, generator: torch.Generator, strength: float = 1.0) -> Tensor:
    """crops Nx1xSxS float in [0, 1] with margin (S = CONTEXT_SIDE) -> Nx1xCxC standardised (C = CROP_SIDE).

    strength scales all geometric jitter; 1 is about the localiser's own error plus how readers' boxes differ. generator:
    of the CPU, wherever the crops are, so that the same seed draws the same views on every device.
    """
    count, device = len(crops), crops.device
    if count == 0:
        return crops.new_zeros(0, 1, CROP_SIDE, CROP_SIDE)

    def normal(scale: float) -> Tensor:
        return (torch.randn(count, generator=generator) * scale).to(device)

    def chance(probability: float) -> Tensor:
        return (torch.rand(count, generator=generator) < probability).float()[:, None, None, None].to(device)

    angle = normal(math.radians(7)) * strength
    zoom = torch.exp(normal(0.07) * strength) * CROP_SIDE / CONTEXT_SIDE
    stretch = torch.exp(normal(0.03) * strength)
    shift = torch.stack([normal(0.045), normal(0.045)], 1) * strength
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    affine = torch.stack(
        [torch.stack([cos * stretch, -sin, shift[:, 0]], 1), torch.stack([sin * stretch, cos, shift[:, 1]], 1)], 1
    )
    grid = F.affine_grid(affine, [count, 1, CROP_SIDE, CROP_SIDE], align_corners=False)
    views = F.grid_sample(crops, grid, padding_mode="border", align_corners=False)

    gamma = torch.exp(normal(0.3))[:, None, None, None]
    views = views.clamp_min(1e-4) ** gamma
    views = views * torch.exp(normal(0.15))[:, None, None, None] + normal(0.06)[:, None, None, None]
    noise = torch.randn(views.shape, generator=generator).to(device) * 0.04
    views = views + noise * chance(0.3)
    soft = F.avg_pool2d(views, 3, 1, 1, count_include_pad=False)
    views = torch.lerp(views, soft, chance(0.2))
    return standardise_crops(_hide_patch(views, generator, 0.3))


def _hide_patch(views: Tensor, generator: torch.Generator, probability: float) -> Tensor:
    """Replaces a random rectangle of some views with grey (random erasing, Zhong et al. 2020)."""
    count, _, height, width = views.shape
    size = torch.rand(count, 2, generator=generator) * 0.25 + 0.08
    start = torch.rand(count, 2, generator=generator) * (1 - size)
    y = torch.arange(height) / height
    x = torch.arange(width) / width
    rows = (y >= start[:, :1]) & (y < start[:, :1] + size[:, :1])
    columns = (x >= start[:, 1:]) & (x < start[:, 1:] + size[:, 1:])
    chosen = torch.rand(count, generator=generator) < probability
    patch = (rows[:, :, None] & columns[:, None, :] & chosen[:, None, None]).to(views.device)
    return torch.where(patch[:, None], views.mean((2, 3), keepdim=True), views)
