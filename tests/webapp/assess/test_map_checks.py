"""The line beside the maps that says how far they mean something."""

import re
from dataclasses import replace

import pytest

from core.assessment.records import Assessment, Explanation
from core.evaluation.maps.checked import CheckedMap, CheckedMaps, Estimate
from webapp.assess.crop_cards import crop_grid
from webapp.assess.map_checks import NOT_CHECKED, checks_line

#: The weights of tests/webapp/conftest.py.
GRADER = "cd" * 32

GOOD = CheckedMap(
    correlation=Estimate(0.061, 0.03, 0.09),
    band_ratio=Estimate(1.62, 1.5, 1.7),
    band_ratio_randomised=Estimate(1.04, 1.0, 1.1),
    more_than_random=Estimate(0.52, 0.4, 0.6),
    more_than_centre=Estimate(0.21, 0.1, 0.3),
)
BAD = CheckedMap(
    correlation=Estimate(0.83, 0.8, 0.9),
    band_ratio=Estimate(1.13, 1.05, 1.2),
    band_ratio_randomised=Estimate(1.34, 1.3, 1.4),
    more_than_random=Estimate(0.05, -0.1, 0.2),
    more_than_centre=Estimate(-0.91, -1.0, -0.8),
)
CHECKS = CheckedMaps(GRADER, 100, 3, 2, GOOD, BAD)


def test_what_was_found_is_said_in_words_good_or_bad() -> None:
    said, line = checks_line(CHECKS, {"localizer": "ab" * 32, "grader": GRADER}).split("<details>")
    shows, looks = said.split("SA spatial")
    assert "Checked on 100 hands: Grad-CAM shows what the network has learned" in shows
    assert "what it marks matters more to the grade than random places" in shows
    assert "looks much the same with an untrained network, and what it marks matters not measurably more" in looks
    assert not re.search(r"\d\.\d", said), "the figures are folded away"
    assert "Measured on 100 hands: Grad-CAM (stage 2) changes" in line and "SA spatial (stage 3) hardly" in line
    good, bad = line.split("SA spatial")
    assert "changes with randomised weights (rank correlation 0.06)" in good
    assert "lies on the growth plate more than by chance (1.62 times), more than without training (1.04)" in good
    assert "moves the maturity more than random places (+0.5 years), more than the crop" in good
    assert "hardly changes with randomised weights (rank correlation 0.83)" in bad
    assert "lies on the growth plate more than by chance (1.13 times), less than without training (1.34)" in bad
    assert (
        "not measurably more than random places" in bad and "less than the crop" in bad and "(\N{MINUS SIGN}0.9)" in bad
    )


def test_what_is_the_same_of_both_maps_is_said_once() -> None:
    said = checks_line(replace(CHECKS, sa_spatial=GOOD), {"grader": GRADER}).split("<details>")[0]
    assert (
        "Grad-CAM and SA spatial: each shows what the network has learned" in said and said.count("random places") == 1
    )


def test_gates_that_are_even_do_not_change() -> None:
    even = replace(BAD, correlation=None)
    assert "SA spatial (stage 3) is uniform everywhere" in checks_line(
        replace(CHECKS, sa_spatial=even), {"grader": GRADER}
    )


@pytest.mark.parametrize("checks", [None, replace(CHECKS, grader_sha256="ef" * 32)])
def test_checks_of_other_weights_are_not_shown(checks: CheckedMaps | None) -> None:
    line = checks_line(checks, {"grader": GRADER})
    assert NOT_CHECKED in line and "growth plate" not in line and "<details>" not in line


def test_the_line_stands_beside_the_maps(
    assessment: Assessment, explanation: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.assess.crop_cards.checked", lambda: CHECKS)
    html = crop_grid(assessment, explanation, "grad_cam", 0.4)
    assert html.count(checks_line(CHECKS, assessment.weights)) == 1
    assert html.index('class="colour-bar"') < html.index('class="map-checks"') < html.index('class="cards"')
