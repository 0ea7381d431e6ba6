"""The same hand on other films, and pictures of no hand."""

import numpy as np
import pytest

from core.assessment.assessor import Assessor
from core.cohort.films import Film
from core.evaluation.non_hands import NON_HANDS
from core.evaluation.stress import CHANGES, as_text, forearm_cut_off, stress
from core.film.radiograph import read_radiograph
from tests.hands import Example


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_film_is_a_film(name: str, example: Example) -> None:
    pixels = read_radiograph(example.path).pixels
    changed = np.asarray(CHANGES[name](pixels))
    assert changed.dtype == np.float32 and changed.min() >= 0 and changed.max() <= 1
    assert changed.shape != pixels.shape or not np.array_equal(changed, pixels)


def test_the_forearm_goes_and_the_hand_stays() -> None:
    film = np.ones((100, 80), np.float32)
    cut = forearm_cut_off(film, np.array([40.0, 60.0]), np.array([0.0, -1.0]), 20.0)
    assert cut[:71].all() and not cut[71:].any()


def test_an_example_keeps_its_age_and_non_hands_are_refused(assessor: Assessor, example: Example) -> None:
    film = Film("example", example.path, example.sex, 12 * example.age_years, "")
    figures = stress([film], assessor, pictures_a_kind=2)
    assert figures["real_hands"] == {"refused": [], "bone_missing": []}
    assert set(figures["changes"]) == {*CHANGES, "forearm cut off"}
    for row in figures["changes"].values():
        assert row["lost"] == 0 and row["p95_months"] < 6
    for kind in NON_HANDS:
        row = figures["non_hands"][kind]
        assert row["n"] == 2 and row["refused"] == sum(row["reasons"].values())
    assert sum(row["refused"] for row in figures["non_hands"].values()) >= 13
    assert len(as_text(figures).splitlines()) == 5 + len(CHANGES) + len(NON_HANDS)
