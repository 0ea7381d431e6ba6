"""Where the grading network looked."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.assessment.assessor import Assessor
from core.assessment.grading.explain import explain
from core.assessment.grading.grader import Grader, network_input, starting_cuts
from core.assessment.grading.map_guide import guide_for
from core.assessment.records import GATE_MAPS, Explanation, StageGuide
from core.bones import RUS_BONES
from core.hand.hand import Hand
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from tests.hands import Assess, Example

Crops = dict[str, NDArray[np.float32]]
KINDS = ("crop", "grad_cam", *GATE_MAPS)


def _grades(grader: Grader, crops: Crops) -> dict[str, int]:
    return {bone: int(values.argmax()) for bone, values in grader.grade(crops).items()}


def _explained(network: BoneGrader, crops: Crops, grades: dict[str, int], stage: int) -> Explanation:
    """Gates and Grad-CAM of one stage, all channels shown."""
    return explain(network, crops, grades, stage, stage, StageGuide())


def _hooks(network: nn.Module) -> int:
    return sum(
        len(hooks)
        for module in network.modules()
        for hooks in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
    )


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_maps_of_every_found_bone_in_range(assessor: Assessor, example_crops: Crops, stage: int) -> None:
    network = assessor.grader.network
    explanation = _explained(network, example_crops, _grades(assessor.grader, example_crops), stage)
    assert explanation.stage == stage
    assert list(explanation.maps) == [bone for bone in RUS_BONES if bone in example_crops]
    for maps in explanation.maps.values():
        for kind in KINDS:
            picture = getattr(maps, kind)
            assert picture.shape == (96, 96) and picture.dtype == np.float32
            assert picture.min() >= 0 and picture.max() <= 1
        assert maps.grad_cam.max() == pytest.approx(1.0, abs=1e-4) or not maps.grad_cam.any()
    assert any(maps.grad_cam.any() for maps in explanation.maps.values())
    assert _hooks(network) == 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_through_the_assessor(
    assessor: Assessor, example: Example, assessed: Assess, example_hand: Hand, example_crops: Crops
) -> None:
    explanation = assessor.explain(example_hand, assessed(example), 3)
    assert explanation.stage == 3 and list(explanation.maps) == list(example_crops)
    assert explanation.cam_stage == 2, "a map of 6 x 6 places is coarser than a growth plate"
    assert explanation.guide == guide_for(assessor.weights["grader"]).of_stage(3)
    assert assessor.explain(example_hand, assessed(example), 1).cam_stage == 1


def _passed(before: Tensor, after: Tensor) -> NDArray[np.float32]:
    """How much of the activity comes through, at the size of the crop: what the maps of gates show."""
    share = after.abs().sum(1) / before.abs().sum(1)
    return F.interpolate(share[:, None], size=(96, 96), mode="bilinear", align_corners=False)[:, 0].numpy()


def test_maps_of_gates_show_what_they_let_through(assessor: Assessor, example_crops: Crops) -> None:
    """Measured on the network itself: what leaves Shuffle Attention and the attention residual, over what enters."""
    network = assessor.grader.network
    unit = network.trunk.last_units()[2]
    attention = unit.attention
    assert attention is not None and unit.path is not None
    seen: list[Tensor] = []
    handles = [
        attention.register_forward_hook(lambda _, inputs, output: seen.extend((inputs[0], output))),
        unit.path.register_forward_hook(lambda _, inputs, output: seen.append(output)),
    ]
    crops = torch.from_numpy(np.stack(list(example_crops.values())))[:, None]
    which = torch.tensor([RUS_BONES.index(bone) for bone in example_crops])
    with torch.no_grad():
        network(network_input(crops), which)
    for handle in handles:
        handle.remove()
    before, after, laid_on = seen
    # Undo the shuffle of two groups: channel j of run i came out as channel 2 j + i.
    ordered = torch.cat([after[:, 0::2], after[:, 1::2]], 1)
    spatial, channel = attention.spatial_index, attention.channel_index[[1, 4]]
    explanation = explain(
        network, example_crops, _grades(assessor.grader, example_crops), 3, 2, StageGuide(channels=(1, 4))
    )
    expected = {
        "sa_spatial": _passed(before[:, spatial], ordered[:, spatial]),
        "sa_channel": _passed(before[:, channel], ordered[:, channel]),
        "residual": _passed(after, after * laid_on),
    }
    for kind in GATE_MAPS:
        shown = np.stack([getattr(maps, kind) for maps in explanation.maps.values()])
        np.testing.assert_allclose(shown, expected[kind], atol=2e-3)
        assert np.ptp(shown) > 0.001


def test_an_untrained_gate_is_the_same_everywhere(small_grader: Grader, example_crops: Crops) -> None:
    maps = _explained(small_grader.network, example_crops, dict.fromkeys(example_crops, 5), 2).maps
    for bone in maps.values():
        np.testing.assert_allclose(bone.sa_spatial, 0.731, atol=1e-3)  # sigmoid(1), not stretched to 0..1
        np.testing.assert_allclose(bone.sa_channel, 0.731, atol=1e-3)
        np.testing.assert_allclose(bone.residual, 0.881, atol=0.03)  # sigmoid(2), and small weights


def test_the_same_maps_again(assessor: Assessor, example_crops: Crops) -> None:
    grades = _grades(assessor.grader, example_crops)
    first, second = (_explained(assessor.grader.network, example_crops, grades, 3) for _ in range(2))
    for bone in first.maps:
        for kind in KINDS:
            np.testing.assert_array_equal(getattr(first.maps[bone], kind), getattr(second.maps[bone], kind))


def test_a_bone_that_was_not_found_has_no_maps(small_grader: Grader, example_crops: Crops) -> None:
    found = {bone: crop for bone, crop in reversed(example_crops.items()) if bone not in ("Ulna", "DP5")}
    maps = _explained(small_grader.network, found, dict.fromkeys(found, 3), 2).maps
    assert list(maps) == [bone for bone in RUS_BONES if bone in found]
    assert _explained(small_grader.network, {}, {}, 2).maps == {}


@pytest.mark.parametrize("stage", [0, 5])
def test_there_are_four_stages(small_grader: Grader, example_crops: Crops, stage: int) -> None:
    with pytest.raises(ValueError, match=f"no stage {stage}"):
        _explained(small_grader.network, example_crops, dict.fromkeys(example_crops, 1), stage)


def test_a_network_without_attention_has_no_gates(example_crops: Crops) -> None:
    plain = BoneGrader(OrdinalScale(starting_cuts()), ResNetOptions(width=16, groups=2, shuffle_attention=False))
    with pytest.raises(ValueError, match="Shuffle Attention"):
        _explained(plain.eval(), example_crops, dict.fromkeys(example_crops, 1), 2)
