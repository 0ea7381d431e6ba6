"""What a reader is told of a film and an age beside the grades."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.checks.film_and_age import checks_of_ages, checks_of_film
from core.assessment.checks.rare_ages import rare_age
from core.assessment.records import END_OF_SCALE, BoneAge, Check, SecondOpinion
from core.film.radiograph import Radiograph
from core.hand.localization import Detail, Localization
from models.registry import load_grader
from tests.hands import Assess, Example


@pytest.fixture(scope="module")
def hand(example: Example, assessed: Assess) -> Localization:
    return assessed(example).localization


@pytest.fixture(scope="module")
def film(make_film: Callable[[NDArray[np.float32]], Radiograph]) -> Radiograph:
    return make_film(np.zeros((960, 720), np.float32))


def _failed(film: Radiograph, hand: Localization) -> dict[str, str]:
    return {check.name: check.message for check in checks_of_film(film, hand) if not check.passed}


def _named(checks: tuple[Check, ...]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_an_example_passes_all(film: Radiograph, hand: Localization) -> None:
    assert _failed(film, hand) == {} and hand.width_kept == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("width", "height", "word"), [(0.6, 1.0, "narrow"), (1.0, 0.6, "wide")])
@pytest.mark.parametrize("turned", [False, True])
def test_a_squeezed_hand_is_pointed_out(
    film: Radiograph, hand: Localization, width: float, height: float, word: str, turned: bool
) -> None:
    across = np.array([[0.0, -1.0], [1.0, 0.0]]) if turned else np.eye(2)
    squeezed = replace(hand, all_centres=hand.all_centres @ across * [width, height])
    failed = _failed(film, squeezed)
    assert (
        set(failed) == {"squeezed"} and f"looks {word}" in failed["squeezed"] and "square pixels" in failed["squeezed"]
    )


@pytest.mark.parametrize(
    ("detail", "said"), [(Detail(0.7, 1.0), "not sharp"), (Detail(0.5, 2.5), "compressed"), (None, None)]
)
def test_blur_and_blocks_are_pointed_out(
    film: Radiograph, hand: Localization, detail: Detail | None, said: str | None
) -> None:
    failed = _failed(film, replace(hand, detail=detail))
    assert set(failed) == ({"resolution"} if said else set()) and (said or "") in failed.get("resolution", "")


def test_bones_that_do_not_fit_are_pointed_out(film: Radiograph, hand: Localization) -> None:
    assert "placed differently" in _failed(film, replace(hand, misfit=0.2))["hand_shape"]
    assert "less clearly" in _failed(film, replace(hand, all_confidences=hand.all_confidences * 0.7))["hand_shape"]


def test_a_forearm_cut_short_is_pointed_out(film: Radiograph, hand: Localization) -> None:
    assert "close below the wrist" in _failed(film, replace(hand, forearm=0.3))["forearm"]
    assert _failed(film, replace(hand, forearm=0.4)) == _failed(film, replace(hand, forearm=None)) == {}


@pytest.mark.parametrize(
    ("tip", "taken_for", "finger"),
    [("DP1", "PP1", "thumb"), ("DP3", "MP3", "middle finger"), ("DP5", "DP3", "little finger")],
)
def test_a_fingertip_found_elsewhere_is_pointed_out(
    film: Radiograph, hand: Localization, tip: str, taken_for: str, finger: str
) -> None:
    """Where the film ends before it, its neighbour or another finger's is taken for it."""
    elsewhere = hand.region(taken_for).centre
    regions = tuple(replace(r, centre=elsewhere) if r.bone == tip else r for r in hand.regions)
    failed = _failed(film, replace(hand, regions=regions))
    assert f"The end of the {finger} was found in an unusual place" in failed["fingertips"]
    lost = tuple(replace(r, status="outside") if r.bone == tip else r for r in regions)
    assert set(_failed(film, replace(hand, regions=lost))) == {"all_bones"}


@pytest.mark.parametrize(("months", "rare"), [(20.0, True), (35.9, True), (36.0, False), (150.0, False), (192.0, True)])
def test_a_rare_age_says_how_few_were_learned_from(months: float, rare: bool) -> None:
    check = _named(checks_of_ages(BoneAge(months, (months, months), (months, months)), None, "M"))["rare_age"]
    assert check.passed is not rare
    assert not rare or "of the 990 hands" in check.message


def test_the_rare_ages_are_those_of_the_shipped_weights() -> None:
    ages = rare_age(20.0)
    assert ages is not None and ages.grader_sha256 == load_grader()[1].sha256, "count core/data/rare_ages.json anew"


def test_a_mature_hand_is_told_no_age() -> None:
    for sex, end in END_OF_SCALE.items():
        months = end + 12
        checks = _named(checks_of_ages(BoneAge(months, (0, 0), (0, 0)), SecondOpinion(months, 0.4), sex))
        assert not checks["end_of_scale"].passed and f"{end / 12:g} years or more" in checks["end_of_scale"].message
        assert checks["two_opinions"].passed and "years" not in checks["two_opinions"].message
