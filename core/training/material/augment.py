"""Random views of crops and of whole hands, drawn in one batch: slight turns, shifts and scales, other exposures, noise,
hidden patches."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from core.assessment.age.second_opinion import hand_views, standardise_views, view_affines
from core.assessment.grading.grader import standardise_crops
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE


def random_views(crops: Tensor, generator: torch.Generator, strength: float = 1.0, cut_close: float = 0.0) -> Tensor:
    """crops Nx1xSxS float in [0, 1] with margin (S = CONTEXT_SIDE) -> Nx1xCxC standardised (C = CROP_SIDE).

    strength scales all geometric jitter; 1 is about the localiser's own error plus the differences between readers' boxes.
    cut_close: share of the views that look as if a person had cut the bone out, as exemplars are: a slanted rectangle whose
    edge is continued outwards (see core.cohort.exemplar_frame), with grey values of its own. generator: of the CPU, wherever
    the crops are, so that the same seed draws the same views on every device, up to the noise, which another device draws from
    its own.
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
    rows = torch.randperm(count, generator=generator)[: round(cut_close * count)].to(device)
    close = torch.zeros(count, dtype=torch.bool, device=device)
    close[rows] = True
    if len(rows):
        grid[rows] = _cut_out(grid[rows], affine[rows], generator)
    views = F.grid_sample(crops, grid, padding_mode="border", align_corners=False)

    def exposure(usual: float, when_close: float) -> Tensor:
        spread = torch.where(close, when_close, usual)
        return (normal(1.0) * spread)[:, None, None, None]

    views = views.clamp_min(1e-4) ** torch.exp(exposure(0.3, 0.4))
    views = views * torch.exp(exposure(0.15, 0.25)) + exposure(0.06, 0.08)
    # Drawing the noise here for another device would take longer than the network's step there.
    here = device.type == "cpu"
    noise = torch.randn(views.shape, generator=generator) if here else torch.randn_like(views)
    views = views + noise * (0.04 * chance(0.3))
    soft = F.avg_pool2d(views, 3, 1, 1, count_include_pad=False)
    views = torch.lerp(views, soft, chance(0.2))
    return standardise_crops(_hide_patch(views, generator, 0.3))


def random_hand_views(windows: Sequence[Tensor], height: int, generator: torch.Generator) -> Tensor:
    """Whole hands' windows, one tensor Nx1xSxS in [0, 1] for each side S -> the views of all, Mx1xHxW (H = height, W = 3/4 H),
    standardised, in this order.

    generator: of the CPU, wherever the windows are. The noise comes from their device's own generator.
    """
    count, device = sum(len(some) for some in windows), windows[0].device

    def normal(*scales: float) -> Tensor:
        return (torch.randn(len(scales), count, generator=generator) * torch.tensor(scales)[:, None]).to(device)

    drawn = normal(7.0, 0.07, 0.06, 0.03, 0.03)
    affines = view_affines(drawn[0], torch.exp(drawn[1]), torch.exp(drawn[2]), drawn[3], drawn[4])
    parts = zip(windows, affines.split([len(some) for some in windows]), strict=True)
    views = torch.cat([hand_views(some, their, height) for some, their in parts])
    gamma, contrast, brightness = normal(0.3, 0.15, 0.05)[:, :, None, None, None]
    views = views.clamp(1e-4, 1) ** torch.exp(gamma) * torch.exp(contrast) + brightness
    noisy, soft, mirrored = (
        torch.rand(3, count, generator=generator) < torch.tensor([0.3, 0.2, 0.5])[:, None]
    ).to(device)[:, :, None, None, None]  # fmt: skip
    views = views + torch.randn_like(views) * (0.03 * noisy)
    views = torch.where(soft, F.avg_pool2d(views, 3, 1, 1, count_include_pad=False), views)
    views = torch.where(mirrored, views.flip(3), views)
    return standardise_views(_hide_patch(views, generator, 0.5))


def _cut_out(grid: Tensor, affine: Tensor, generator: torch.Generator) -> Tensor:
    """The sampling grid NxCxCx2 of `affine` Nx2x3 where outside a random rectangle its edge is seen, continued outwards."""
    count, device = len(grid), grid.device
    half = (0.5 + 0.55 * torch.rand(count, 1, 1, 2, generator=generator)).to(device)
    middle = (0.1 * torch.randn(count, 1, 1, 2, generator=generator)).to(device)
    angle = (math.radians(20) * torch.randn(count, generator=generator)).to(device)
    turn = torch.stack([torch.stack([angle.cos(), -angle.sin()], 1), torch.stack([angle.sin(), angle.cos()], 1)], 1)
    identity = torch.eye(2, 3, device=device).expand(count, 2, 3)
    view = F.affine_grid(identity, [count, 1, *grid.shape[1:3]], align_corners=False)
    aslant = (view.flatten(1, 2) @ turn).view_as(view)
    clamped = torch.minimum(torch.maximum(aslant, middle - half), middle + half).flatten(1, 2)
    upright = clamped @ turn.transpose(1, 2)
    return (upright @ affine[:, :, :2].transpose(1, 2) + affine[:, None, :, 2]).view_as(grid)


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
