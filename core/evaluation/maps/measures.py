"""What can be measured of a map over a crop: likeness to another map, its share in a region, what deleting by it does."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor, nn

from core.hand.crops import CROP_SIDE
from models.bone_grader import BoneGrader

Floats = NDArray[np.float64]
Orders = NDArray[np.int64]

#: Maps are compared and pixels deleted in square blocks of this many pixels a side, BLOCKS x BLOCKS of them.
BLOCK: Final = 8
BLOCKS: Final = CROP_SIDE // BLOCK
#: Shares of the crop that are deleted, one after the other.
DELETED: Final = (0.05, 0.1, 0.2, 0.3, 0.5)
#: Deleted pixels are taken from the crop blurred by this many pixels (standard deviation): as wide as a block, so that
#: outlines and greys stay and the growth plate, 2 to 6 pixels wide, does not.
BLUR: Final = 8.0
#: Blocks in the part of a map that is highest, for `shared_top`.
_TOP: Final = round(0.2 * BLOCKS**2)
#: Gates and shares that differ by less are the same: interpolation leaves noise in an even map.
_DIGITS: Final = 4

#: Which parts of the grader are randomised, from the output down: each entry with all before it.
CASCADE: Final = ("head", "stage 4", "stage 3", "stage 2", "stage 1", "first layers")


def blocks_of(maps: NDArray[np.float32]) -> Floats:
    """Means of the blocks, N x BLOCKS², row by row. maps: N x CROP_SIDE x CROP_SIDE."""
    tiles = maps.astype(np.float64).reshape(len(maps), BLOCKS, BLOCK, BLOCKS, BLOCK)
    return np.asarray(np.round(tiles.mean((2, 4)), _DIGITS).reshape(len(maps), BLOCKS**2))


def is_even(blocks: Floats) -> NDArray[np.bool_]:
    """Which of N maps prefer no place to another. blocks: N x B."""
    return np.asarray(np.ptp(blocks, axis=1) == 0.0)


def rank_correlation(first: Floats, second: Floats) -> Floats:
    """Spearman's correlation of N pairs of maps, -1..1; NaN where one of them is even. first, second: N x B."""
    ranks = [rankdata(blocks, axis=1) for blocks in (first, second)]
    a, b = (r - r.mean(1, keepdims=True) for r in ranks)
    spread = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.asarray(np.divide((a * b).sum(1), spread, out=np.full(len(a), np.nan), where=spread > 0))


def highest_first(blocks: Floats, random: np.random.Generator) -> Orders:
    """Numbers of the blocks, N x B, in falling order of the map; equals in random order, so that an even map gives a
    random order and not one from the top left."""
    return np.lexsort((random.random(blocks.shape), -blocks), axis=1)


def centre_first(count: int, random: np.random.Generator) -> Orders:
    """Numbers of the blocks, `count` x B, from the crop's middle outwards; equals in random order."""
    middle = np.arange(BLOCKS) - (BLOCKS - 1) / 2
    distance = np.hypot(middle[:, None], middle[None, :]).round(6).ravel()
    return highest_first(np.tile(-distance, (count, 1)), random)


def shared_top(first: Floats, second: Floats, random: np.random.Generator) -> Floats:
    """How much of the highest fifth of N pairs of maps is the same, 0..1; 0.2 by chance. first, second: N x B."""
    tops = [highest_first(blocks, random)[:, :_TOP] for blocks in (first, second)]
    return np.array([len(np.intersect1d(a, b)) / _TOP for a, b in zip(*tops, strict=True)])


def share_inside(maps: NDArray[np.float32], regions: NDArray[np.bool_]) -> Floats:
    """Share of each map's sum that lies in its region, 0..1; NaN for a map that is 0 everywhere. Both N x S x S."""
    total = maps.sum((1, 2), dtype=np.float64)
    inside = (maps * regions).sum((1, 2), dtype=np.float64)
    return np.asarray(np.divide(inside, total, out=np.full(len(maps), np.nan), where=total > 0))


def above_minimum(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each map less its own minimum, 0 for an even one: the part of a gate's opening that varies over the crop. N x S x
    S."""
    lifted = maps - maps.min((1, 2), keepdims=True)
    return np.where(lifted.max((1, 2), keepdims=True) < 10.0**-_DIGITS, np.float32(0), lifted)


def blurred(views: Tensor) -> Tensor:
    """Gaussian blur by BLUR pixels, N x 1 x S x S; the border is continued outwards."""
    reach = math.ceil(2.5 * BLUR)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / BLUR) ** 2)
    weights = weights / weights.sum()
    wide = F.pad(views, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(wide, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))


def deleted(views: Tensor, orders: Orders) -> Tensor:
    """Each crop with the first blocks of its order replaced by their blurred selves, one copy for each of DELETED.

    views: N x 1 x CROP_SIDE x CROP_SIDE. orders: N x BLOCKS². Returns len(DELETED) x N x 1 x CROP_SIDE x CROP_SIDE.
    """
    ranks = torch.from_numpy(np.argsort(orders, axis=1)).view(-1, 1, BLOCKS, BLOCKS)
    ranks = ranks.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)
    soft = blurred(views)
    return torch.stack([torch.where(ranks < round(share * BLOCKS**2), soft, views) for share in DELETED])


@torch.inference_mode()
def deletion_curve(latents: Callable[[Tensor, Tensor], Tensor], views: Tensor, bones: Tensor, orders: Orders) -> Floats:
    """By how many years the maturity of each crop moves, up or down, as more of it is deleted: N x len(DELETED).

    latents: crops N x 1 x S x S and bone numbers N -> years N, a grading network. views, bones: what it sees.
    orders: N x BLOCKS². All copies pass the network at once.
    """
    before = latents(views, bones)
    copies = deleted(views, orders).flatten(0, 1)
    after = latents(copies, bones.repeat(len(DELETED))).view(len(DELETED), -1)
    return np.asarray((after - before).abs().T.double().numpy())


def area(curves: Floats) -> Floats:
    """Mean height of deletion curves over 0 .. the last of DELETED, in the curves' unit (trapezoids). ... x len(DELETED)."""
    shares = np.array([0.0, *DELETED])
    heights = np.concatenate([np.zeros((*curves.shape[:-1], 1)), curves], axis=-1)
    return np.asarray(np.trapezoid(heights, shares, axis=-1) / shares[-1])


def randomised(grader: BoneGrader, seed: int, views: Tensor, bones: Tensor, parts: int = len(CASCADE)) -> BoneGrader:
    """A copy that has forgotten what it learned in the first `parts` of CASCADE (Adebayo et al. 2018).

    Each of their parameter tensors has its own values in random order, so that sizes stay those of a trained network;
    drawn anew, the attention's gates would be even by construction. Batch normalisation in these parts takes its
    statistics from `views` (N x 1 x S x S) and `bones` (N), as those of the trained network no longer fit.
    """
    network = copy.deepcopy(grader).eval()
    generator = torch.Generator().manual_seed(seed)
    stages = network.trunk.stages()
    within = {id(module) for stage in stages for module in stage.modules()}
    pool = {id(module) for module in network.trunk.pool.modules()}
    first = [m for m in network.trunk.modules() if id(m) not in within | pool]
    groups: Sequence[Sequence[nn.Module]] = (
        [*network.head.modules(), *network.trunk.pool.modules()],
        *(list(stage.modules()) for stage in reversed(stages)),
        first,
    )
    chosen = [module for group in groups[:parts] for module in group]
    norms = [module for module in chosen if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for module in chosen:
            for values in module.parameters(recurse=False):
                shuffled = values.flatten()[torch.randperm(values.numel(), generator=generator)]
                values.copy_(shuffled.view_as(values))
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
        network(views, bones)
    return network.eval()
