"""Finding the hand, and refusing what is none. How it copes with turned films is tested in test_assessment.py."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.bones import ALL_BONES, RUS_BONES
from core.errors import FilmRefused
from core.evaluation.stress.non_hands import NON_HANDS
from core.film.radiograph import Radiograph, read_radiograph
from core.hand.growth_plates import growth_plate
from core.hand.localization import Localization
from core.hand.looks import standardise
from tests.hands import Assess, Example, shipped_examples
from tests.no_hands import NO_HANDS

MakeFilm = Callable[[NDArray[np.float32]], Radiograph]


def test_the_network_sees_greys_around_zero() -> None:
    picture = np.random.default_rng(0).random((64, 64), dtype=np.float32)
    seen = standardise(picture)
    assert seen.shape == (64, 64) and seen.dtype == np.float32
    assert seen.min() >= -2 and seen.max() <= 2 and abs(seen.mean()) < 0.3


@pytest.mark.parametrize("kind", NO_HANDS)
def test_what_is_no_hand_is_refused(assessor: Assessor, make_film: MakeFilm, kind: str) -> None:
    with pytest.raises(FilmRefused, match=r"^No hand .*\.$") as refused:
        assessor.localizer.locate(make_film(NO_HANDS[kind]()))
    assert refused.value.reason == "not_a_hand"


@pytest.mark.parametrize("kind", NON_HANDS)
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_what_is_drawn_at_random_and_no_hand_is_refused(
    assessor: Assessor, make_film: MakeFilm, kind: str, seed: int
) -> None:
    with pytest.raises(FilmRefused, match=r"^No hand .*\.$"):
        assessor.localizer.locate(make_film(NON_HANDS[kind](np.random.default_rng(seed))))


@pytest.mark.parametrize("example", shipped_examples(), ids=lambda example: example.path.stem)
def test_the_examples_are_upright_left_hands(example: Example, assessed: Assess) -> None:
    found = assessed(example).localization
    assert not found.mirrored and not found.inverted
    assert abs(found.rotation_degrees) < 20 and found.hand > 0.5 and found.misfit < 0.3
    assert found.all_centres.shape == (21, 2) and found.all_confidences.shape == (21,)
    at = dict(zip(ALL_BONES, found.all_centres, strict=True))
    assert at["MC1"][0] > at["MC5"][0], "the thumb is on the right"
    for finger in "235":
        assert at[f"DP{finger}"][1] < at[f"MP{finger}"][1] < at[f"PP{finger}"][1] < at["Radius"][1]


def test_regions_of_one_hand(example: Example, assessed: Assess) -> None:
    film, found = read_radiograph(example.path), assessed(example).localization
    assert [region.bone for region in found.regions] == list(RUS_BONES)
    assert len({region.size for region in found.regions}) == 1
    for region in found.regions:
        x0, y0, x1, y1 = region.box
        assert region.status == "found" and 0 < region.confidence <= 1
        assert region.centre == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2))
        assert 0 <= region.centre[0] < film.width and 0 <= region.centre[1] < film.height
        assert 0.1 * region.size < x1 - x0 < region.size and 0.1 * region.size < y1 - y0 < region.size
        assert abs(region.axis_degrees - found.rotation_degrees) < (60 if region.bone.endswith("1") else 35)


def test_small_and_large_films_agree(
    example: Example, assessed: Assess, assessor: Assessor, make_film: MakeFilm
) -> None:
    film, found = read_radiograph(example.path), assessed(example).localization
    half = cv2.resize(film.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    smaller = assessor.localizer.locate(make_film(half))
    away = np.linalg.norm(2 * smaller.all_centres - found.all_centres, axis=1) / found.regions[0].size
    assert away.max() < 0.1


#: How much of a hand is kept: (rows, columns), given the height and width of the film and where the middle knuckle is.
_CUTS: dict[str, Callable[[int, int, float, float], tuple[slice, slice]]] = {
    "no fingers": lambda height, width, x, y: (slice(int(y), height), slice(0, width)),
    "no wrist": lambda height, width, x, y: (slice(0, int(y)), slice(0, width)),
    "thumb's half": lambda height, width, x, y: (slice(0, height), slice(int(x), width)),
    "little finger's half": lambda height, width, x, y: (slice(0, height), slice(0, int(x))),
}


@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("kept", _CUTS)
def test_half_a_hand_never_has_a_total(
    example: Example, assessed: Assess, assessor: Assessor, make_film: MakeFilm, kept: str, turns: int
) -> None:
    film, whole = read_radiograph(example.path), assessed(example).localization
    x, y = whole.all_centres[ALL_BONES.index("MC3")]
    rows, columns = _CUTS[kept](film.height, film.width, x, y)
    part = make_film(np.rot90(film.pixels[rows, columns], turns))
    try:
        assessment = assessor.assess(part, example.sex)
    except FilmRefused as refused:
        assert refused.reason == "not_a_hand"
        return
    assert assessment.missing and assessment.bone_age_months is None and assessment.interval90_months is None
    assert all(card.total is None and card.age_years is None for card in assessment.standards.values())
    assert _cut_away(whole, (rows, columns), film) & set(assessment.missing)
    for region in assessment.localization.regions:
        inside = 0 <= region.centre[0] < part.width and 0 <= region.centre[1] < part.height
        assert inside or region.status == "outside", region.bone
    (check,) = (check for check in assessment.checks if check.name == "all_bones")
    assert not check.passed and "no total" in check.message


def _cut_away(whole: Localization, kept: tuple[slice, slice], film: Radiograph) -> set[str]:
    """The bones of which nothing is left."""
    (top, bottom, _), (left, right, _) = kept[0].indices(film.height), kept[1].indices(film.width)
    boxes = {region.bone: region.box for region in whole.regions}
    return {bone for bone, (x0, y0, x1, y1) in boxes.items() if x1 < left or x0 > right or y1 < top or y0 > bottom}


@pytest.mark.parametrize(
    ("under", "turns"), [*(("edge", turns) for turns in range(4)), ("collimator", 0), ("collimator", 1)]
)
def test_a_wrist_cut_off_through_the_radius_is_outside_at_every_edge(
    example: Example, assessed: Assess, assessor: Assessor, make_film: MakeFilm, under: str, turns: int
) -> None:
    film, whole = read_radiograph(example.path), assessed(example).localization
    end = int(growth_plate(whole.region("Radius"))[1])
    cut = film.pixels[:end]
    if under == "collimator":
        cut = np.concatenate([cut, np.zeros((film.height - end, film.width), np.float32)])
    found = assessor.localizer.locate(make_film(np.rot90(cut, turns)))
    assert {region.bone for region in found.regions if region.status == "outside"} == {"Radius", "Ulna"}


@pytest.mark.parametrize(("times", "place", "ground"), [(3, (2.0, 0.0), 0.0), (4.5, (1.2, 3.5), 0.2)])
def test_a_small_hand_is_found_anywhere_on_a_large_film(
    example: Example, assessed: Assess, assessor: Assessor, make_film: MakeFilm,
    times: float, place: tuple[float, float], ground: float,
) -> None:  # fmt: skip
    film, whole = read_radiograph(example.path), assessed(example).localization
    canvas = np.full((round(times * film.height), round(times * film.width)), ground, np.float32)
    y, x = round(place[0] * film.height), round(place[1] * film.width)
    canvas[y : y + film.height, x : x + film.width] = film.pixels
    found = assessor.localizer.locate(make_film(canvas))
    away = np.linalg.norm(found.all_centres - whole.all_centres - [x, y], axis=1) / whole.size
    assert away.max() < 0.1 and not found.other_hands


@pytest.mark.parametrize("quarters", [1, 2])
def test_a_small_hand_is_found_whichever_way_it_lies(
    assessed: Assess, assessor: Assessor, make_film: MakeFilm, quarters: int
) -> None:
    example = shipped_examples()[1]
    film = cv2.resize(read_radiograph(example.path).pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    canvas = np.zeros((round(5.5 * film.shape[0]), 6 * film.shape[1]), np.float32)
    canvas[: film.shape[0], : film.shape[1]] = film
    found = assessor.localizer.locate(make_film(np.rot90(canvas, quarters)))
    x, y = 0.4 * assessed(example).localization.all_centres.T
    height, width = canvas.shape
    expected = (y, width - x) if quarters == 1 else (width - x, height - y)
    assert np.linalg.norm(found.all_centres - np.stack(expected, 1), axis=1).max() < 0.1 * found.size


def test_fingers_under_a_lead_sheet_are_outside(
    example: Example, assessed: Assess, assessor: Assessor, make_film: MakeFilm
) -> None:
    film, whole = read_radiograph(example.path), assessed(example).localization
    covered = film.pixels.copy()
    covered[: int(whole.all_centres[ALL_BONES.index("PP3")][1])] = 0.0
    try:
        assessment = assessor.assess(make_film(covered), example.sex)
    except FilmRefused:
        return
    status = {region.bone: region.status for region in assessment.localization.regions}
    assert status["DP3"] == "outside" and "DP3" in assessment.missing
    assert assessment.bone_age_months is None


def test_a_glance_sees_what_a_whole_look_does(assessor: Assessor, make_film: MakeFilm) -> None:
    film = read_radiograph(shipped_examples()[2].path)
    glance, whole = assessor.localizer.glance(film), assessor.localizer.locate(film)
    assert glance is not None
    unit = whole.regions[0].size
    assert np.linalg.norm(glance.all_centres - whole.all_centres, axis=1).max() < 0.1 * unit
    for other in (np.rot90(film.pixels), film.pixels[:, ::-1], 1 - film.pixels, np.zeros_like(film.pixels)):
        assert assessor.localizer.glance(make_film(np.ascontiguousarray(other))) is None, "locate has the word"
