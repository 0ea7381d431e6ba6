"""The two roads from grades to ages."""

import pytest
import torch

from core.bones import RUS_BONES, Sex
from core.standards import age_of_total, grade_count, total_of_grades
from core.training.grader.ages import TotalAge, bone_age_maps


def _certain(grades: dict[str, int]) -> torch.Tensor:
    table = torch.zeros(1, 13, 15)
    for place, bone in enumerate(RUS_BONES):
        table[0, place, grades[bone]] = 1.0
    return table


@pytest.mark.parametrize("sex", ["M", "F"])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
def test_the_age_of_certain_grades_is_the_table_s(sex: Sex, share: float) -> None:
    grades = {bone: round(share * grade_count(bone)) for bone in RUS_BONES}
    age = TotalAge()(_certain(grades), torch.tensor([int(sex == "F")]))
    expected = age_of_total("rus_chn", sex, total_of_grades("rus_chn", sex, grades))
    assert age.item() == pytest.approx(expected, abs=1e-3)


def test_the_age_of_a_mature_hand_is_finite_and_learnable() -> None:
    mature = _certain({bone: grade_count(bone) for bone in RUS_BONES})
    assert TotalAge()(mature, torch.tensor([0])).item() == pytest.approx(18.0, abs=0.01)
    middle = _certain({bone: grade_count(bone) // 2 for bone in RUS_BONES}).requires_grad_()
    TotalAge()(middle, torch.tensor([1])).sum().backward()
    assert middle.grad is not None and middle.grad.isfinite().all() and middle.grad.abs().sum() > 0


def test_bone_age_maps_start_at_the_tables() -> None:
    maps = bone_age_maps()
    years = torch.tensor([4.0, 10.0, 16.0])
    for bone in (0, 7, 12):
        boys = maps(years, torch.full((3,), 2 * bone))
        girls = maps(years, torch.full((3,), 2 * bone + 1))
        torch.testing.assert_close(boys, years, atol=1e-3, rtol=0)
        assert girls[1] < 10.0, "a girl with a ten-year-old boy's skeleton is younger"
        assert (girls.diff() > 0).all()
