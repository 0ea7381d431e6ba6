"""Shows where the grading network looked: Grad-CAM of the predicted grades, and the gates of one stage."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.grading.grader import network_input
from core.assessment.records import BoneMaps, Explanation, StageGuide
from core.bones import RUS_BONES
from core.hand.crops import CROP_SIDE
from models.attention_residual import AttentionPath
from models.bone_grader import BoneGrader
from models.freezable import entering
from models.shuffle_attention import ShuffleAttention, passing, upsample

#: The last stage with 12 x 12 places; Grad-CAM of a later one is coarser than a growth plate.
FINEST_CAM: Final = 2


class _GradeScores(torch.nn.Module):
    """The grader's evidence for each grade as one differentiable score, N x (n_max + 1).

    Column k >= 1 is the log-odds that the bone has reached grade k; column 0 those that it has not reached grade 1. The
    probability of exactly grade k would not do: in the middle of a grade its gradient vanishes.
    """

    def __init__(self, grader: BoneGrader):
        super().__init__()
        self.grader = grader

    def forward(self, crops: Tensor, bones: Tensor) -> Tensor:
        latents = self.grader(crops, bones)
        steepness = self.grader.log_steepness[bones].exp()[:, None]
        reached = steepness * (latents[:, None] - self.grader.cuts()[bones])
        return torch.cat([-reached[:, :1], reached], dim=1)


def explain(
    grader: BoneGrader,
    crops: Mapping[str, NDArray[np.float32]],
    grades: Mapping[str, int],
    stage: int,
    cam_stage: int,
    guide: StageGuide,
) -> Explanation:
    """Maps of all crops in one batched forward and backward pass.

    crops: with margin, as core.hand.crops.cut makes them, by bone. grades: the predicted RUS-CHN grade of each.
    stage, cam_stage: 1..4, of the gates and of Grad-CAM. guide: of `stage`. Raises ValueError for another stage, or for a
    network without Shuffle Attention or the attention residual.
    """
    # Imported here because it loads matplotlib (half a second, 40 MiB), which those who ask for no map do not need.
    from captum.attr import LayerAttribution, LayerGradCam

    for given in (stage, cam_stage):
        if given not in (1, 2, 3, 4):
            raise ValueError(f"The network has stages 1 to 4; there is no stage {given}.")
    if not crops:
        return Explanation(stage, cam_stage, {}, guide)
    units = grader.trunk.last_units()
    attention, path = units[stage - 1].attention, units[stage - 1].path
    if attention is None or path is None:
        raise ValueError(
            "These weights are of a network without Shuffle Attention or the attention residual; it has no gates to show."
        )
    bones = [bone for bone in RUS_BONES if bone in crops]
    which = torch.tensor([RUS_BONES.index(bone) for bone in bones])
    stack = torch.from_numpy(np.stack([crops[bone] for bone in bones]))[:, None]
    views = network_input(stack)
    with entering([attention, path]) as entered:
        cam = LayerGradCam(_GradeScores(grader), units[cam_stage - 1])
        target = torch.tensor([grades[bone] for bone in bones])
        attribution = cam.attribute(views, target=target, additional_forward_args=(which,), relu_attributions=True)
    assert isinstance(attribution, Tensor)
    heat = LayerAttribution.interpolate(attribution.detach(), (CROP_SIDE, CROP_SIDE), "bilinear")[:, 0]
    heat = heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-12)
    with torch.inference_mode():
        gates = _gate_maps(attention, path, entered[attention][0], entered[path], guide)
    shown = (views[:, 0] * 0.25 + 0.5).clamp(0, 1)
    arrays = [m.float().clamp(0, 1).numpy() for m in (shown, heat, *gates)]
    maps = {bone: BoneMaps(bone, *(np.ascontiguousarray(a[i]) for a in arrays)) for i, bone in enumerate(bones)}
    return Explanation(stage, cam_stage, maps, guide)


def _gate_maps(
    attention: ShuffleAttention,
    path: AttentionPath,
    into_attention: Tensor,
    into_path: tuple[Any, ...],
    guide: StageGuide,
) -> tuple[Tensor, Tensor, Tensor]:
    """The maps of GATE_MAPS, in their order. The attention residual's gates are laid on what leaves Shuffle Attention."""
    gates = attention.gates(into_attention)
    spatial = passing(into_attention[:, attention.spatial_index], gates.spatial)
    chosen = slice(None) if guide.channels is None else list(guide.channels)
    channel = passing(into_attention[:, attention.channel_index[chosen]], gates.channel[:, chosen])
    residual = passing(attention(into_attention), path.gates(*into_path))
    return upsample(spatial, CROP_SIDE), upsample(channel, CROP_SIDE), upsample(residual, CROP_SIDE)
