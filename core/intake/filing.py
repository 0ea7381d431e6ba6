"""The only way to assess a film and to file what the model says of it: in a turn, with its crops."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from core.assessment.records import Assessment, FilmAssessor
from core.bones import Sex
from core.errors import FilmRefused
from core.film.radiograph import Radiograph
from core.intake.crop_shelf import CropShelf
from core.ledger import DamagedStore, FilmRecord, Ledger, PredictionRecord

_log: Final = logging.getLogger(__name__)

#: A turn on the processor's cores: `Turns.now` where a person waits, `Turns.when_free` where nobody does. It gives a
#: function that is to be called between the steps of a film.
Turn = Callable[[], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class Refusal:
    """The model's word on a film that it will not assess. weights: SHA-256 (hex) by network. sentence: says why."""

    weights: dict[str, str]
    sentence: str


#: What the model says of a film, filed or not.
Judgement = Assessment | Refusal


class Filing:
    """Assesses films for one ledger and files what is said of them. Safe to use from many threads."""

    def __init__(self, ledger: Ledger, load_assessor: Callable[[], FilmAssessor], turn: Turn):
        """load_assessor: returns the shared assessor, and may take seconds on its first call; called only for a film.

        turn: taken for each film, so that no two are computed on at once.
        """
        self.ledger: Final = ledger
        self._load_assessor = load_assessor
        self._turn = turn

    def weights(self) -> dict[str, str]:
        """SHA-256 (hex) by network of the weights that films are assessed with. Raises BoneGradeError if they are missing."""
        return self._load_assessor().weights

    def judge(self, radiograph: Radiograph, sex: Sex) -> Judgement:
        """What the model says of a film that need not be in the ledger; nothing is stored. Raises as `weights`."""
        assessor = self._load_assessor()
        with self._turn() as give_way:
            return _judgement(assessor, radiograph, sex, give_way)

    def file(self, film: FilmRecord, radiograph: Radiograph) -> PredictionRecord:
        """Assesses a film of the ledger and stores the outcome; the model is not asked twice with the same weights.

        Returns the prediction, which has a `refusal` where the model refused the film. Raises as `weights`.
        """
        assessor = self._load_assessor()
        with self._turn() as give_way:
            # somebody else may have filed it while this waited for its turn
            known = self.ledger.prediction_by(film.id, assessor.weights)
            return known or self.store(film, _judgement(assessor, radiograph, film.sex, give_way))

    def store(self, film: FilmRecord, judgement: Judgement) -> PredictionRecord:
        """Stores what was said of a film as its prediction or its refusal, and cuts its crops where its pixels are kept.

        The first prediction of the same weights stands, and is returned again. Raises core.ledger.InvalidFilm for an
        assessment of another film.
        """
        if isinstance(judgement, Refusal):
            return self.ledger.add_refusal(film.id, judgement.weights, judgement.sentence)
        prediction = self.ledger.add_prediction(film.id, judgement)
        try:
            CropShelf(self.ledger).fill(film, prediction)
        except (DamagedStore, OSError):
            # An export cuts what it does not find, so no reader and no import needs to stop here.
            _log.exception("The crops of film %d could not be cut ahead of an export.", film.id)
        return prediction


def _judgement(
    assessor: FilmAssessor, radiograph: Radiograph, sex: Sex, between_steps: Callable[[], None]
) -> Judgement:
    try:
        return assessor.assess(radiograph, sex, lambda share, step: between_steps())
    except FilmRefused as refusal:
        return Refusal(assessor.weights, str(refusal))
