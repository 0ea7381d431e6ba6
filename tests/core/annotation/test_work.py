"""The reader's work as the browser sends it."""

import json
from typing import Any

import pytest

from core.annotation.work import (
    BoneWork,
    Work,
    WorkRefused,
    current_boxes,
    grades_said,
    predicted_boxes,
    read_work,
    says_of,
    settled,
    side_by_side,
    unsaved,
)
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.film.box import Box
from core.ledger.records import Correction

_SHA, _TOKEN = "a" * 64, "b" * 32


def _work(says: dict[str, BoneWork] | None = None, **more: Any) -> Work:
    return Work(film=1, sha256=_SHA, token=_TOKEN, says=says or {}, **more)


def _sent(**changes: Any) -> str:
    return json.dumps({**_work().model_dump(mode="json"), **changes})


def test_what_is_sent_is_what_is_read() -> None:
    work = _work(
        {"Radius": BoneWork(verdict="graded", grade=7, box=(1.0, 2.0, 3.5, 4.5))}, seconds={"Radius": 2.5}, seq=3
    )
    assert read_work(work.model_dump_json()) == work


@pytest.mark.parametrize(
    "wrong",
    [
        {"says": {"MC2": {"verdict": "graded", "grade": 1}}},
        {"says": {"Radius": {"verdict": "graded", "grade": 15}}},
        {"says": {"DP5": {"verdict": "graded", "grade": 12}}},
        {"says": {"Radius": {"verdict": "graded", "grade": 0}}},
        {"says": {"Radius": {"verdict": "graded", "grade": None}}},
        {"says": {"Radius": {"verdict": "absent", "grade": 3}}},
        {"says": {"Radius": {"verdict": "unreadable", "grade": 3}}},
        {"says": {"Radius": {"verdict": None, "grade": 3}}},
        {"says": {"Thumb": {"note": "hm"}}},
        {"steps": [[{"bone": "Radius", "before": None, "after": {"verdict": "absent", "grade": 3}}]]},
        {"steps": [[{"bone": "Thumb", "before": None, "after": None}]]},
        {"says": {"Radius": {"verdict": "guessed", "grade": 3}}},
        {"says": {"Radius": {"box": [1, 2, 3]}}},
        {"says": {"Radius": {"note": "x" * 2001}}},
        {"sha256": "no hash"},
        {"token": "short"},
        {"seconds": {"Radius": -1}},
        {"reader": "somebody else"},
    ],
)
def test_what_no_reader_can_say_is_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(WorkRefused, match="nothing was changed"):
        read_work(_sent(**wrong))
    with pytest.raises(WorkRefused):
        read_work("not even JSON")


def test_absent_counts_as_grade_0_and_unreadable_as_none() -> None:
    says = {
        "Radius": BoneWork(verdict="graded", grade=7),
        "Ulna": BoneWork(verdict="absent", grade=0),
        "MC1": BoneWork(verdict="unreadable"),
        "MC3": BoneWork(note="blurred"),
    }
    assert grades_said(_work(says)) == {"Radius": 7, "Ulna": 0}


def test_boxes_are_the_reader_s_before_the_model_s(assessment: Assessment) -> None:
    predicted = predicted_boxes(assessment)
    assert list(predicted) == list(RUS_BONES)
    says = {"Radius": BoneWork(box=(10.0, 20.0, 60.0, 90.0)), "Ulna": BoneWork(box=()), "MC1": BoneWork(note="hm")}
    boxes = current_boxes(_work(says), assessment)
    assert boxes["Radius"] == Box(10.0, 20.0, 60.0, 90.0)
    assert "Ulna" not in boxes
    assert boxes["MC1"] == predicted["MC1"]


def test_only_what_differs_from_the_saved_reading_is_saved(assessment: Assessment) -> None:
    saved = {"Radius": Correction("Radius", "graded", 7, predicted_boxes(assessment)["Radius"], seconds=9.0)}
    says = says_of(saved, assessment)
    assert says == {"Radius": BoneWork(verdict="graded", grade=7)}
    assert unsaved(_work(says), saved, assessment).corrections == ()

    says |= {"Ulna": BoneWork(verdict="absent", grade=0, accepted=True), "MC1": BoneWork(box=(5.0, 5.0, 40.0, 40.0))}
    new = unsaved(_work(says, seconds={"Ulna": 3.25}), saved, assessment)
    (ulna,) = new.corrections
    assert (ulna.bone, ulna.verdict, ulna.grade, ulna.accepted, ulna.seconds) == ("Ulna", "absent", 0, True, 3.2)
    assert new.waiting == ("MC1",), "a box without a verdict says nothing yet"

    others = (
        BoneWork(verdict="graded", grade=8),
        BoneWork(verdict="graded", grade=7, note="sure"),
        BoneWork(verdict="unreadable"),
        BoneWork(verdict="graded", grade=7, box=(1.0, 1.0, 50.0, 50.0)),
        BoneWork(verdict="graded", grade=7, box=()),
    )
    for other in others:
        (radius,) = unsaved(_work({"Radius": other}), saved, assessment).corrections
        assert radius.bone == "Radius"


def test_a_saved_box_comes_back_as_it_was(assessment: Assessment) -> None:
    moved = Correction("PP3", "graded", 4, Box(10.0, 20.0, 60.0, 90.0))
    none = Correction("PP5", "unreadable", None, None)
    says = says_of({"PP3": moved, "PP5": none}, assessment)
    assert says["PP3"].box == (10.0, 20.0, 60.0, 90.0) and says["PP5"].box == ()
    assert unsaved(_work(says), {"PP3": moved, "PP5": none}, assessment).corrections == ()


def test_a_conflict_is_laid_side_by_side_and_settled_bone_by_bone() -> None:
    mine = {"Radius": Correction("Radius", "graded", 7), "Ulna": Correction("Ulna", "graded", 5)}
    theirs = {
        "Radius": Correction("Radius", "graded", 8, accepted=True, seconds=4.0),
        "Ulna": Correction("Ulna", "graded", 5),
        "MC1": Correction("MC1", "unreadable", None),
    }
    rows = side_by_side(mine, theirs)
    assert [(row.bone, row.differs) for row in rows] == [("Radius", True), ("Ulna", False), ("MC1", True)]
    taken = settled(rows, frozenset({"Radius", "Ulna"}))
    assert taken == (Correction("Radius", "graded", 8),)
    assert settled(rows, frozenset()) == ()
