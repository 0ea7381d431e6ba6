"""The losses of exemplars, on cases worked out by hand."""

import math

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES
from core.training.grader.losses import exemplar_loss
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions

SMALL = ResNetOptions(width=16, groups=2)


def test_exemplar_loss_prefers_the_grade_given() -> None:
    grader = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    bones = torch.tensor([0])
    cuts = grader.cuts()[0].detach()
    middle_of_grade_7 = ((cuts[6] + cuts[7]) / 2)[None]
    losses = [exemplar_loss(grader, middle_of_grade_7, bones, torch.tensor([grade])).item() for grade in range(1, 15)]
    assert int(np.argmin(losses)) + 1 == 7
    assert losses[0] > losses[4] > losses[6] < losses[8] < losses[13], "the further off, the worse"


def test_exemplar_loss_worked_out_by_hand() -> None:
    grader = BoneGrader(OrdinalScale(starting_cuts()), SMALL)
    fifth = RUS_BONES.index("DP5")
    far_beyond = torch.tensor([200.0])
    right = exemplar_loss(grader, far_beyond, torch.tensor([fifth]), torch.tensor([11])).item()
    wrong = exemplar_loss(grader, far_beyond, torch.tensor([fifth]), torch.tensor([9])).item()
    # Each of the 11 questions is answered with certainty, which counts as a probability of 0.9999.
    assert right == pytest.approx(11 * -math.log(0.9999), rel=0.05)
    assert wrong == pytest.approx(9 * -math.log(0.9999) + 2 * -math.log(0.0001), rel=0.01)
