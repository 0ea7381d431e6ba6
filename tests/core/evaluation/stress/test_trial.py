"""How far the age moves, and which pictures are refused."""

from core.assessment.assessor import Assessor
from core.cohort.films import Film
from core.evaluation.figures import plain
from core.evaluation.stress.changes import CHANGES
from core.evaluation.stress.non_hands import NON_HANDS
from core.evaluation.stress.trial import as_text, stress
from tests.hands import Example


def test_an_example_keeps_its_age_and_non_hands_are_refused(assessor: Assessor, example: Example) -> None:
    film = Film("example", example.path, example.sex, 12 * example.age_years, "")
    measured = stress([film], assessor, pictures_a_kind=2)
    figures = plain(measured)
    assert figures["real_hands"] == {"refused": [], "bone_missing": []}
    assert set(figures["changes"]) == {*CHANGES, "forearm cut off"}
    for row in figures["changes"].values():
        assert row["lost"] == 0 and row["p95_months"] < 6
    for kind in NON_HANDS:
        row = figures["non_hands"][kind]
        assert row["n"] == 2 and row["reasons"] in ({}, {"not_a_hand": row["refused"]})
    assert sum(row["refused"] for row in figures["non_hands"].values()) >= 13
    # hands, a head, changes, the cut forearm and all; a head and the kinds of picture
    assert len(as_text(measured).splitlines()) == 2 + 1 + len(CHANGES) + 2 + 1 + len(NON_HANDS)
