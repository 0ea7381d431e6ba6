"""One bone cut and graded anew where a person put its box."""

from dataclasses import replace

import numpy as np
import pytest

from core.assessment.assessor import Assessor
from core.errors import BoxRefused
from core.film.box import Box
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from tests.hands import Assess, Example


def _shifted(box: Box, x: float, y: float) -> Box:
    return Box(box.xmin + x, box.ymin + y, box.xmax + x, box.ymax + y)


@pytest.mark.parametrize("bone", ["Radius", "PP3", "DP5"])
def test_the_predicted_box_gives_the_predicted_grade(
    assessor: Assessor, example: Example, assessed: Assess, example_hand: Hand, bone: str
) -> None:
    whole = assessed(example)
    before = whole.bones[bone]
    assert before is not None
    again = assessor.regrade(example_hand, bone, before.box)
    assert again.region.box == before.box and again.region.status == "found"
    assert again.probabilities == pytest.approx(before.probabilities, abs=2e-3)
    assert again.probabilities.sum() == pytest.approx(1.0)


def test_another_place_gives_another_answer_and_leaves_the_film_alone(
    assessor: Assessor, example: Example, assessed: Assess, example_hand: Hand
) -> None:
    whole = assessed(example)
    radius, tip = whole.bones["Radius"], whole.bones["DP3"]
    assert radius is not None and tip is not None
    there = assessor.regrade(example_hand, "Radius", tip.box)
    assert there.region.centre == pytest.approx(((tip.box.xmin + tip.box.xmax) / 2, (tip.box.ymin + tip.box.ymax) / 2))
    assert float(np.abs(there.probabilities - radius.probabilities).max()) > 0.05
    assert assessed(example).bones["Radius"] == radius


def test_a_box_drawn_for_a_bone_that_was_not_found(assessor: Assessor, example: Example, assessed: Assess) -> None:
    whole = assessed(example)
    drawn = whole.bones["MP3"]
    assert drawn is not None
    lost = tuple(replace(r, status="missing") if r.bone == "MP3" else r for r in whole.localization.regions)
    hand = Hand(read_radiograph(example.path), replace(whole.localization, regions=lost))
    again = assessor.regrade(hand, "MP3", drawn.box)
    assert again.region.status == "found"
    assert int(again.probabilities.argmax()) == drawn.grade


def test_the_crop_grows_with_the_box_and_follows_it(example_hand: Hand) -> None:
    region = example_hand.localization.region("PP3")
    x0, y0, x1, y1 = region.box
    twice = Box(x0 - (x1 - x0) / 2, y0 - (y1 - y0) / 2, x1 + (x1 - x0) / 2, y1 + (y1 - y0) / 2)
    grown = example_hand.moved("PP3", twice)
    assert grown.size == pytest.approx(2 * region.size)
    assert grown.centre == pytest.approx(region.centre)
    assert grown.axis_degrees == region.axis_degrees
    aside = example_hand.moved("PP3", _shifted(region.box, -7.5, 3.0))
    assert aside.size == pytest.approx(region.size)
    assert aside.centre == pytest.approx((region.centre[0] - 7.5, region.centre[1] + 3.0))


@pytest.mark.parametrize("box", [Box(-1, 5, 40, 40), Box(5, 5, 1e6, 40)])
def test_a_box_outside_the_film_is_refused_in_a_sentence(assessor: Assessor, example_hand: Hand, box: Box) -> None:
    with pytest.raises(BoxRefused, match=r"MC1 .*\.$"):
        assessor.regrade(example_hand, "MC1", box)


def test_an_unknown_bone_is_no_bone(assessor: Assessor, example_hand: Hand) -> None:
    with pytest.raises(ValueError, match="MC2"):
        assessor.regrade(example_hand, "MC2", Box(5, 5, 40, 40))
