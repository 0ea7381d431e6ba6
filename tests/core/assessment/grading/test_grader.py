"""Grading of crops."""

import inspect

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.assessment.grading.grader import Grader, _grid, network_input, score_table, standardise_crops, starting_cuts
from core.bones import RUS_BONES, Sex
from core.film.radiograph import read_radiograph
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from core.standards import grade_count
from core.standards.maturity import boys_scale
from tests.hands import Assess, Example

Crops = dict[str, NDArray[np.float32]]


def test_each_bone_has_the_probabilities_of_its_own_grades(assessor: Assessor, example_crops: Crops) -> None:
    graded = assessor.grader.grade(example_crops)
    assert list(graded) == list(example_crops)
    for bone, probabilities in graded.items():
        assert probabilities.shape == (grade_count(bone) + 1,)
        assert probabilities.min() >= 0 and probabilities.sum() == pytest.approx(1.0)


def test_a_bone_is_graded_alone_as_in_a_batch(assessor: Assessor, example_crops: Crops) -> None:
    together = assessor.grader.grade(example_crops)
    for bone, crop in example_crops.items():
        np.testing.assert_allclose(assessor.grader.grade({bone: crop})[bone], together[bone], atol=1e-4)


def test_order_makes_no_difference(assessor: Assessor, example_crops: Crops) -> None:
    forwards = assessor.grader.grade(example_crops)
    backwards = assessor.grader.grade(dict(reversed(example_crops.items())))
    for bone in forwards:
        np.testing.assert_allclose(backwards[bone], forwards[bone], atol=1e-4)


def test_nothing_to_grade(small_grader: Grader) -> None:
    assert small_grader.grade({}) == {}


def test_grades_never_depend_on_sex(
    assessor: Assessor, example: Example, assessed: Assess, example_crops: Crops
) -> None:
    assert "sex" not in inspect.signature(Grader.grade).parameters
    given = assessed(example)
    other: Sex = "F" if given.sex == "M" else "M"
    swapped = assessor.score(
        read_radiograph(example.path), other, given.localization, assessor.grader.grade(example_crops), 0.0, None
    )
    for bone, graded in given.bones.items():
        again = swapped.bones[bone]
        assert graded is not None and again is not None
        assert again.probabilities == pytest.approx(graded.probabilities, abs=1e-4) and again.grade == graded.grade
    assert swapped.standards["rus_chn"].total != given.standards["rus_chn"].total, "the tables do know the sex"


def test_views_are_the_middle_of_the_crop() -> None:
    crops = torch.rand(2, 1, CONTEXT_SIDE, CONTEXT_SIDE)
    margin = (CONTEXT_SIDE - CROP_SIDE) // 2
    middle = crops[:, :, margin:-margin, margin:-margin]
    torch.testing.assert_close(network_input(crops), standardise_crops(middle), atol=1e-4, rtol=0)


def test_what_one_asked_in_half_precision_is_exact_for_the_next() -> None:
    _grid.cache_clear()
    crops = torch.rand(1, 1, CONTEXT_SIDE, CONTEXT_SIDE)
    with torch.autocast("cpu", torch.bfloat16):
        network_input(crops, 6.0)
    first = network_input(crops, 6.0)
    _grid.cache_clear()
    torch.testing.assert_close(first, network_input(crops, 6.0), rtol=0, atol=0)


def test_greys_are_centred() -> None:
    assert standardise_crops(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-2.0, 0.0, 2.0]


def test_score_table() -> None:
    boys, girls = score_table("M"), score_table("F")
    assert boys.shape == girls.shape == (13, 15)
    # The printed RUS-CHN rows of the radius, grade 0 first.
    assert boys[0].tolist() == [0, 8, 11, 15, 18, 31, 46, 76, 118, 135, 171, 188, 197, 201, 209]
    assert girls[0].tolist() == [0, 10, 15, 22, 25, 40, 59, 91, 125, 138, 178, 192, 199, 203, 210]
    fifth = RUS_BONES.index("DP5")
    assert boys[fifth].tolist() == [0, 3, 4, 6, 11, 17, 23, 29, 32, 36, 40, 49, 0, 0, 0], "zero beyond the last grade"
    assert boys.amax(1).sum() == girls.amax(1).sum() == 1000


def test_starting_cuts_increase() -> None:
    cuts = starting_cuts()
    assert cuts.shape == (13, 14)
    for row, bone in zip(cuts, RUS_BONES, strict=True):
        count = grade_count(bone)
        assert row[count:].isnan().all() and row[:count].isfinite().all()
        assert (row[:count].diff() > 0).all()
        assert row[0] > 0 and row[count - 1] < 18.5


def test_the_boys_scale() -> None:
    years = np.array([6.0, 10.0, 14.0])
    np.testing.assert_array_equal(boys_scale(years, "M"), years)
    assert (boys_scale(years, "F") > years).all(), "a girl is ahead of a boy of her age"


@pytest.mark.parametrize("sex", ["M", "F"])
def test_the_calibration_increases(assessor: Assessor, sex: Sex) -> None:
    ages = assessor.grader.radiologists_age(np.linspace(2.0, 18.0, 65), sex)
    assert (np.diff(ages) > 0).all() and ages.min() > -5 and ages.max() < 25
