"""The calibration after fine-tuning: fitted to the hands that are seen again, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.assessment.grading.grader import starting_cuts
from core.learning.finetuning.calibrating import Calibrated, fit_calibration, seen_again
from core.learning.lessons.material import GRADES, Material, MaterialWriter
from core.training.loop.device import CPU
from models.bone_grader import BoneGrader, OrdinalScale
from tests.core.learning.made_lessons import OPTIONS
from tests.graded import crops_of_hands


def _hands(count: int) -> Calibrated:
    """All of 100 months, which no random network says."""
    hands = crops_of_hands(count)
    return Calibrated(list(hands.crops), hands.female, np.full(count, 100.0, np.float32))


def _grader() -> BoneGrader:
    torch.manual_seed(1)
    return BoneGrader(OrdinalScale(starting_cuts()), OPTIONS)


def test_ages_come_to_the_readings_and_grades_stay() -> None:
    grader, fitted = _grader(), _grader()
    fit_calibration(fitted, _hands(50), CPU)
    before, after = grader.state_dict(), fitted.state_dict()
    moved = {name for name, values in before.items() if not torch.equal(values, after[name])}
    assert moved and all(name.startswith("calibration.") for name in moved)
    latents, sex = torch.full((1,), 10.0), torch.zeros(1, dtype=torch.long)
    asked = 100 / 12
    assert abs(fitted.calibration(latents, sex) - asked) < abs(grader.calibration(latents, sex) - asked)


def test_a_few_hands_leave_it_to_what_it_was() -> None:
    grader = _grader()
    before = {name: values.clone() for name, values in grader.calibration.state_dict().items()}
    assert fit_calibration(grader, _hands(3), CPU) == "learned step by step"
    for name, values in grader.calibration.state_dict().items():
        assert torch.equal(values, before[name])


@pytest.mark.parametrize(
    ("bones", "reading", "purpose"), [(12, True, "replay"), (13, False, "replay"), (13, True, "measured")]
)
def test_only_whole_hands_with_a_reading_that_are_seen_again(
    tmp_path: Path, bones: int, reading: bool, purpose: str
) -> None:
    crops = crops_of_hands(2).crops
    writer = MaterialWriter(tmp_path, lambda crops, bones: np.zeros((len(crops), GRADES), np.float32))
    for number, grade in enumerate((3, 4)):
        writer.add_graded(crops[0, :1], [0], [(grade,)], (str(number), "train"))
    writer.add(crops[0], range(13), [()] * 13, 1, 90.0, True, "replay")
    writer.add(crops[1, :bones], range(bones), [()] * bones, 0, 90.0, reading, purpose)  # type: ignore[arg-type]
    writer.close()
    found = seen_again(Material.open(tmp_path))
    assert len(found) == 1 and found.female.tolist() == [1] and found.months.tolist() == [90.0]
    np.testing.assert_array_equal(found.crops[0], crops[0])
