"""The cards of the 13 crops."""

import base64
import re
from dataclasses import replace

import cv2
import numpy as np

from core.assessment.assessor import Assessor
from core.assessment.records import Assessment, Explanation, StageGuide
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


def _shown(card: str, key: str) -> object:
    found = re.search(rf'data-layer="{key}" data-name="[^"]+" alt="[^"]+" src="data:image/png;base64,([^"]+)"', card)
    assert found is not None
    return cv2.imdecode(np.frombuffer(base64.b64decode(found[1]), np.uint8), cv2.IMREAD_COLOR)


def test_layers_show_the_maps_on_the_scales_that_hold_for_all_hands(
    assessment: Assessment, explanation: Explanation
) -> None:
    maps = explanation.maps["PP3"]
    card = _cards(crop_grid(assessment, explanation, "sa_spatial", 0.5))["PP3"]
    for key in OVERLAYS:
        assert np.array_equal(_shown(card, key), heat(getattr(maps, key))), "nothing was measured of untrained weights"
    scales = {"sa_spatial": (0.25, 0.85), "sa_channel": (0.1, 0.9), "residual": (0.0, 0.5)}
    measured = replace(explanation, guide=StageGuide((0, 2, 5), scales))
    html = crop_grid(assessment, measured, "sa_spatial", 0.5)
    for key, (low, high) in {**scales, "grad_cam": (0.0, 1.0)}.items():
        assert np.array_equal(_shown(_cards(html)["PP3"], key), heat(getattr(maps, key), low, high))
    assert 'aria-label="Colour bar from 0.25 (violet) to 0.85 (yellow)"' in html
    assert "".join(f"<span>{tick}</span>" for tick in ("0.25", "0.4", "0.55", "0.7", "0.85")) in html
    assert "of the 3 channels that differ most between grades" in html


def test_the_grid_says_which_overlay_stage_and_weights_it_shows(
    assessment: Assessment, explanation: Explanation
) -> None:
    html = crop_grid(assessment, explanation, "grad_cam", 0.35)
    assert 'id="crop-grid"' in html and 'data-overlay="grad_cam"' in html and "--overlay-opacity:0.35" in html
    assert 'data-stage="3"' in html and "gates of stage 3" in html
    assert "Localiser abababab" in html and "Grader cdcdcdcd" in html
    assert 'data-name="Grad-CAM, stage 2"' in html and 'data-name="SA spatial, stage 3"' in html
    assert "own maximum" in html and "Grad-CAM of the predicted grade at stage 2" in html


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
