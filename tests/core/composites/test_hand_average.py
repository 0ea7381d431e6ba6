"""Averages of hands, on drawn films."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import ALL_BONES
from core.composites.hand_average import LEAST_HANDS, LocatedHand, TooFewHandsError, average_hand, posture_deviations
from core.hand.geometry import apply, mean_hand, similarity

FILM_HEIGHT, FILM_WIDTH = 560, 480
UNIT = 110.0
AT = {bone: place for place, bone in enumerate(ALL_BONES)}
FINGERS = (("MC1", "PP1", "DP1"), *(tuple(f"{bone}{finger}" for bone in ("MC", "PP", "MP", "DP")) for finger in "2345"))
BACKGROUND, FLESH, BONE, MARKER = 0.06, 0.3, 0.7, 1.0


def drawn_hand(seed: int, bend: float = 0.0) -> LocatedHand:
    """A hand in a pose of its own, every second one a right hand; a marker and a film edge lie elsewhere on each.

    bend: degrees by which the little finger is turned about its knuckle.
    """
    random = np.random.default_rng(seed)
    shape = mean_hand().centres + random.normal(0, 0.02, mean_hand().centres.shape)
    knuckle, beyond = shape[AT["PP5"]], [AT["MP5"], AT["DP5"]]
    turn = similarity(1.0, np.radians(bend), False, knuckle, knuckle)
    shape[beyond] = apply(turn, shape[beyond])
    to_film = similarity(
        UNIT * random.uniform(0.9, 1.1),
        random.uniform(-0.2, 0.2),
        bool(seed % 2),
        np.zeros(2),
        np.array([FILM_WIDTH / 2, FILM_HEIGHT / 2 - 0.2 * UNIT]) + random.uniform(-10, 10, 2),
    )
    centres = apply(to_film, shape)
    film = np.full((FILM_HEIGHT, FILM_WIDTH), BACKGROUND, np.float32)
    film[:, : int(random.integers(2, 12))] = 0.5
    for grey, width, forearm in ((FLESH, 0.34, 1.0), (BONE, 0.12, 0.0)):
        draw_limbs(film, centres, grey, width * UNIT, forearm * UNIT)
    corner = (15, int(random.integers(FILM_HEIGHT // 2, FILM_HEIGHT - 60)))
    letter = np.zeros(film.shape, np.uint8)
    cv2.putText(letter, chr(65 + seed), corner, cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 5)
    film[letter > 127] = MARKER
    return LocatedHand(film, centres)


def draw_limbs(
    film: NDArray[np.float32], centres: NDArray[np.float64], grey: float, width: float, forearm: float
) -> None:
    """Fingers, metacarpals and forearm as thick lines in place."""

    def line(start: NDArray[np.float64], end: NDArray[np.float64], thickness: float) -> None:
        points = [(round(float(x)), round(float(y))) for x, y in (start, end)]
        cv2.line(film, *points, grey, max(1, round(thickness)), cv2.LINE_AA)

    wrist = (centres[AT["Radius"]] + centres[AT["Ulna"]]) / 2
    down = 0.8 * (wrist - centres[AT["MC3"]])
    for finger in FINGERS:
        joints = [centres[AT[bone]] for bone in finger]
        for start, end in zip([wrist, *joints], [*joints, joints[-1] + 0.6 * (joints[-1] - joints[-2])], strict=True):
            line(start, end, width)
    for bone in ("Radius", "Ulna"):
        line(centres[AT[bone]], centres[AT[bone]] + down, width)
    if forearm:
        line(wrist, wrist + down, forearm)


@pytest.fixture(scope="module")
def average() -> NDArray[np.uint8]:
    return average_hand([drawn_hand(seed) for seed in range(9)])


def test_the_average_is_an_upright_left_hand(average: NDArray[np.uint8]) -> None:
    assert average.dtype == np.uint8 and average.shape == (960, 720)
    hand = average > 20
    rows, columns = np.flatnonzero(hand.any(1)), np.flatnonzero(hand.any(0))
    assert 20 < rows[0] < 200 and rows[-1] > 900
    # The thumb, the side finger with the lower tip, is on the right.
    assert np.flatnonzero(hand[:, columns[-1] - 20])[0] > np.flatnonzero(hand[:, columns[0] + 20])[0] + 50


def test_all_five_fingers_are_sharp(average: NDArray[np.uint8]) -> None:
    """A row across the proximal phalanges crosses each of four bones once; a doubled finger would cross twice."""
    scale = 960 / 2 / 2.2
    bones = average > 0.75 * np.percentile(average[average > 20], 95)
    for row in (int(440 - 0.45 * scale), int(440 - 0.5 * scale)):
        starts = np.flatnonzero(np.diff(np.concatenate([[False], bones[row], [False]]).astype(int)) == 1)
        ends = np.flatnonzero(np.diff(np.concatenate([[False], bones[row], [False]]).astype(int)) == -1)
        assert len(starts) == 4 and (ends - starts > 10).all() and (ends - starts < 40).all()


def test_markers_and_film_edges_are_gone(average: NDArray[np.uint8]) -> None:
    flesh = cv2.morphologyEx((average > 0).astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    seen = average > 2  # what is rounded at the soft edge is no more than two levels, which nobody sees
    parts, _ = cv2.connectedComponents(seen.astype(np.uint8))
    assert parts == 2  # the black around and the hand
    assert 0.15 < flesh.mean() < 0.45
    assert average[:20].max() == 0 and average[:, :20].max() == 0 and average[:, -20:].max() == 0


def test_what_one_film_shows_is_not_seen() -> None:
    hands = [drawn_hand(seed) for seed in range(10)]
    spotted = hands[0].pixels.copy()
    x, y = hands[0].centres[[AT["MC3"], AT["Radius"]]].mean(0)
    cv2.circle(spotted, (round(x), round(y)), 12, MARKER, -1)
    plain = average_hand(hands, rounds=()).astype(float)
    marked = average_hand([replace(hands[0], pixels=spotted), *hands[1:]], rounds=()).astype(float)
    # Were the spot averaged in, its 1,800 pixels would be some 25 levels brighter: 0.26 % of the picture.
    assert (np.abs(plain - marked) > 12).mean() < 0.001


def test_where_fewer_films_reach_it_is_black() -> None:
    hands = [drawn_hand(seed) for seed in range(LEAST_HANDS)]
    wrist = hands[0].centres[[AT["Radius"], AT["Ulna"]]].mean(0)
    cut = replace(hands[0], pixels=hands[0].pixels[: round(wrist[1] + 0.2 * UNIT)])
    whole, short = (average_hand([first, *hands[1:]], rounds=()) for first in (hands[0], cut))
    assert whole[900].max() > 100
    assert short[900].max() == 0 and short[700].max() > 100


def test_too_few_hands_are_refused() -> None:
    with pytest.raises(TooFewHandsError, match=r"only 7 different hands .* at least 8"):
        average_hand([drawn_hand(seed) for seed in range(LEAST_HANDS - 1)])


def test_a_hand_posed_unlike_the_others_stands_out() -> None:
    hands = [*(drawn_hand(seed) for seed in range(8)), drawn_hand(8, bend=40.0)]
    deviations = posture_deviations(hands)
    assert deviations.shape == (9,) and deviations.argmax() == 8
    assert deviations[8] == pytest.approx(2 * np.sin(np.radians(40) / 2), abs=0.2)
    assert deviations[:8].max() < 0.35


def test_a_hand_knows_its_size_and_whether_it_is_whole() -> None:
    hand = drawn_hand(0)
    assert hand.unit == pytest.approx(UNIT, rel=0.12)
    assert hand.whole
    tip = hand.centres[AT["DP3"]]
    lower = replace(hand, pixels=hand.pixels[round(tip[1]) :], centres=hand.centres - [0.0, round(tip[1])])
    assert not lower.whole
    assert not replace(hand, pixels=hand.pixels[: round(hand.centres[AT["Radius"], 1])]).whole


@pytest.mark.parametrize(
    "spoil",
    [
        lambda hand: replace(hand, pixels=hand.pixels.astype(np.float64)),
        lambda hand: replace(hand, centres=hand.centres[:13]),
        lambda hand: replace(hand, centres=hand.centres * np.nan),
    ],
)
def test_what_is_no_located_hand_is_refused(spoil: Callable[[LocatedHand], LocatedHand]) -> None:
    with pytest.raises(ValueError, match="must be"):
        spoil(drawn_hand(0))
