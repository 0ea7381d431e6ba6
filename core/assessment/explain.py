"""Shows where the grading network looked: Grad-CAM of the predicted grades and the Shuffle-Attention gates of one stage."""

from collections.abc import Mapping

import numpy as np
import torch
from captum.attr import LayerAttribution, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor

from core.assessment.grader import network_input
from core.assessment.records import BoneMaps, Explanation
from core.bones import RUS_BONES
from core.hand.crops import CROP_SIDE
from models.bone_grader import BoneGrader
from models.improved_resnet import ResidualUnit
from models.shuffle_attention import gate_maps, upsample


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
    grader: BoneGrader, crops: Mapping[str, NDArray[np.float32]], grades: Mapping[str, int], stage: int = 3
) -> Explanation:
    """Maps of all crops in one batched forward and backward pass.

    crops: with margin, as core.hand.crops.cut makes them, by bone. grades: the predicted RUS-CHN grade of each.
    stage: 1..4. Raises ValueError for another stage, or for a network without Shuffle Attention.
    """
    if stage not in (1, 2, 3, 4):
        raise ValueError(f"The network has stages 1 to 4; there is no stage {stage}.")
    if not crops:
        return Explanation(stage, {})
    unit = grader.trunk.stages()[stage - 1][-1]
    assert isinstance(unit, ResidualUnit)
    if unit.attention is None:
        raise ValueError("These weights are of a network without Shuffle Attention; it has no gates to show.")
    bones = [bone for bone in RUS_BONES if bone in crops]
    which = torch.tensor([RUS_BONES.index(bone) for bone in bones])
    stack = torch.from_numpy(np.stack([crops[bone] for bone in bones]))[:, None]
    views = network_input(stack)
    entering: list[Tensor] = []
    hook = unit.attention.register_forward_pre_hook(lambda _, inputs: entering.append(inputs[0].detach()))
    try:
        cam = LayerGradCam(_GradeScores(grader), unit)
        target = torch.tensor([grades[bone] for bone in bones])
        attribution = cam.attribute(views, target=target, additional_forward_args=(which,), relu_attributions=True)
    finally:
        hook.remove()
    assert isinstance(attribution, Tensor)
    heat = LayerAttribution.interpolate(attribution.detach(), (CROP_SIDE, CROP_SIDE), "bilinear")[:, 0]
    heat = heat / heat.amax((1, 2), keepdim=True).clamp_min(1e-12)
    with torch.inference_mode():
        channel, spatial = gate_maps(entering[0], unit.attention.gates(entering[0]), unit.attention)
        channel, spatial = upsample(channel, CROP_SIDE), upsample(spatial, CROP_SIDE)
    shown = (views[:, 0] * 0.25 + 0.5).clamp(0, 1)
    arrays = [m.float().clamp(0, 1).numpy() for m in (shown, heat, spatial, channel)]
    return Explanation(
        stage, {bone: BoneMaps(bone, *(np.ascontiguousarray(a[i]) for a in arrays)) for i, bone in enumerate(bones)}
    )
