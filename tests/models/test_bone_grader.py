"""The grading network: ordinal probabilities, cut points under training, and what it may and may not know."""

import inspect
from math import nan

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions

#: Three bones with 4, 1 and 2 grades above 0.
SCALE = OrdinalScale(torch.tensor([[2.0, 5.0, 9.0, 14.0], [7.0, nan, nan, nan], [3.0, 11.0, nan, nan]]))
OPTIONS = ResNetOptions(width=8, blocks=(1, 1, 1, 1), groups=2, bones=3)


def grader(dropout: float = 0.3) -> BoneGrader:
    torch.manual_seed(0)
    return BoneGrader(SCALE, OPTIONS, dropout)


def sweep(network: BoneGrader, bone: int) -> tuple[Tensor, Tensor]:
    """Latents from long before birth to far beyond maturity, and one bone's probabilities there."""
    latents = torch.linspace(-20.0, 40.0, 601)
    with torch.no_grad():
        return latents, network.probabilities(latents, torch.full((601,), bone))


def test_grades_of_each_bone() -> None:
    assert SCALE.grades.tolist() == [4, 1, 2]
    assert grader().grades.tolist() == [4, 1, 2]


def test_cut_points_start_where_the_scale_says() -> None:
    cuts = grader().cuts()
    known = ~SCALE.cuts.isnan()
    torch.testing.assert_close(cuts[known], SCALE.cuts[known])
    assert cuts.isfinite().all()
    assert (cuts.diff(dim=1) > 0).all()


def test_probabilities_worked_out_by_hand() -> None:
    network = grader()
    with torch.no_grad():
        network.log_steepness.zero_()  # steepness 1
        probabilities = network.probabilities(torch.tensor([7.0, 7.0]), torch.tensor([2, 1]))
    # Bone 2, cuts 3 and 11: sigmoid(4) = 0.98201 has grade 1 or more, sigmoid(-4) = 0.01799 grade 2.
    # Bone 1, its one cut at 7: one half each.
    expected = torch.tensor([[0.01799, 0.96403, 0.01799, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(probabilities, expected, atol=1e-5, rtol=0)


def test_steepness_is_each_bone_s_own() -> None:
    network = grader()
    with torch.no_grad():
        network.log_steepness.copy_(torch.tensor([0.0, 1.0, 2.0]).log())
        after = network.probabilities(torch.tensor([8.0, 4.0]), torch.tensor([1, 2]))
    assert after[0, 1].item() == pytest.approx(torch.sigmoid(torch.tensor(1.0 * 1)).item(), abs=1e-5)
    assert after[1, 0].item() == pytest.approx(torch.sigmoid(torch.tensor(-2.0 * 1)).item(), abs=1e-5)


@pytest.mark.parametrize("bone", [0, 1, 2])
def test_probabilities_sum_to_one_and_none_is_negative(bone: int) -> None:
    _, probabilities = sweep(grader(), bone)
    assert probabilities.shape == (601, 5)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(601))
    assert (probabilities >= 0).all()


@pytest.mark.parametrize(("bone", "grades"), [(0, 4), (1, 1), (2, 2)])
def test_no_grade_beyond_a_bone_s_last(bone: int, grades: int) -> None:
    _, probabilities = sweep(grader(), bone)
    assert (probabilities[:, grades + 1 :] == 0).all()
    assert probabilities[-1, grades] > 0.999  # the last grade takes it all at the end
    assert probabilities[0, 0] > 0.999


@pytest.mark.parametrize("bone", [0, 1, 2])
def test_more_maturity_never_means_a_lower_grade(bone: int) -> None:
    latents, probabilities = sweep(grader(), bone)
    exceed = probabilities.flip(1).cumsum(1).flip(1)[:, 1:]
    assert (exceed.diff(dim=0) >= -1e-6).all()
    expected = (probabilities * torch.arange(5)).sum(1)
    within = (latents > 2) & (latents < 10)
    assert (expected[within].diff() > 0).all()


def test_most_probable_grade_changes_halfway_up_the_cut_points() -> None:
    latents = torch.tensor([1.0, 3.0, 7.0, 12.0, 15.0])
    probabilities = grader().probabilities(latents, torch.zeros(5, dtype=torch.long))
    assert probabilities.argmax(1).tolist() == [0, 1, 2, 3, 4]


def test_cut_points_stay_increasing_while_training_pulls_them_together() -> None:
    network = grader()
    optimiser = torch.optim.SGD([network.first_cut, network.cut_steps], lr=0.5)
    before = network.cuts().detach().clone()
    for _ in range(20):
        optimiser.zero_grad()
        cuts = network.cuts()
        (cuts[:, -1] - cuts[:, 0]).sum().backward()
        optimiser.step()
    after = network.cuts().detach()
    assert ((after[:, -1] - after[:, 0]) < (before[:, -1] - before[:, 0])).all()
    assert (after.diff(dim=1) > 0).all()
    for bone in range(3):
        assert (sweep(network, bone)[1] >= 0).all()


def test_training_steps_lower_the_loss_and_keep_the_order() -> None:
    network = grader(dropout=0.0).train()
    torch.manual_seed(0)  # the crops do not hang on how much the network's start has drawn
    crops, bones, truth = torch.rand(6, 1, 64, 64), torch.tensor([0, 0, 1, 1, 2, 2]), torch.tensor([4, 0, 1, 0, 2, 1])
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        probabilities = network.probabilities(network(crops, bones), bones)
        loss = F.nll_loss(probabilities.clamp_min(1e-6).log(), truth)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert (network.cuts().diff(dim=1) > 0).all()
    assert not torch.allclose(network.first_cut, SCALE.cuts[:, 0], atol=1e-4)  # the cut points learn too


def test_gradient_reaches_every_parameter_but_the_calibration() -> None:
    network = grader(dropout=0.0)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("_scale") or name == "trunk.bone.weight":
                parameter.normal_()
    bones = torch.tensor([0, 1, 2, 0])
    probabilities = network.probabilities(network(torch.rand(4, 1, 64, 64), bones), bones)
    (probabilities * torch.randn(4, 5)).sum().backward()
    for name, parameter in network.named_parameters():
        if name.startswith("calibration."):
            assert parameter.grad is None, name  # the calibration, which knows the sex, has no part in the grades
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all() and parameter.grad.any(), name


def test_never_sees_the_sex() -> None:
    assert set(inspect.signature(BoneGrader.forward).parameters) == {"self", "crops", "bones"}
    assert set(inspect.signature(BoneGrader.probabilities).parameters) == {"self", "latents", "bones"}
    network = grader().eval()
    crops, bones = torch.rand(3, 1, 64, 64), torch.arange(3)
    with torch.no_grad():
        before = network.probabilities(network(crops, bones), bones)
        for parameter in network.calibration.parameters():
            parameter.normal_()  # all that differs between boys and girls
        assert torch.equal(network.probabilities(network(crops, bones), bones), before)


def test_calibration_starts_as_no_change_for_both_sexes() -> None:
    ages = torch.tensor([0.0, 3.7, 12.0, 18.5])
    calibration = grader().calibration
    for sex in (0, 1):
        torch.testing.assert_close(calibration(ages, torch.full((4,), sex)), ages, atol=1e-4, rtol=1e-4)


def test_latents_are_years_around_ten() -> None:
    network = grader().eval()
    crops, bones = torch.rand(3, 1, 64, 64), torch.arange(3)
    with torch.no_grad():
        latents = network(crops, bones)
        assert latents.shape == (3,)
        assert ((latents > 0) & (latents < 20)).all()
        network.head.bias.copy_(torch.tensor([0.1, 0.2, -0.3]))
        torch.testing.assert_close(network(crops, bones) - latents, torch.tensor([1.0, 2.0, -3.0]), atol=1e-4, rtol=0)


def test_crops_of_a_batch_are_graded_one_by_one() -> None:
    network = grader().eval()
    crops, bones = torch.rand(3, 1, 64, 64), torch.tensor([2, 0, 1])
    with torch.no_grad():
        together = network(crops, bones)
        order = torch.tensor([1, 2, 0])
        torch.testing.assert_close(network(crops[order], bones[order]), together[order], atol=1e-4, rtol=1e-4)
