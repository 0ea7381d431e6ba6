"""The film that a reader is working on: opened, kept as a draft, its boxes regraded, its scores kept up to date."""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.access.roles import Action, Reader, enforce
from core.annotation.blinding import seen_revision
from core.annotation.memory import FilmMemory, erased_at
from core.annotation.sitting import GONE, FilmsAtHand, Sitting
from core.annotation.work import Work, WorkRefused, current_boxes, grades_said, own_boxes, says_of
from core.assessment.age.person import Scores, filled_up, model_scores, person_scores
from core.assessment.consistency import Inconsistency, inconsistencies
from core.assessment.records import Assessment, FilmAssessor, RegradedBone
from core.errors import BoneGradeError
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.intake.filing import Filing, Turn
from core.intake.near_copies import NearCopies
from core.ledger import Consent, Ledger, Reading, UnknownFilm

_log = logging.getLogger(__name__)

ERASED: Final = (
    "This film was erased after it was opened here, so it can no longer be shown, saved or downloaded: open "
    "another one from the Queue."
)
WITHDRAWN: Final = (
    "The picture of this film was erased, so nothing new can be said of it; what was saved before stays. Open another film "
    "from the Queue."
)
NO_PREDICTION: Final = (
    "This film has no prediction and its pixels were not kept, so there is nothing to correct: add and assess it again."
)

_SEXES: Final = {"F": "female", "M": "male"}


@dataclass(frozen=True)
class Opened:
    """A film as a reader finds it. draft_of: when the unsaved work that came back was kept, None if there was none.
    remark: a sentence that the reader should know, or ""."""

    sitting: Sitting
    saved: Reading
    work: Work
    draft_of: datetime | None
    remark: str = ""


@dataclass(frozen=True)
class LiveScores:
    """The model's reading, the reader's, and the reader's so far completed with the model's grades for the rest. filled:
    None where the reader judged nothing or everything. out_of_line: bones whose grades by the reader are out of line.
    two_hands: which hand was read where the film shows two, as a sentence; "" where it shows one."""

    model: Scores
    person: Scores
    filled: Scores | None
    out_of_line: tuple[Inconsistency, ...]
    judged: int
    regraded: int
    two_hands: str


class AnnotateDesk:
    """Stateless between calls except for what it remembers of recent films, so that a restarted server can continue."""

    def __init__(
        self,
        ledger: Ledger | None,
        load_assessor: Callable[[], FilmAssessor],
        turn: Turn,
        *,
        keeps: bool,
    ):
        """ledger: None where there is none, as in a demo. load_assessor: returns the shared assessor, and may take
        seconds on its first call. turn: taken for a film that must be assessed before it can be opened, and for each
        box that is regraded. keeps: whether what readers say goes into the ledger."""
        self.ledger: Final = ledger
        self.keeps: Final = keeps and ledger is not None
        self._load_assessor = load_assessor
        self._turn = turn
        self._filing = None if ledger is None else Filing(ledger, load_assessor, turn)
        self.memory: Final = FilmMemory(ledger)
        self._films = FilmsAtHand(ledger, load_assessor, self.memory)

    # --- Opening ----------------------------------------------------------------------------------------------------

    def open_assessed(self, held: Radiograph, assessment: Assessment, reader: Reader) -> Opened:
        """Opens the film that was just assessed; it is looked up in the ledger, and not added to it yet."""
        self.memory.forget_erased()
        ledger = self.ledger
        film = None if ledger is None else ledger.film_by_hash(held.sha256)
        if ledger is None or film is None:
            return self._opened(Sitting(None, assessment, held, None), reader)
        remark = ""
        if film.sex != assessment.sex:
            remark = f"The ledger has this film as {_SEXES[film.sex]}, which was used: check which is right."
        newest = ledger.prediction(film.id)
        if newest is not None and newest.weights == assessment.weights and newest.localization is not None:
            sitting = Sitting(film, self._films.assessment(film, newest.id), held, newest.id)
        else:
            sitting = Sitting(film, self._films.as_filed(film, assessment, held), held, None)
        return self._opened(sitting, reader, remark)

    def open_film(self, film_id: int, reader: Reader, held: Radiograph | None = None) -> Opened:
        """Opens a film of the ledger; the networks run only if it has no prediction yet.

        Raises BoneGradeError for an unknown film, one that was refused, and one with neither prediction nor pixels.
        """
        ledger, filing = self.ledger, self._filing
        if ledger is None or filing is None:
            raise BoneGradeError("Nothing is kept here, so there is no film to open: assess one on the Assess tab.")
        self.memory.forget_erased()
        film = ledger.film(film_id)
        radiograph = self._films.radiograph(film, held)
        prediction = ledger.prediction(film_id)
        if prediction is None:
            if radiograph is None:
                raise BoneGradeError(NO_PREDICTION)
            prediction = filing.file(film, radiograph)
        if prediction.localization is None:
            raise BoneGradeError(
                f"The model refused film {film_id}: {prediction.refusal} It cannot be graded here; skip it in the queue."
            )
        return self._opened(
            Sitting(film, self._films.assessment(film, prediction.id), radiograph, prediction.id), reader
        )

    def _opened(self, sitting: Sitting, reader: Reader, remark: str = "") -> Opened:
        ledger, film = self.ledger, sitting.film
        if ledger is None or film is None:
            return Opened(sitting, {}, _fresh(sitting, {}, 0), None, remark)
        saved = ledger.reading(film.id, reader.name)
        kept = ledger.draft(film.id, reader.name)
        work, draft_of = _draft(kept)
        if work is None:
            return Opened(sitting, saved, _fresh(sitting, saved, seen_revision(ledger.history(film.id))), None, remark)
        if work.prediction is not None and work.prediction != sitting.prediction:
            # the boxes that the draft leaves to the model are those of the prediction it was made on
            sitting = Sitting(film, self._films.assessment(film, work.prediction), sitting.radiograph, work.prediction)
        return Opened(sitting, saved, work, draft_of, remark)

    def picture_erased(self, sitting: Sitting) -> bool:
        """Whether the film's picture was erased and nobody has sent it again, so that nothing new can be said of it."""
        ledger, film = self.ledger, sitting.film
        if ledger is None or film is None or sitting.radiograph is not None or film.consent:
            return False
        return erased_at(ledger, film.id) is not None

    # --- While reading ----------------------------------------------------------------------------------------------

    def sitting(self, work: Work, held: Radiograph | None, assessment: Assessment | None) -> Sitting:
        """The film that a piece of work is about. Raises BoneGradeError where it is no longer available."""
        self.memory.forget_erased()
        ledger = self.ledger
        here = held is not None and held.sha256 == work.sha256
        if ledger is None or work.film is None:
            if not here or held is None or assessment is None or assessment.film_sha256 != work.sha256:
                raise BoneGradeError(ERASED if self.memory.was_erased(work.sha256) else GONE)
            return Sitting(None, assessment, held, None)
        try:
            film = ledger.film(work.film)
        except UnknownFilm:
            raise BoneGradeError(ERASED) from None
        if film.sha256 != work.sha256:
            raise WorkRefused(
                f"The page's work does not belong to film {film.id}; nothing was changed. Reload the page."
            )
        radiograph = self._films.radiograph(film, held if here else None)
        if work.prediction is not None:
            return Sitting(film, self._films.assessment(film, work.prediction), radiograph, work.prediction)
        if assessment is None or assessment.film_sha256 != work.sha256:
            raise BoneGradeError(GONE)
        return Sitting(film, self._films.as_filed(film, assessment, radiograph), radiograph, None)

    def keep(self, work: Work, sitting: Sitting, reader: Reader) -> tuple[Work, bool]:
        """Keeps the work as the reader's draft. Returns the work with the film's and the prediction's number, and whether
        it was kept.

        Nothing is kept of a film that the ledger does not have: only a save, by which a reader agrees to it, adds a film.
        """
        ledger = self.ledger
        if ledger is None or not self.keeps or not reader.may(Action.CORRECT):
            return work, False
        if not work.is_touched:
            if work.film is not None:
                ledger.drop_draft(work.film, reader.name)
            return work, True
        if work.film is None and ledger.film_by_hash(work.sha256) is None:
            return work, False
        work = self.filed(work, sitting, reader, consent=None)
        assert work.film is not None
        ledger.keep_draft(
            work.film, reader.name, {"work": work.model_dump(mode="json"), "kept_at": datetime.now(UTC).isoformat()}
        )
        return work, True

    def filed(self, work: Work, sitting: Sitting, reader: Reader, *, consent: Consent | None) -> Work:
        """The work on a film and a prediction that are in the ledger, added now if they were not; pixels with consent.

        Raises NotAllowed for whoever may not save corrections, or not add the film that is to be added, and BoneGradeError
        for a film whose picture was erased.
        """
        enforce(reader, Action.CORRECT)
        ledger, filing = self.ledger, self._filing
        assert ledger is not None and filing is not None
        film, prediction = sitting.film, sitting.prediction
        adds = sitting.radiograph is not None and (film is None or (consent is not None and not film.consent))
        if sitting.radiograph is not None and adds:
            enforce(reader, Action.ADD_FILMS)
            added = ledger.add_film(
                sitting.radiograph,
                sitting.sex,
                reader=reader.name,
                source="assess",
                consent=consent,
            )
            film = added.film
            NearCopies(ledger).note(film, sitting.radiograph)
        if film is None:
            raise BoneGradeError(GONE)
        if self.picture_erased(sitting):
            raise BoneGradeError(WITHDRAWN)
        prediction = sitting.prediction
        if prediction is None or adds:  # crops are cut now if pixels are kept from now on
            prediction = filing.store(film, self._films.as_filed(film, sitting.assessment, sitting.radiograph)).id
        return work.model_copy(update={"film": film.id, "prediction": prediction})

    def regrade(self, sitting: Sitting, bone: str, box: Box) -> RegradedBone:
        """The model's answer for one box. Raises core.errors.BoxRefused, and BoneGradeError without the film's pixels."""
        hand = sitting.hand
        if hand is None:
            raise BoneGradeError(GONE)
        # A film is read to the end with the model that it was opened with, even if another has been promoted since.
        assessor = self._load_assessor().by(sitting.assessment.weights)
        key = (sitting.sha256, assessor.weights["grader"], bone, box)

        def regraded() -> RegradedBone:
            with self._turn():
                return assessor.regrade(hand, bone, box)

        return self.memory.regraded.get(key, regraded)

    def model_probabilities(self, work: Work, sitting: Sitting) -> dict[str, NDArray[np.float64]]:
        """The model's probabilities of grades 0..n, by bone, for the boxes that stand on the film; bones without a box have
        none."""
        boxes = current_boxes(work, sitting.assessment)
        given = {bone: values for bone, values in sitting.assessment.probabilities.items() if bone in boxes}
        if sitting.radiograph is not None:
            given |= {bone: self.regrade(sitting, bone, box).probabilities for bone, box in own_boxes(work).items()}
        return given

    def live(self, work: Work, sitting: Sitting) -> LiveScores:
        """Totals, ages and intervals as they stand."""
        assessor = self._load_assessor().by(sitting.assessment.weights)
        sex, second = sitting.sex, sitting.assessment.second_opinion
        given, grades = self.model_probabilities(work, sitting), grades_said(work)
        judged = sum(said.verdict is not None for said in work.says.values())
        unreadable = {bone for bone, said in work.says.items() if said.verdict == "unreadable"}
        rest = {bone: values for bone, values in given.items() if bone not in unreadable}
        filled = filled_up(grades, rest) if 0 < judged < len(sitting.assessment.bones) else None
        return LiveScores(
            model_scores(assessor, sex, given, second),
            person_scores(assessor, sex, grades, given, second),
            None if filled is None else person_scores(assessor, sex, filled, given, second),
            inconsistencies(grades),
            judged,
            len(own_boxes(work)),
            " ".join(c.message for c in sitting.assessment.checks if c.name == "one_hand" and not c.passed),
        )


def _fresh(sitting: Sitting, saved: Reading, revision: int) -> Work:
    """The work of a reader who has not changed anything yet."""
    return Work(
        film=None if sitting.film is None else sitting.film.id,
        sha256=sitting.sha256,
        prediction=sitting.prediction,
        base_revision=revision,
        says=says_of(saved, sitting.assessment),
        token=uuid.uuid4().hex,
    )


def _draft(kept: dict[str, Any] | None) -> tuple[Work | None, datetime | None]:
    """The work of a kept draft. A draft that can no longer be read is left where it is and logged, not thrown away."""
    if kept is None:
        return None, None
    try:
        work = Work.model_validate(kept["work"])
        return (work, datetime.fromisoformat(kept["kept_at"])) if work.is_touched else (None, None)
    except (KeyError, ValueError):
        _log.exception("A draft could not be read.")
        return None, None
