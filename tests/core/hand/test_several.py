"""Two hands on one film."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.assessment.checks.film_and_age import checks_of_film
from core.film.radiograph import Radiograph, read_radiograph
from core.film.stated import Side
from core.hand.localization import Localization
from core.hand.several import chosen, has_room_for_another, offers_another, outline
from tests.hands import Example, shipped_examples

MakeFilm = Callable[[NDArray[np.float32]], Radiograph]


def _moved(hand: Localization, right: float, times: float = 1.0, mirrored: bool = False) -> Localization:
    regions = tuple(replace(region, size=times * region.size) for region in hand.regions)
    centres = times * hand.all_centres + [right, 0.0]
    return replace(hand, all_centres=centres, regions=regions, mirrored=mirrored)


def test_which_of_two_hands_is_read(hand: Localization) -> None:
    left, right = _moved(hand, 0), _moved(hand, 800, mirrored=True)
    assert chosen([right, left], "L") == (left, right) and chosen([right, left], "R") == (right, left)
    second = _moved(hand, 800)  # two left hands: the one further to the wanted side
    assert chosen([second, left], "L")[0] is left and chosen([second, left], "R")[0] is second
    adult = _moved(hand, 800, 1.5)
    for wanted in ("L", "R"):
        assert chosen([adult, right], wanted)[0] is right
    assert not offers_another(replace(right, other_hands=(adult.as_other_hand(),)))
    assert offers_another(replace(right, other_hands=(left.as_other_hand(),)))


def test_there_is_room_for_another_hand_on_a_wide_film_alone(
    example: Example, hand: Localization, make_film: MakeFilm
) -> None:
    film = read_radiograph(example.path).pixels
    assert not has_room_for_another(make_film(film), hand)
    for axis in (0, 1):
        assert has_room_for_another(make_film(np.concatenate([film, film], axis)), hand)


def test_the_outline_holds_all_regions(hand: Localization) -> None:
    corners = outline(hand).astype(np.float32)
    assert all(cv2.pointPolygonTest(corners, tuple(map(float, middle)), False) > 0 for middle in hand.all_centres)


@pytest.mark.parametrize("wanted", ["L", "R"])
def test_left_and_right_beside_each_other(
    example: Example, hand: Localization, assessor: Assessor, make_film: MakeFilm, wanted: Side
) -> None:
    film = read_radiograph(example.path).pixels
    width = film.shape[1]
    both = make_film(np.hstack([film[:, ::-1], film]))
    found = assessor.localizer.locate(both, wanted=wanted)
    assert found.mirrored is (wanted == "R") and [other.mirrored for other in found.other_hands] == [wanted == "L"]
    expected = hand.all_centres * [1 if wanted == "L" else -1, 1] + np.array([width, 0])
    assert np.linalg.norm(found.all_centres - expected, axis=1).max() < 0.1 * hand.size
    (check,) = (check for check in checks_of_film(both, found) if check.name == "one_hand")
    assert not check.passed and "two hands" in check.message
    assert f"the {'left' if wanted == 'L' else 'right'} one was read" in check.message
    assert Localization.from_dict(found.to_dict()).other_hands == found.other_hands


def test_of_two_left_hands_the_left_one_is_read(
    hand: Localization, example: Example, assessor: Assessor, make_film: MakeFilm
) -> None:
    film, other = read_radiograph(example.path).pixels, read_radiograph(shipped_examples()[0].path).pixels
    found = assessor.localizer.locate(make_film(np.hstack([film, other])))
    assert len(found.other_hands) == 1 and all(region.status == "found" for region in found.regions)
    assert np.linalg.norm(found.all_centres - hand.all_centres, axis=1).max() < 0.1 * hand.size


def test_a_childs_hand_beside_an_adults_is_the_childs(
    hand: Localization, example: Example, assessor: Assessor, make_film: MakeFilm
) -> None:
    child = read_radiograph(example.path).pixels
    adult = np.asarray(cv2.resize(child[:, ::-1], None, fx=1.7, fy=1.7, interpolation=cv2.INTER_LINEAR), np.float32)
    (height, width), reach = child.shape, round(0.1 * adult.shape[1])
    both = np.zeros((adult.shape[0], width + adult.shape[1] - reach), np.float32)
    both[:, width - reach :] = adult
    # the adult's thumb reaches over the edge of the child's film, as fingers that hold a wrist do
    both[-height:, :width] = np.maximum(both[-height:, :width], child)
    found = assessor.localizer.locate(make_film(both))
    assert found.size == pytest.approx(hand.size, rel=0.05) and len(found.other_hands) == 1
    assert not offers_another(found)
