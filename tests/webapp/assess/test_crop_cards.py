"""The cards of the 13 crops."""

import base64
import re

import cv2
import numpy as np

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment, Explanation
from core.bones import BONE_TITLES, RUS_BONES
from core.film.radiograph import Radiograph
from core.hand.hand import Hand
from webapp.assess.crop_cards import NO_OVERLAY, OVERLAYS, crop_grid
from webapp.shared.pictures import heat


def _cards(html: str) -> dict[str, str]:
    return dict(re.findall(r'<article class="bone-card[^"]*" data-bone="(\w+)"(.*?)</article>', html, re.DOTALL))


def test_there_are_13_cards_in_anatomical_order(assessment: Assessment, explanation: Explanation) -> None:
    cards = _cards(crop_grid(assessment, explanation, NO_OVERLAY, 0.5))
    assert list(cards) == list(RUS_BONES)
    for bone, card in cards.items():
        one = assessment.bones[bone]
        assert one is not None
        assert f"<strong>{one.label}</strong>" in card and f"TW3 {one.tw3_stage}" in card
        assert BONE_TITLES[bone] in card and f"{one.probabilities[one.grade]:.0%}".replace("%", " %") in card
        assert card.count("<i") - card.count("<img") == len(one.probabilities)
        assert card.count("<img") == card.count('alt="') == 1 + len(OVERLAYS)


def test_layers_show_the_maps_on_their_absolute_scale(assessment: Assessment, explanation: Explanation) -> None:
    cards = _cards(crop_grid(assessment, explanation, "sa_spatial", 0.5))
    for key in OVERLAYS:
        found = re.search(rf'data-layer="{key}" alt="[^"]+" src="data:image/png;base64,([^"]+)"', cards["PP3"])
        assert found is not None
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(found[1]), np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(shown, heat(getattr(explanation.maps["PP3"], key)))


def test_the_grid_says_which_overlay_stage_and_weights_it_shows(
    assessment: Assessment, explanation: Explanation
) -> None:
    html = crop_grid(assessment, explanation, "grad_cam", 0.35)
    assert 'id="crop-grid"' in html and 'data-overlay="grad_cam"' in html and "--overlay-opacity:0.35" in html
    assert 'data-stage="3"' in html and "gates of stage 3" in html
    assert "Localiser abababab" in html and "Grader cdcdcdcd" in html
    assert "own maximum" in html and "absolute" in html


def test_a_bone_out_of_line_is_marked_with_what_its_neighbours_point_to(
    assessment: Assessment, out_of_line: Assessment, explanation: Explanation
) -> None:
    assert "out-of-line" not in crop_grid(assessment, explanation, NO_OVERLAY, 0.5)
    cards = _cards(crop_grid(out_of_line, explanation, NO_OVERLAY, 0.5))
    assert [bone for bone, card in cards.items() if "out-of-line" in card] == ["PP3"]
    (found,) = out_of_line.inconsistencies
    assert f'title="{found.sentence}">Out of line with its neighbours</p>' in cards["PP3"]
    assert cards["PP3"].count(found.sentence) == 2, "whoever cannot point at it hears it with the card"


def test_a_missing_bone_is_not_shown_as_grade_0(
    assessor: Assessor, radiograph: Radiograph, without_ulna: Assessment
) -> None:
    maps = assessor.explain(Hand(radiograph, without_ulna.localization), without_ulna, 2)
    cards = _cards(crop_grid(without_ulna, maps, NO_OVERLAY, 0.5))
    assert len(cards) == 13
    assert "Not found" in cards["Ulna"] and "not grade 0" in cards["Ulna"] and "<strong>" not in cards["Ulna"]
