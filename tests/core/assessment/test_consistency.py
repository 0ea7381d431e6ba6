"""Bones out of line with their neighbours, on hands whose right answer follows from the score tables."""

import subprocess
import sys

import numpy as np
import pytest

from core.assessment.consistency import FAR_APART, NEIGHBOURS, Inconsistency, inconsistencies
from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES
from core.standards import grade_count
from core.standards.maturity import grade_starts

each_bone = pytest.mark.parametrize("bone", RUS_BONES)


def _at(age: float) -> dict[str, int]:
    """The grades that all bones have at one maturity, in years on the boys' scale."""
    return {bone: sum(start <= age for start in grade_starts(bone)) for bone in RUS_BONES}


NEWBORN = dict.fromkeys(RUS_BONES, 0)
MATURE = {bone: grade_count(bone) for bone in RUS_BONES}


def test_a_neighbour_is_a_neighbour_both_ways_and_there_are_enough() -> None:
    assert set(NEIGHBOURS) == set(RUS_BONES)
    for bone, others in NEIGHBOURS.items():
        assert bone not in others and len(set(others)) == len(others) >= 3
        assert all(bone in NEIGHBOURS[other] for other in others)
    assert {"PP1", "PP5", "MC3", "MP3"} == set(NEIGHBOURS["PP3"])


@each_bone
def test_grades_start_where_training_starts_its_cut_points(bone: str) -> None:
    cuts = starting_cuts().numpy()[RUS_BONES.index(bone)]
    assert grade_starts(bone) == pytest.approx(cuts[~np.isnan(cuts)], abs=1e-4)
    assert len(grade_starts(bone)) == grade_count(bone)


@pytest.mark.parametrize("age", np.arange(0.5, 18.0, 0.25))
def test_a_hand_of_one_maturity_is_in_line(age: float) -> None:
    assert inconsistencies(_at(age)) == ()


@each_bone
def test_three_grades_ahead_or_behind_at_nine_is_flagged_and_names_that_bone_alone(bone: str) -> None:
    hand = _at(9.0)
    for apart in (-FAR_APART, FAR_APART):
        assert inconsistencies(hand | {bone: hand[bone] + apart}) == (
            Inconsistency(bone, hand[bone] + apart, hand[bone], apart),
        )


@each_bone
def test_two_grades_apart_at_nine_is_not_flagged(bone: str) -> None:
    hand = _at(9.0)
    assert inconsistencies(hand | {bone: hand[bone] - 2}) == ()
    assert inconsistencies(hand | {bone: hand[bone] + 2}) == ()


def test_one_wrong_neighbour_does_not_carry_the_others_away() -> None:
    hand = _at(9.0)
    found = inconsistencies(hand | {"PP3": grade_count("PP3"), "Ulna": 0})
    assert [(one.bone, one.expected_grade) for one in found] == [("Ulna", hand["Ulna"]), ("PP3", hand["PP3"])]


def test_a_bone_that_lost_its_neighbours_is_compared_with_the_rest_of_the_hand() -> None:
    hand = _at(9.0)
    wrong = {bone: grade for bone, grade in hand.items() if bone not in ("MP5", "DP3")} | {"MP3": hand["MP3"] + 3}
    assert inconsistencies(wrong) == (Inconsistency("MP3", hand["MP3"] + 3, hand["MP3"], 3),)
    distant = {"DP1": hand["DP1"], "DP5": hand["DP5"], "PP1": hand["PP1"], "Radius": hand["Radius"] + 3}
    assert inconsistencies(distant) == (Inconsistency("Radius", hand["Radius"] + 3, hand["Radius"], 3),)


def test_with_fewer_than_three_others_nothing_is_said() -> None:
    assert inconsistencies({}) == ()
    assert inconsistencies({"PP3": 12}) == ()
    assert inconsistencies({"PP3": 12, "PP1": 1, "PP5": 1}) == (), "two others cannot outvote one"
    assert [one.bone for one in inconsistencies({"PP3": 12, "PP1": 1, "PP5": 1, "MC3": 1})] == ["PP3"]


def test_a_newborn_is_in_line_and_a_bone_ahead_of_its_day_is_not() -> None:
    assert inconsistencies(NEWBORN) == ()
    # The metacarpals' centres come at 1.8 to 1.9 years, when the radius has had its own since 1.6: they allow grade 1.
    assert inconsistencies(NEWBORN | {"Radius": 3}) == ()
    assert inconsistencies(NEWBORN | {"Radius": 4}) == (Inconsistency("Radius", 4, 1, 3),)


def test_a_late_centre_is_in_line_with_the_grades_of_its_age() -> None:
    hand = _at(7.5)
    assert hand["Ulna"] == 1 and inconsistencies(hand | {"Ulna": 0}) == ()
    assert inconsistencies(_at(9.0) | {"Ulna": 0}) == (Inconsistency("Ulna", 0, 3, -3),)


def test_a_mature_hand_is_in_line_and_a_bone_that_lags_is_not() -> None:
    assert inconsistencies(MATURE) == ()
    for bone in RUS_BONES:
        assert inconsistencies(MATURE | {bone: grade_count(bone) - 1}) == ()
    # The metacarpals mature at 15.2 to 15.9 years, when the radius is at grade 11 to 13 of 14.
    assert inconsistencies(MATURE | {"Radius": 11}) == ()
    assert inconsistencies(MATURE | {"Radius": 10}) == (Inconsistency("Radius", 10, 13, -3),)


@pytest.mark.parametrize("bone", RUS_BONES[1:])
def test_a_mature_bone_among_bones_near_maturity_is_in_line(bone: str) -> None:
    near = {other: grade_count(other) - 1 for other in RUS_BONES}
    assert inconsistencies(near | {bone: grade_count(bone)}) == ()


def test_the_radius_matures_last() -> None:
    near = {bone: grade_count(bone) - 1 for bone in RUS_BONES}
    assert inconsistencies(near | {"Radius": 14}) == (Inconsistency("Radius", 14, 11, 3),)
    assert inconsistencies(MATURE | {"Ulna": 11, "Radius": 14}) == ()


def test_the_sentence_names_bone_grade_expected_grade_and_direction() -> None:
    hand = _at(9.0)
    (ahead,) = inconsistencies(hand | {"MC3": hand["MC3"] + 3})
    assert ahead.sentence == (
        "Metacarpal III has grade 6, 3 grades ahead of the grade 4(0) that its neighbours point to."
    )
    (behind,) = inconsistencies(hand | {"Radius": hand["Radius"] - 4})
    assert ", 4 grades behind the grade " in behind.sentence and behind.sentence.startswith("Radius has grade 1,")
    assert behind.to_dict() == {"bone": "Radius", "grade": 1, "expected_grade": 5, "grades_apart": -4}


@pytest.mark.parametrize(("bone", "grade"), [("Radius", 15), ("Ulna", -1), ("MC2", 3)])
def test_a_grade_or_bone_that_does_not_exist_is_refused(bone: str, grade: int) -> None:
    with pytest.raises(ValueError, match=bone):
        inconsistencies({bone: grade})


def test_the_comparison_needs_no_network() -> None:
    script = "import sys, core.assessment.consistency; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
