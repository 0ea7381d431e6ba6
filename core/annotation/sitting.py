"""One film in front of one reader, with its pixels where they are available and what the model said of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from core.annotation.memory import FilmMemory
from core.annotation.work import WorkRefused
from core.assessment.records import Assessment, FilmAssessor
from core.bones import Sex
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.hand.hand import Hand
from core.ledger import FilmRecord, Ledger, assessment_of

GONE: Final = (
    "The film is no longer in the server's memory, and its pixels were not kept: add and assess it again on the Assess tab; "
    "your work on it comes back."
)


@dataclass(frozen=True)
class Sitting:
    """One film in front of one reader. film: its ledger record, None while it has none. radiograph: None where the pixels were
    not kept. prediction: the id of `assessment` in the ledger."""

    film: FilmRecord | None
    assessment: Assessment
    radiograph: Radiograph | None
    prediction: int | None

    @property
    def sha256(self) -> str:
        """Names the film, in the ledger or not."""
        return self.film.sha256 if self.film is not None else self.assessment.film_sha256

    @property
    def sex(self) -> Sex:
        """As the ledger has it, which is how the film was first filed."""
        return self.film.sex if self.film is not None else self.assessment.sex

    @cached_property
    def hand(self) -> Hand | None:
        """The hand that was assessed; None where the pixels were not kept."""
        return None if self.radiograph is None else Hand(self.radiograph, self.assessment.localization)


class FilmsAtHand:
    """The ledger's films with their assessments, read once while they are in use."""

    def __init__(self, ledger: Ledger | None, load_assessor: Callable[[], FilmAssessor], memory: FilmMemory):
        """As for core.annotation.desk.AnnotateDesk. memory: of the films in use."""
        self._ledger, self._load_assessor, self._memory = ledger, load_assessor, memory

    def radiograph(self, film: FilmRecord, held: Radiograph | None) -> Radiograph | None:
        """The film's pixels, those that are held if they are its own; None where they were not kept."""
        if held is not None and held.sha256 == film.sha256:
            return held
        ledger = self._ledger
        if ledger is None or not film.consent:
            return None

        def read() -> Radiograph:
            radiograph = ledger.radiograph(film)
            if radiograph is None:
                raise LookupError(film.id)
            return radiograph

        try:
            return self._memory.pixels.get(film.id, read)
        except LookupError:
            return None

    def assessment(self, film: FilmRecord, prediction_id: int) -> Assessment:
        """What a prediction says of the film. Raises WorkRefused where the film has no such prediction."""
        ledger = self._ledger
        assert ledger is not None

        def rebuild() -> Assessment:
            prediction = ledger.prediction(film.id, prediction_id)
            if prediction is None:
                raise WorkRefused(f"Film {film.id} has no prediction {prediction_id}; reload the page.")
            return assessment_of(self._load_assessor().by(prediction.weights), film, prediction)

        return self._memory.assessments.get((film.id, prediction_id), rebuild)

    def as_filed(self, film: FilmRecord, assessment: Assessment, radiograph: Radiograph | None) -> Assessment:
        """The assessment for the sex that the ledger has, which need not be the one that was chosen on Assess. Raises
        BoneGradeError where they differ and the pixels were not kept."""
        if assessment.sex == film.sex:
            return assessment
        if radiograph is None:
            raise BoneGradeError(GONE)
        hand = Hand(radiograph, assessment.localization)
        assessor = self._load_assessor().by(assessment.weights)
        key = (film.id, json.dumps(assessor.weights))
        return self._memory.of_other_sex.get(key, lambda: assessor.for_sex(hand, assessment, film.sex))
