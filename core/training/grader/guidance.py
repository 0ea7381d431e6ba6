"""Guides what Shuffle Attention's gates let through: more on the growth plate, where a reader looks, than beside it."""

import functools
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.bones import RUS_BONES
from core.hand.growth_plates import growth_plate_band
from models.bone_grader import BoneGrader
from models.freezable import Freezable
from models.shuffle_attention import ShuffleAttention, passing

#: The stages whose last gates are guided: those whose maps have enough places to distinguish the plate from what is beside it.
_STAGES: Final = (2, 3)
#: How much more should pass on the plate than beside it; beyond that nothing more is asked.
_MARGIN: Final = 0.15


def guided(grader: BoneGrader) -> list[ShuffleAttention]:
    """The modules whose gates are guided; none where the grader has no Shuffle Attention."""
    units = grader.trunk.last_units()
    attentions = (units[stage - 1].attention for stage in _STAGES)
    return [attention for attention in attentions if attention is not None]


def beside_the_plate(entered: Mapping[Freezable, tuple[Any, ...]], bones: Tensor) -> Tensor:
    """How far the gates fall short of letting through _MARGIN more on the growth plate than beside it; the mean over modules
    and crops, 0 where none falls short, or nothing is guided.

    entered: the inputs of the guided modules, see models.freezable.entering. bones: of the crops, N.
    """
    lacking = []
    for attention, (x, *_) in entered.items():
        assert isinstance(attention, ShuffleAttention)
        activity = x.float()
        through = passing(activity[:, attention.spatial_index], attention.gates(activity).spatial)
        band = _bands(through.shape[-1]).to(through.device)[bones]
        on, beside = ((through * share).sum((1, 2)) / share.sum((1, 2)) for share in (band, 1 - band))
        lacking.append(F.relu(_MARGIN + beside - on).mean())
    return torch.stack(lacking).mean() if lacking else torch.zeros(())


@functools.cache
def _bands(side: int) -> Tensor:
    """The share of each of side x side places that lies in a bone's band, 13 x side x side."""
    bands = np.stack([growth_plate_band(bone) for bone in RUS_BONES]).astype(np.float32)
    return F.interpolate(torch.from_numpy(bands)[:, None], (side, side), mode="area")[:, 0]
