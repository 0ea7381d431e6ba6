"""How much of the forearm a film shows."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.assessment.checks.film_and_age import FILM_DOUBTS
from core.evaluation.stress.changes import forearm_cut_off
from core.film.radiograph import Radiograph, film_hash
from core.hand.forearm import forearm_shown
from core.hand.growth_plates import growth_plate
from core.hand.localization import Localization
from tests.hands import Example

Film = NDArray[np.float32]


def _cut(film: Film, hand: Localization, shown: float) -> Film:
    """The film made black this far below the lower growth plate of the forearm's bones, in the hand's unit."""
    radius, ulna = (np.array(growth_plate(hand.region(bone))) for bone in ("Radius", "Ulna"))
    radians = np.radians(hand.region("Radius").axis_degrees)
    up = np.array([np.sin(radians), -np.cos(radians)])
    return forearm_cut_off(film, min(radius, ulna, key=lambda plate: plate @ up), up, shown * hand.size)


def _turned(hand: Localization, width: int) -> Localization:
    """Where the hand lies on the film after np.rot90."""

    def place(x: float, y: float) -> tuple[float, float]:
        return y, width - x

    regions = tuple(
        replace(region, centre=place(*region.centre), axis_degrees=region.axis_degrees - 90) for region in hand.regions
    )
    return replace(hand, regions=regions, all_centres=np.array([place(x, y) for x, y in hand.all_centres]))


def test_a_whole_film_shows_much_and_the_localiser_says_so(film: Film, hand: Localization) -> None:
    assert hand.forearm == forearm_shown(film, hand) and 0.5 < hand.forearm <= 0.9


@pytest.mark.parametrize("shown", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("turns", range(4))
def test_it_ends_where_the_film_does_or_is_blank_at_every_edge(
    film: Film, hand: Localization, shown: float, turns: int
) -> None:
    blank = _cut(film, hand, shown)
    short = blank[: int(np.flatnonzero(blank.any(1)).max()) + 1]
    for cut in (blank, short):
        lying, pixels = hand, cut
        for _ in range(turns):
            lying, pixels = _turned(lying, pixels.shape[1]), np.rot90(pixels)
        assert forearm_shown(np.ascontiguousarray(pixels), lying) == pytest.approx(shown, abs=0.08)


def test_cut_short_it_is_pointed_out(film: Film, hand: Localization, example: Example, assessor: Assessor) -> None:
    short = _cut(film, hand, 0.25)
    said = assessor.assess(Radiograph(short, None, None, film_hash(short)), example.sex)
    assert said.bone_age_months is not None and said.localization.forearm < 0.34  # type: ignore[operator]
    (check,) = (check for check in said.checks if check.name == "forearm")
    assert not check.passed and "ends close below the wrist" in check.message and check.name in FILM_DOUBTS
    assert Localization.from_dict(said.localization.to_dict()).forearm == said.localization.forearm
