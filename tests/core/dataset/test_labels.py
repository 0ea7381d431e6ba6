"""What label files may call a bone, a grade and a box, and with which sentence anything else is refused."""

import pytest

from core.bones import RUS_BONES
from core.dataset.labels import (
    Label,
    bone_and_grade,
    bone_of_name,
    box_of,
    box_on_film,
    checked_age,
    checked_sex,
    label,
)
from core.film.box import Box
from core.standards import grade_count
from tests.stored_films import rus_chn_document


@pytest.mark.parametrize("bone", RUS_BONES)
def test_every_bone_is_known_by_its_name_and_its_alias(bone: str) -> None:
    assert bone_of_name(f" {bone.lower()} ") == bone
    assert bone_of_name(rus_chn_document()["aliases"]["student_code"][bone]) == bone


def test_an_alias_of_several_bones_names_them() -> None:
    with pytest.raises(ValueError, match="'MCP' may mean MC3 or MC5"):
        bone_of_name("MCP")


@pytest.mark.parametrize("name", ["MC2", "", "Femur", "Radius Ulna"])
def test_an_unknown_bone_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ValueError, match="is not known; use Radius, Ulna"):
        bone_of_name(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("Radius", ("Radius", None)), ("Radius_7", ("Radius", "7")), ("MCPFirst-11", ("MC1", "11")), ("MC3", ("MC3", None)),
     ("dp5 4", ("DP5", "4"))],
)  # fmt: skip
def test_a_grade_may_stand_behind_the_name(name: str, meant: tuple[str, str | None]) -> None:
    assert bone_and_grade(name) == meant


@pytest.mark.parametrize(
    ("grade", "verdict", "meant"),
    [(7, None, ("graded", 7)), ("7", "", ("graded", 7)), (7.0, "graded", ("graded", 7)), (0, None, ("absent", 0)),
     ("", "absent", ("absent", 0)), (None, "Unreadable", ("unreadable", None))],
)  # fmt: skip
def test_verdicts_and_grades(grade: object, verdict: object, meant: tuple[str, int | None]) -> None:
    said = label("Radius", grade, verdict, None)
    assert (said.verdict, said.grade) == meant


@pytest.mark.parametrize("bone", RUS_BONES)
def test_the_grades_that_a_bone_has(bone: str) -> None:
    assert label(bone, grade_count(bone), None, None).grade == grade_count(bone)
    with pytest.raises(ValueError, match=rf"\(1 to {grade_count(bone)}\), not {grade_count(bone) + 1}"):
        label(bone, grade_count(bone) + 1, None, None)


@pytest.mark.parametrize("grade", [2.5, "five", "nan", "inf", [3]])
def test_what_is_no_grade(grade: object) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        label("Radius", grade, None, None)


@pytest.mark.parametrize(
    ("grade", "verdict", "sentence"),
    [(None, None, "has no grade"), (None, "graded", "has no grade"), (3, "unreadable", "is marked unreadable but has a grade"),
     (3, "absent", "is not visible yet, which is grade 0, and yet has grade 3"), (0, "graded", "not 0"), (-1, None, "not -1"),
     (3, "maybe", "'maybe' is not a verdict; choose one of graded, absent, unreadable")],
)  # fmt: skip
def test_verdicts_that_contradict_themselves(grade: object, verdict: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        label("Radius", grade, verdict, None)


def test_boxes() -> None:
    assert box_of(["1", 2, "3.5", 4.0]) == Box(1.0, 2.0, 3.5, 4.0)
    assert box_of([None, "", None, ""]) is None
    for bad in (["1", "2", "3", ""], [1, 2, "x", 4], [1, 2, "nan", 4], [1, 2, "inf", 4]):
        with pytest.raises(ValueError, match="not four numbers"):
            box_of(bad)
    for empty in ([5, 1, 5, 4], [1, 4, 3, 2]):
        with pytest.raises(ValueError, match="has no area"):
            box_of(list(empty))


def test_a_box_must_lie_on_the_film() -> None:
    assert box_on_film(Box(0.0, 0.0, 80.0, 96.0), 80, 96) == (Box(0.0, 0.0, 80.0, 96.0), False)
    assert box_on_film(Box(-0.2, 1.0, 80.1, 96.4), 80, 96) == (Box(0.0, 1.0, 80.0, 96.0), False)
    for outside in (Box(-5.5, 0, 5, 5), Box(-20, 2, -1, 9), Box(0, 0, 90, 5), Box(0, 90, 5, 102.0)):
        with pytest.raises(ValueError, match="outside the film of 80 x 96 pixels"):
            box_on_film(outside, 80, 96)


@pytest.mark.parametrize(
    ("drawn", "on_it"),
    [
        (Box(-3.0, 2, 20, 30), Box(0.0, 2, 20, 30)),
        (Box(60, 70, 83.0, 99.0), Box(60, 70, 80, 96)),
        (Box(10, -7.0, 80, 70), Box(10, 0, 80, 70)),
    ],
)
def test_a_box_drawn_a_little_beyond_the_film_is_clipped(drawn: Box, on_it: Box) -> None:
    assert box_on_film(drawn, 80, 96) == (on_it, True)


def test_a_tw3_stage_is_a_grade_where_one_answers_and_stays_a_stage_where_several_do() -> None:
    table = rus_chn_document()["grade_to_tw3_stage"]
    for bone in RUS_BONES:
        for stage in sorted(set(table[bone])):
            grades = [grade for grade, name in enumerate(table[bone], 1) if name == stage]
            for text in (stage, stage.lower(), f"TW3 {stage}", f"stage {stage}"):
                said = label(bone, text, None, None)
                assert (said.grade, said.stage) == ((grades[0], "") if len(grades) == 1 else (None, stage))
                assert said.verdict == ("graded" if len(grades) == 1 else None)
        assert label(bone, "A", None, None).verdict == "absent"
    assert any(len(set(table[bone])) < len(table[bone]) for bone in RUS_BONES)


def test_sex_and_age() -> None:
    assert [checked_sex(v) for v in ("M", "female", " f", "", None)] == ["M", "F", "F", None, None]
    assert [checked_age(v) for v in ("120", 0, "", None)] == [120.0, 0.0, None, None]
    assert checked_sex("girl") == "F"
    with pytest.raises(ValueError, match="use M or F"):
        checked_sex("unknown")
    for age in ("twelve", -1, 400, "nan"):
        with pytest.raises(ValueError, match="is not a number of months"):
            checked_age(age)


def test_a_label_says_its_grade_as_the_standard_prints_it() -> None:
    printed = rus_chn_document()["grade_labels"]["Radius"]
    assert [Label("Radius", "graded", g, None).text for g in range(1, 15)] == printed
    assert Label("Radius", "unreadable", None, None).text == ""
