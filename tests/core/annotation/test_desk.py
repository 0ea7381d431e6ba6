"""Opening, keeping and regrading over a real ledger, without a page."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from core.annotation.desk import AnnotateDesk
from core.annotation.facts import opened_facts
from core.annotation.saving import Saving
from core.annotation.sitting import Sitting
from core.annotation.work import BoneWork, Work, WorkRefused
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment, Progress
from core.bones import Sex
from core.errors import BoneGradeError, BoxRefused
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.intake.turns import Turns
from core.ledger import Consent, Ledger, assessment_of
from tests.core.annotation.at_a_desk import ANNA, OTTO, VERA, desk_of
from tests.hands import assert_same, shipped_examples
from tests.made_work import grade_said, with_said
from tests.no_hands import noise
from tests.reading_room import all_predictions


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
    """Turns that say when each begins and ends."""

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
    ledger: Ledger, assessor: Assessor, radiograph: Radiograph, assessment: Assessment
) -> None:
    said: list[str] = []

    class Assessing(Assessor):
        def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
            said.append("assesses")
            return assessment

    new = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film.id
    assessing = Assessing(
        assessor.localizer, assessor.grader, assessor.intervals, assessor.weights, assessor.whole_hand
    )
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
        with suppress(BoneGradeError):  # untrained networks may see no hand
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


@dataclass(frozen=True)
class _TwoSexes:
    """The shipped pipeline on an example that was assessed for `chosen`, while its sex in the ledger is `sex`."""

    held: Radiograph
    sex: Sex
    chosen: Assessment
    right: Assessment


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
