"""One bone cut and graded anew where a person put its box."""

import math
from dataclasses import replace

import numpy as np
import pytest

from core.assessment.assessor import Assessor
from core.errors import BoxRefused
from core.film.radiograph import read_radiograph
from core.hand.crops import moved_region
from core.hand.localization import Box
from tests.hands import Assess, Example


def _shifted(box: Box, x: float, y: float) -> Box:
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


@pytest.mark.parametrize("bone", ["Radius", "PP3", "DP5"])
def test_the_predicted_box_gives_the_predicted_grade(
    assessor: Assessor, example: Example, assessed: Assess, bone: str
) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    before = whole.bones[bone]
    assert before is not None
    region, probabilities = assessor.regrade(film, whole.localization, bone, before.box)
    assert region.box == before.box and region.status == "found"
    assert probabilities == pytest.approx(before.probabilities, abs=2e-3)
    assert probabilities.sum() == pytest.approx(1.0)


def test_another_place_gives_another_answer_and_leaves_the_film_alone(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    radius, tip = whole.bones["Radius"], whole.bones["DP3"]
    assert radius is not None and tip is not None
    there, probabilities = assessor.regrade(film, whole.localization, "Radius", tip.box)
    assert there.centre == pytest.approx(((tip.box[0] + tip.box[2]) / 2, (tip.box[1] + tip.box[3]) / 2))
    assert float(np.abs(probabilities - radius.probabilities).max()) > 0.05
    assert assessed(example).bones["Radius"] == radius


def test_a_box_drawn_for_a_bone_that_was_not_found(assessor: Assessor, example: Example, assessed: Assess) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    drawn = whole.bones["MP3"]
    assert drawn is not None
    lost = tuple(replace(r, status="missing") if r.bone == "MP3" else r for r in whole.localization.regions)
    region, probabilities = assessor.regrade(film, replace(whole.localization, regions=lost), "MP3", drawn.box)
    assert region.status == "found"
    assert int(probabilities.argmax()) == drawn.grade


def test_the_crop_grows_with_the_box_and_follows_it(example: Example, assessed: Assess) -> None:
    film = read_radiograph(example.path)
    region = next(r for r in assessed(example).localization.regions if r.bone == "PP3")
    x0, y0, x1, y1 = region.box
    twice = (x0 - (x1 - x0) / 2, y0 - (y1 - y0) / 2, x1 + (x1 - x0) / 2, y1 + (y1 - y0) / 2)
    grown = moved_region(film, region, twice)
    assert grown.size == pytest.approx(2 * region.size)
    assert grown.centre == pytest.approx(region.centre)
    assert grown.axis_degrees == region.axis_degrees
    aside = moved_region(film, region, _shifted(region.box, -7.5, 3.0))
    assert aside.size == pytest.approx(region.size)
    assert aside.centre == pytest.approx((region.centre[0] - 7.5, region.centre[1] + 3.0))


@pytest.mark.parametrize(
    "box", [(-1, 5, 40, 40), (5, 5, 1e6, 40), (40, 5, 40, 60), (60, 5, 40, 60), (math.nan, 5, 40, 60)]
)
def test_a_box_outside_the_film_or_without_area_is_refused_in_a_sentence(
    assessor: Assessor, example: Example, assessed: Assess, box: Box
) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    with pytest.raises(BoxRefused, match=r"MC1 .*\.$"):
        assessor.regrade(film, whole.localization, "MC1", box)


def test_an_unknown_bone_is_no_bone(assessor: Assessor, example: Example, assessed: Assess) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    with pytest.raises(ValueError, match="MC2"):
        assessor.regrade(film, whole.localization, "MC2", (5, 5, 40, 40))
