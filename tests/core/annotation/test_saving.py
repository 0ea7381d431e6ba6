"""Saves, conflicts, undo and history over a real ledger, without a page."""

import json
import uuid

import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.saving import Saving, corrections_file
from core.annotation.work import BoneWork
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.ledger import Consent, Correction, Ledger
from tests.core.annotation.at_a_desk import ANNA, OTTO, RITA, VERA, desk_of
from tests.made_work import grade_said, with_said


def test_a_reader_is_told_of_a_grade_out_of_line_and_saves_it_all_the_same(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int, assessment: Assessment
) -> None:
    opened = annotate.open_film(film, ANNA)
    whole = {bone: grade_said(found.grade) for bone, found in assessment.bones.items() if found is not None}
    assert annotate.live(with_said(opened, whole), opened.sitting).out_of_line == ()
    work = with_said(opened, {**whole, "Ulna": BoneWork(verdict="absent", grade=0)})
    live = annotate.live(work, opened.sitting)
    (found,) = live.out_of_line
    assert found.bone == "Ulna"
    few = with_said(opened, {bone: work.says[bone] for bone in ("Ulna", "Radius", "MC3")})
    assert annotate.live(few, opened.sitting).out_of_line == (), "the model's grades are nobody's neighbours"

    work, _ = annotate.keep(work, opened.sitting, ANNA)
    saving.save(work, opened.sitting, ANNA, consent=None)
    assert ledger.reading(film, "anna")["Ulna"].grade == 0


def test_a_save_says_what_is_new_and_a_repeated_one_says_it_once(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int
) -> None:
    opened = annotate.open_film(film, ANNA)
    work = with_said(
        opened,
        {"Radius": grade_said(9), "Ulna": BoneWork(note="look again"), "MC1": BoneWork(box=(5.0, 5.0, 60.0, 60.0))},
    )
    annotate.keep(work, opened.sitting, ANNA)
    saved = saving.save(work, opened.sitting, ANNA, consent=None)
    assert saved.event is not None and saved.waiting == ("Ulna", "MC1") and saved.revision == 1
    assert saved.event.prediction_id == opened.sitting.prediction and saved.event.seconds == 12.0
    repeated = saving.save(work, opened.sitting, ANNA, consent=None)
    assert repeated.event is None and repeated.revision == 1 and repeated.clash is None
    assert len(ledger.history(film)) == 1
    with pytest.raises(BoneGradeError, match=r"Your role \(viewer\) does not allow you to save corrections"):
        saving.save(work, opened.sitting, VERA, consent=None)


@pytest.mark.parametrize("theirs_for", [frozenset(), frozenset({"Radius"}), frozenset({"Radius", "MC3"})])
def test_a_conflict_is_settled_and_nothing_is_lost(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int, theirs_for: frozenset[str]
) -> None:
    chief = Reader("otto", Role.REVIEWER)
    anna, otto = annotate.open_film(film, ANNA), annotate.open_film(film, chief)
    saving.save(with_said(anna, {"Radius": grade_said(9), "MC3": grade_said(4)}), anna.sitting, ANNA, consent=None)
    work = with_said(otto, {"Radius": grade_said(7), "MC1": grade_said(5)})
    stale = saving.save(work, otto.sitting, chief, consent=None)
    assert stale.event is None and stale.clash is not None and stale.clash.who == "anna"
    assert [(r.bone, r.differs) for r in stale.clash.rows] == [("Radius", True), ("MC1", True), ("MC3", True)]
    assert ledger.reading(film, "otto") == {}

    done = saving.settle(work, otto.sitting, chief, stale.clash.revision, theirs_for, consent=None)
    assert done.clash is None and done.event is not None
    grades = {bone: one.grade for bone, one in ledger.reading(film, "otto").items()}
    expected = {"Radius": 7, "MC1": 5} | {bone: {"Radius": 9, "MC3": 4}[bone] for bone in theirs_for}
    assert grades == expected
    assert {b: c.grade for b, c in ledger.reading(film, "anna").items()} == {"Radius": 9, "MC3": 4}
    own = [event for event in ledger.history(film) if event.reader == "otto"]
    assert {c.bone: c.grade for c in own[0].corrections} == {"Radius": 7, "MC1": 5}
    last = "Taken from another reader in a conflict" if theirs_for else "Kept after a conflict with another reader"
    assert len(own) == (2 if theirs_for else 1) and own[-1].note == last
    assert "anna" not in own[0].note, "a name in a note would outlast its erasure"


def test_another_window_of_the_same_reader_is_a_conflict_too(annotate: AnnotateDesk, saving: Saving, film: int) -> None:
    first, second = annotate.open_film(film, ANNA), annotate.open_film(film, ANNA)
    saving.save(with_said(first, {"Radius": grade_said(9)}), first.sitting, ANNA, consent=None)
    stale = saving.save(with_said(second, {"Radius": grade_said(8)}), second.sitting, ANNA, consent=None)
    assert stale.clash is not None and stale.clash.who == "you, in another window"


def test_a_gold_mark_is_no_conflict_and_is_not_shown(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int
) -> None:
    opened = annotate.open_film(film, ANNA)
    gold = {"Radius": Correction("Radius", "graded", 3)}
    ledger.set_gold(film, gold, reader="rita", base_revision=0, token=uuid.uuid4().hex)
    saved = saving.save(with_said(opened, {"Radius": grade_said(9)}), opened.sitting, ANNA, consent=None)
    assert saved.event is not None and saved.clash is None
    assert saved.revision == 1, "nor is it counted: the reader's page knows of one change alone"


def test_undo_redo_and_restore_of_saves_are_new_events(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int
) -> None:
    def read() -> dict[str, int | None]:
        return {bone: one.grade for bone, one in ledger.reading(film, "anna").items()}

    with pytest.raises(BoneGradeError, match="nothing to undo"):
        saving.undo(film, ANNA, uuid.uuid4().hex)
    for grade in (9, 8):
        opened = annotate.open_film(film, ANNA)
        saving.save(with_said(opened, {"Radius": grade_said(grade)}), opened.sitting, ANNA, consent=None)
    for expected in ({"Radius": 9}, {}):
        saving.undo(film, ANNA, uuid.uuid4().hex)
        assert read() == expected
    with pytest.raises(BoneGradeError, match="nothing to undo"):
        saving.undo(film, ANNA, uuid.uuid4().hex)
    for expected in ({"Radius": 9}, {"Radius": 8}):
        saving.redo(film, ANNA, uuid.uuid4().hex)
        assert read() == expected
    with pytest.raises(BoneGradeError, match="nothing to redo"):
        saving.redo(film, ANNA, uuid.uuid4().hex)
    first = ledger.history(film)[0]
    saving.restore(film, first.id, ANNA, uuid.uuid4().hex)
    assert read() == {"Radius": 9}
    kinds = [event.kind for event in ledger.history(film)]
    assert kinds == ["correction", "correction", "undo", "undo", "undo", "undo", "restore"]


def test_history_is_blind_until_one_has_read_every_bone(annotate: AnnotateDesk, saving: Saving, film: int) -> None:
    anna, otto = annotate.open_film(film, ANNA), annotate.open_film(film, OTTO)
    saving.save(
        with_said(anna, {"Radius": BoneWork(verdict="graded", grade=9, note="<b>")}), anna.sitting, ANNA, consent=None
    )
    blind = saving.history(film, OTTO)
    with pytest.raises(BoneGradeError, match="not in the history that you see"):
        saving.restore(film, saving.history(film, RITA).events[0].id, OTTO, uuid.uuid4().hex)
    assert blind.blind and blind.events == ()
    seen = saving.history(film, RITA)
    (event,) = seen.events
    assert (event.reader, event.seconds, seen.weights[event.prediction_id]) == ("anna", 12.0, "cd" * 32)
    first = saving.save(with_said(otto, {"MC1": grade_said(4)}), otto.sitting, OTTO, consent=None)
    assert first.event is not None and first.clash is None
    assert saving.history(film, OTTO).blind and saving.history(film, OTTO).events == (first.event,)
    whole = dict.fromkeys(RUS_BONES, BoneWork(verdict="unreadable"))
    again = annotate.open_film(film, OTTO)
    saving.save(with_said(again, whole), again.sitting, OTTO, consent=None)
    assert not saving.history(film, OTTO).blind and len(saving.history(film, OTTO).events) == 3


@pytest.mark.parametrize("attack", ["save", "settle"])
def test_a_page_that_lies_about_what_it_was_shown_learns_nothing_of_others(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, film: int, attack: str
) -> None:
    anna = annotate.open_film(film, ANNA)
    saving.save(with_said(anna, {"Radius": grade_said(9)}), anna.sitting, ANNA, consent=None)
    ledger.set_gold(
        film, {"MC3": Correction("MC3", "graded", 4)}, reader="rita", base_revision=1, token=uuid.uuid4().hex
    )
    otto = annotate.open_film(film, OTTO)
    work = with_said(otto, {"MC1": grade_said(5)}).model_copy(update={"base_revision": 0})
    if attack == "save":
        saved = saving.save(work, otto.sitting, OTTO, consent=None)
    else:
        saved = saving.settle(work, otto.sitting, OTTO, 1, frozenset({"Radius", "MC3"}), consent=None)
    assert saved.clash is None and set(saved.reading) == {"MC1"} == set(ledger.reading(film, "otto"))
    assert "anna" not in "".join(event.note for event in ledger.history(film))
    assert saving.history(film, OTTO).blind


def test_a_demo_keeps_nothing_and_gives_a_file(
    assessor: Assessor, radiograph: Radiograph, assessment: Assessment
) -> None:
    demo = desk_of(None, assessor)
    opened = demo.open_assessed(radiograph, assessment, ANNA)
    work = with_said(opened, {"Radius": grade_said(9), "Ulna": BoneWork(verdict="absent", grade=0)})
    assert demo.keep(work, opened.sitting, ANNA) == (work, False)
    with pytest.raises(BoneGradeError, match="demo"):
        Saving(demo).save(work, opened.sitting, ANNA, consent=Consent())
    with pytest.raises(BoneGradeError, match="Nothing is kept"):
        demo.open_film(1, ANNA)
    document = json.loads(corrections_file(work, opened.sitting, "anna"))
    assert [one["grade"] for one in document["corrections"]] == [9, 0]
    assert document["film"]["sha256"] == radiograph.sha256 and document["weights"] == assessment.weights


def test_whoever_may_not_save_files_undoes_redoes_and_restores_nothing(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, radiograph: Radiograph, assessment: Assessment
) -> None:
    opened = annotate.open_assessed(radiograph, assessment, VERA)
    with pytest.raises(NotAllowed, match="does not allow you to save corrections"):
        annotate.filed(opened.work, opened.sitting, VERA, consent=Consent())
    assert list(ledger.films()) == []
    film = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film.id
    ledger.add_prediction(film, assessment)
    anna = annotate.open_film(film, ANNA)
    saving.save(with_said(anna, {"Radius": grade_said(9)}), anna.sitting, ANNA, consent=None)
    before, token = ledger.history(film), uuid.uuid4().hex
    for act in (
        lambda: saving.undo(film, VERA, token),
        lambda: saving.redo(film, VERA, token),
        lambda: saving.restore(film, before[0].id, VERA, token),
        lambda: saving.settle(anna.work, anna.sitting, VERA, 1, frozenset({"Radius"}), consent=None),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert ledger.history(film) == before
