"""How far the age moves, and which pictures are refused."""

from core.assessment.assessor import Assessor
from core.cohort.films import Film
from core.evaluation.figures import plain
from core.evaluation.stress.changes import CHANGES, CUTS
from core.evaluation.stress.non_hands import NON_HANDS
from core.evaluation.stress.trial import as_text, stress
from tests.hands import Example

#: Changes after which the hand has no age, or one with a warning.
_SPOILT = (
    "cut at the wrist",
    "blurred by 8 of 960",
    "moved by 16 of 960",
    "JPEG of quality 5",
    "60 % as wide",
    "60 % as high",
)


def test_an_example_keeps_its_age_and_non_hands_are_refused(assessor: Assessor, example: Example) -> None:
    film = Film("example", example.path, example.sex, 12 * example.age_years, "")
    measured = stress([film], assessor, pictures_a_kind=2)
    figures = plain(measured)
    assert figures["real_hands"] == {"refused": [], "bone_missing": []}
    assert set(figures["changes"]) == {*CHANGES, *CUTS}
    for name, row in figures["changes"].items():
        kept = row["lost"] == row["warned"] == 0
        assert kept is (name not in _SPOILT), name
        assert not kept or row["p95_months"] == row["unwarned_median"] < 6
    assert figures["changes"]["cut at the wrist"]["lost"] == 1
    for kind in NON_HANDS:
        row = figures["non_hands"][kind]
        assert row["n"] == 2 and row["reasons"] in ({}, {"not_a_hand": row["refused"]})
    assert sum(row["refused"] for row in figures["non_hands"].values()) >= 13
    # hands, a head, changes, the cut forearm and all; a head and the kinds of picture
    assert len(as_text(measured).splitlines()) == 2 + 1 + len(CHANGES) + len(CUTS) + 1 + 1 + len(NON_HANDS)
