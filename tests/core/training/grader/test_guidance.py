"""Guidance: the gates learn to let through more on the growth plate than beside it."""

import torch

from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES
from core.hand.crops import CROP_SIDE
from core.hand.growth_plates import growth_plate_band
from core.training.grader.guidance import beside_the_plate, guided
from models.bone_grader import BoneGrader, OrdinalScale
from models.freezable import entering
from models.improved_resnet import ResNetOptions
from models.shuffle_attention import ShuffleAttention

_BONES = torch.arange(len(RUS_BONES))


def _grader(**options: bool) -> BoneGrader:
    torch.manual_seed(0)
    return BoneGrader(OrdinalScale(starting_cuts()), ResNetOptions(width=16, groups=2, open_gates=True, **options))


def _lacking(grader: BoneGrader) -> torch.Tensor:
    crops = torch.randn(len(_BONES), 1, CROP_SIDE, CROP_SIDE, generator=torch.Generator().manual_seed(1))
    with entering(guided(grader)) as entered:
        grader(crops, _BONES)
    return beside_the_plate(entered, _BONES)


def test_what_passes_moves_to_the_plate() -> None:
    grader = _grader()
    optimizer = torch.optim.Adam(grader.parameters(), 2e-3)
    before = _lacking(grader).item()
    assert before > 0.1, "gates that know nothing pass no more on the plate than beside it"
    for _ in range(25):
        loss = _lacking(grader)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    assert _lacking(grader).item() < before / 2


def test_gates_that_open_on_the_plate_alone_lack_nothing() -> None:
    """A picture that is bright on the plate alone, in gates that follow the brightness."""
    attention = ShuffleAttention(16, 2, open_gates=True)
    with torch.no_grad():
        attention.spatial_scale.fill_(10.0)
    band = torch.stack([torch.from_numpy(growth_plate_band(bone)).float() for bone in RUS_BONES])
    bright = (band[:, None] - 0.5).expand(-1, 16, -1, -1)
    assert beside_the_plate({attention: (bright,)}, _BONES).item() == 0
    assert beside_the_plate({attention: (-bright,)}, _BONES).item() > 1


def test_a_grader_without_gates_has_none_to_guide() -> None:
    assert guided(_grader(shuffle_attention=False)) == []
