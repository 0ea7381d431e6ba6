"""Opening, keeping, regrading and saving over a real ledger, without a page."""

import json
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.annotation.desk import AnnotateDesk
from core.annotation.facts import opened_facts
from core.annotation.saving import Saving, corrections_file
from core.annotation.sitting import Sitting
from core.annotation.work import BoneWork, Work, WorkRefused
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment, Progress
from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError, BoxRefused
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.intake.turns import Turns
from core.ledger import Consent, Correction, Ledger, assessment_of
from tests.hands import assert_same, shipped_examples
from tests.made_work import grade_said, with_said
from tests.no_hands import noise
from tests.reading_room import all_predictions

ANNA, OTTO = Reader("anna", Role.READER), Reader("otto", Role.READER)
RITA, VERA = Reader("rita", Role.REVIEWER), Reader("vera", Role.VIEWER)


def desk_of(ledger: Ledger | None, assessor: Assessor, turns: Turns | None = None) -> AnnotateDesk:
    """A desk that keeps what it can; turns: its own by default."""
    return AnnotateDesk(ledger, lambda: assessor, (turns or Turns()).now, keeps=True)


@pytest.fixture
def saving(annotate: AnnotateDesk) -> Saving:
    return Saving(annotate)


def test_a_film_of_the_ledger_opens_without_the_networks(
    annotate: AnnotateDesk, film: int, assessment: Assessment, assessor: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assessor.localizer, "locate", lambda *_: pytest.fail("the film was localised again"))
    monkeypatch.setattr(assessor.grader, "grade", lambda *_: pytest.fail("the film was graded again"))
    opened = annotate.open_film(film, ANNA)
    assert opened.sitting.assessment.bones["Radius"] == assessment.bones["Radius"]
    assert opened.sitting.radiograph is not None and opened.work.base_revision == 0 and opened.draft_of is None
    facts = opened_facts(opened, annotate, ANNA, lambda crop: str(crop.shape))
    assert facts["film"]["may_save"] and len(facts["film"]["bones"]) == 13
    json.dumps(facts, allow_nan=False)
    assert "allow" in opened_facts(opened, annotate, VERA, str)["film"]["why_not"]


class _Watched(Turns):
    """Turns that say when one begins and ends."""

    def __init__(self, said: list[str]):
        super().__init__()
        self._said = said

    @contextmanager
    def now(self) -> Iterator[None]:
        with super().now():
            self._said.append("begins")
            yield
        self._said.append("ends")


def test_a_film_that_must_be_assessed_first_is_so_in_a_turn_before_the_background(
    ledger: Ledger, radiograph: Radiograph, assessment: Assessment
) -> None:
    said: list[str] = []

    class Assessing(Assessor):
        def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
            said.append("assesses")
            return assessment

    new = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film.id
    assessing = Assessing.from_registry()
    desk_of(ledger, assessing, _Watched(said)).open_film(new, ANNA)
    assert said == ["begins", "assesses", "ends"]


def test_what_cannot_be_opened_says_why(annotate: AnnotateDesk, ledger: Ledger, radiograph: Radiograph) -> None:
    with pytest.raises(BoneGradeError):
        annotate.open_film(77, ANNA)
    bare = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=None).film.id
    with pytest.raises(BoneGradeError, match="pixels were not kept"):
        annotate.open_film(bare, ANNA)
    ledger.add_refusal(bare, {"localizer": "x", "grader": "y"}, "No hand could be recognised.")
    with pytest.raises(BoneGradeError, match=r"refused film .* No hand could be recognised"):
        annotate.open_film(bare, ANNA)


def test_a_refused_film_that_is_opened_is_filed_as_refused(
    annotate: AnnotateDesk, ledger: Ledger, assessor: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = noise()
    film = ledger.add_film(
        Radiograph(pixels, None, None, film_hash(pixels)), "F", reader="anna", source="queue", consent=Consent()
    )
    for _ in range(2):
        with pytest.raises(BoneGradeError, match=f"refused film {film.film.id}"):
            annotate.open_film(film.film.id, ANNA)
        monkeypatch.setattr(assessor.localizer, "locate", lambda *_: pytest.fail("the film was localised again"))
    (prediction,) = all_predictions(ledger)
    assert prediction.refusal and prediction.weights == assessor.weights


class _Counted(Turns):
    """Turns that count the people who ask for one."""

    people = 0

    def now(self) -> AbstractContextManager[None]:
        self.people += 1
        return super().now()


def test_a_film_that_is_assessed_on_opening_takes_a_person_s_turn(
    ledger: Ledger, assessor: Assessor, radiograph: Radiograph
) -> None:
    turns = _Counted()
    film = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film
    for _ in range(2):
        with suppress(BoneGradeError):  # networks that were not trained may see no hand
            desk_of(ledger, assessor, turns).open_film(film.id, ANNA)
        assert turns.people == 1 and ledger.prediction(film.id) is not None


def test_each_box_is_regraded_in_a_person_s_turn_and_once(
    ledger: Ledger, assessor: Assessor, radiograph: Radiograph, assessment: Assessment
) -> None:
    turns = _Counted()
    annotate = desk_of(ledger, assessor, turns)
    sitting = annotate.open_assessed(radiograph, assessment, ANNA).sitting
    for _ in range(2):
        annotate.regrade(sitting, "DP3", Box(200.0, 200.0, 290.0, 290.0))
        assert turns.people == 1


def test_a_draft_is_kept_for_its_reader_and_comes_back_as_it_was(annotate: AnnotateDesk, film: int) -> None:
    opened = annotate.open_film(film, ANNA)
    work = with_said(opened, {"Radius": grade_said(9), "Ulna": BoneWork(verdict="unreadable", note="moved")})
    kept, was_kept = annotate.keep(work, opened.sitting, ANNA)
    assert was_kept and kept == work
    again = annotate.open_film(film, ANNA)
    assert again.work == work and again.draft_of is not None
    assert annotate.open_film(film, OTTO).work.says == {}
    annotate.keep(work.model_copy(update={"at": 0, "says": {}}), opened.sitting, ANNA)
    assert annotate.open_film(film, ANNA).draft_of is None, "what was undone to the last step is no draft"
    assert annotate.keep(work, opened.sitting, VERA) == (work, False)


def test_nothing_of_an_assessed_film_is_kept_before_a_save_and_its_pixels_only_with_consent(
    annotate: AnnotateDesk, saving: Saving, ledger: Ledger, radiograph: Radiograph, assessment: Assessment
) -> None:
    opened = annotate.open_assessed(radiograph, assessment, ANNA)
    assert opened.work.film is None and list(ledger.films()) == []
    work = with_said(opened, {"Radius": grade_said(9)})
    assert annotate.keep(work, opened.sitting, ANNA) == (work, False)
    assert list(ledger.films()) == [] and all_predictions(ledger) == []
    work = saving.save(work, opened.sitting, ANNA, consent=None).work
    assert work.film is not None and work.prediction is not None
    assert not ledger.film(work.film).consent
    sitting = annotate.sitting(work, radiograph, assessment)
    ends = datetime(2030, 1, 1, tzinfo=UTC)
    saving.save(work, sitting, ANNA, consent=Consent("read", "form 7", ends))
    kept = ledger.film(work.film)
    assert (kept.scope, kept.consent_ends) == ("read", ends)
    assert kept.consent and ledger.radiograph(ledger.film(work.film)) is not None
    assert [path for path in (ledger.folder / "crops").rglob("*") if path.is_file()], "crops are cut with the consent"
    assert [prediction.id for prediction in all_predictions(ledger)] == [work.prediction]
    back = annotate.open_assessed(radiograph, assessment, ANNA)
    assert back.work.film == work.film and back.saved["Radius"].grade == 9


# --- A film that the ledger has under the other sex -----------------------------------------------------------------


@dataclass(frozen=True)
class _TwoSexes:
    """The shipped pipeline on an example that was assessed for `chosen`, while its sex in the ledger is to be `sex`."""

    held: Radiograph
    sex: Sex
    chosen: Assessment
    right: Assessment


@pytest.fixture(scope="module")
def shipped() -> Assessor:
    return Assessor.from_registry()


@pytest.fixture
def shipped_desk(ledger: Ledger, shipped: Assessor) -> AnnotateDesk:
    return desk_of(ledger, shipped)


@pytest.fixture(scope="module")
def two_sexes(shipped: Assessor) -> _TwoSexes:
    example = shipped_examples()[0]
    radiograph = read_radiograph(example.path)
    chosen: Sex = "M" if example.sex == "F" else "F"
    return _TwoSexes(
        radiograph,
        example.sex,
        shipped.assess(radiograph, chosen),
        shipped.assess(radiograph, example.sex),
    )


def _filed(ledger: Ledger, assessor: Assessor, radiograph: Radiograph) -> Assessment:
    """The assessment that the ledger has of a film."""
    film = ledger.film_by_hash(radiograph.sha256)
    prediction = None if film is None else ledger.prediction(film.id)
    assert film is not None and prediction is not None
    return assessment_of(assessor, film, prediction)


def _shown_age(annotate: AnnotateDesk, work: Work, sitting: Sitting) -> float:
    """The model's bone age as the page shows it, in months."""
    age = annotate.live(work, sitting).model.age
    assert age is not None
    return age.months


def test_a_film_that_the_ledger_has_under_the_other_sex_is_as_if_assessed_for_that_one(
    two_sexes: _TwoSexes, shipped_desk: AnnotateDesk, ledger: Ledger, shipped: Assessor
) -> None:
    annotate, held, right = shipped_desk, two_sexes.held, two_sexes.right
    ledger.add_film(held, two_sexes.sex, reader="otto", source="queue", consent=None)
    opened = annotate.open_assessed(held, two_sexes.chosen, ANNA)
    assert "The ledger has this film as" in opened.remark
    assert_same(opened.sitting.assessment, right)
    assert right.second_opinion is not None and right.bone_age_months is not None
    assert _shown_age(annotate, opened.work, opened.sitting) == pytest.approx(right.bone_age_months)

    later = annotate.sitting(opened.work, held, two_sexes.chosen)
    assert_same(later.assessment, right)
    annotate.keep(with_said(opened, {"Radius": grade_said(9)}), later, ANNA)
    assert_same(_filed(ledger, shipped, held), right)

    again = annotate.open_assessed(held, two_sexes.chosen, OTTO)
    assert again.sitting.prediction is not None and "The ledger has this film as" in again.remark
    assert_same(again.sitting.assessment, right)


def test_a_film_that_is_filed_under_the_other_sex_meanwhile_gets_its_prediction(
    two_sexes: _TwoSexes, shipped_desk: AnnotateDesk, ledger: Ledger, shipped: Assessor
) -> None:
    annotate, held, right = shipped_desk, two_sexes.held, two_sexes.right
    opened = annotate.open_assessed(held, two_sexes.chosen, ANNA)
    assert opened.sitting.assessment is two_sexes.chosen
    ledger.add_film(held, two_sexes.sex, reader="otto", source="queue", consent=None)
    work, _ = annotate.keep(with_said(opened, {"Radius": grade_said(9)}), opened.sitting, ANNA)
    assert_same(_filed(ledger, shipped, held), right)
    assert_same(annotate.sitting(work, held, two_sexes.chosen).assessment, right)


def test_the_page_s_work_goes_on_after_a_restart_but_never_on_another_film(
    annotate: AnnotateDesk, film: int, ledger: Ledger, assessor: Assessor
) -> None:
    work = annotate.open_film(film, ANNA).work
    restarted = desk_of(ledger, assessor)
    assert restarted.sitting(work, None, None).radiograph is not None
    with pytest.raises(WorkRefused, match="does not belong"):
        annotate.sitting(work.model_copy(update={"sha256": "0" * 64}), None, None)
    with pytest.raises(BoneGradeError, match="no longer in the server's memory"):
        annotate.sitting(work.model_copy(update={"film": None}), None, None)


def test_live_scores_move_with_every_word(annotate: AnnotateDesk, film: int, assessment: Assessment) -> None:
    opened = annotate.open_film(film, ANNA)
    none = annotate.live(opened.work, opened.sitting)
    assert none.person.cards["rus_chn"].total is None and none.filled is None and none.judged == 0
    assert none.model.cards == assessment.standards

    some = annotate.live(with_said(opened, {"Radius": grade_said(14)}), opened.sitting)
    assert some.person.age is None and some.filled is not None and some.judged == 1
    before, after = none.model.cards["rus_chn"].total, some.filled.cards["rus_chn"].total
    assert before is not None and after is not None and after > before

    whole = {bone: grade_said(found.grade) for bone, found in assessment.bones.items() if found is not None}
    all_said = annotate.live(with_said(opened, whole), opened.sitting)
    assert all_said.filled is None and all_said.person.cards == all_said.model.cards
    blurred = annotate.live(with_said(opened, {**whole, "MC1": BoneWork(verdict="unreadable")}), opened.sitting)
    assert blurred.person.cards["rus_chn"].total is None and blurred.person.cards["rus_chn"].missing == ("MC1",)

    moved = BoneWork(box=(20.0, 20.0, 80.0, 90.0))
    regraded = annotate.live(with_said(opened, {"DP3": moved}), opened.sitting)
    assert regraded.regraded == 1
    boxless = annotate.live(with_said(opened, {"DP3": BoneWork(box=())}), opened.sitting)
    assert boxless.model.cards["rus_chn"].missing == ("DP3",)
    with pytest.raises(BoxRefused):
        annotate.regrade(opened.sitting, "DP3", Box(-1.0, 0.0, 5.0, 5.0))


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
