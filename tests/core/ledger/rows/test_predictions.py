"""Predictions: kept once for each set of weights, and turned back into assessments."""

import json

import numpy as np
import pytest

from core.assessment.assessor import Assessor
from core.errors import FilmRefused
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.hand.localization import Localization
from core.ledger import Consent, InvalidFilm, UnknownFilm, assessment_of
from tests.hands import Assess, Example
from tests.reading_room import ReadingRoom, all_predictions, hand_at


def test_a_stored_prediction_is_the_assessment_again(
    room: ReadingRoom, assessor: Assessor, assessed: Assess, example: Example
) -> None:
    assessment = assessed(example)
    film = room.ledger.add_film(
        read_radiograph(example.path), example.sex, reader="ann", source="queue", consent=None
    ).film
    made = room.ledger.add_prediction(film.id, assessment)
    stored = room.ledger.prediction(film.id)
    assert stored is not None and stored.id == made.id
    again = assessment_of(assessor, film, stored)
    assert {**again.to_dict(), "seconds": 0} == {**assessment.to_dict(), "seconds": 0}
    assert again.localization.regions == assessment.localization.regions
    assert np.array_equal(again.localization.all_centres, assessment.localization.all_centres)
    assert all(np.array_equal(again.probabilities[b], p) for b, p in assessment.probabilities.items())


def test_a_stored_prediction_keeps_the_name_of_its_weights(
    room: ReadingRoom, assessor: Assessor, assessed: Assess, example: Example
) -> None:
    film_id = room.film()
    room.predict(film_id, hand_at(0.5), months=77.0, weights="cd" * 32)
    stored = room.ledger.prediction(film_id)
    assert stored is not None
    again = assessment_of(assessor, room.ledger.film(film_id), stored)
    assert again.weights == {"grader": "cd" * 32} != assessor.weights
    assert again.bone_age_months == 77.0
    assert again.consensus90_months is None, "these weights' intervals are not known any more"


def test_a_localization_survives_json(assessed: Assess, example: Example) -> None:
    whole = assessed(example).localization
    again = Localization.from_dict(json.loads(json.dumps(whole.to_dict())))
    assert again.to_dict() == whole.to_dict()
    assert again.regions == whole.regions and again.misfit == whole.misfit
    assert again.all_centres.shape == (21, 2) and again.all_confidences.dtype == np.float64


def test_the_first_word_of_the_same_weights_stands(room: ReadingRoom) -> None:
    film = room.film()
    first = room.predict(film, hand_at(0.5))
    assert room.predict(film, hand_at(0.7)) == first
    other = room.predict(film, hand_at(0.7), weights="cd" * 32)
    latest, earlier = room.ledger.prediction(film), room.ledger.prediction(film, first)
    assert latest is not None and latest.id == other > first
    assert earlier is not None and earlier.id == first and earlier.weights == {"grader": "ab" * 32}
    assert [made.id for made in all_predictions(room.ledger)] == [first, other]


def test_a_refusal_is_kept_with_its_sentence(room: ReadingRoom, assessor: Assessor) -> None:
    film = room.film()
    made = room.ledger.add_refusal(film, {"localizer": "ef" * 32}, "No hand could be recognised.")
    assert (made.localization, made.probabilities, made.refusal) == (None, {}, "No hand could be recognised.")
    with pytest.raises(FilmRefused, match="No hand"):
        assessment_of(assessor, room.ledger.film(film), made)


def test_an_assessment_of_another_film_is_refused(room: ReadingRoom, assessed: Assess, example: Example) -> None:
    film = room.film()
    with pytest.raises(InvalidFilm):
        room.ledger.add_prediction(film, assessed(example))
    with pytest.raises(UnknownFilm):
        room.ledger.add_refusal(film + 1, {"localizer": "ef" * 32}, "No hand could be recognised.")
    assert room.ledger.prediction(film) is None and all_predictions(room.ledger) == []


def test_an_assessment_for_the_other_sex_is_refused(room: ReadingRoom, assessed: Assess, example: Example) -> None:
    radiograph, other = read_radiograph(example.path), "M" if example.sex == "F" else "F"
    film = room.ledger.add_film(radiograph, other, reader="ann", source="queue", consent=None).film  # type: ignore[arg-type]
    with pytest.raises(InvalidFilm, match=f"for sex {example.sex}, and the ledger has this film with sex {other}"):
        room.ledger.add_prediction(film.id, assessed(example))
    assert room.ledger.prediction(film.id) is None


def test_films_wait_for_weights_that_have_said_nothing_of_them(room: ReadingRoom) -> None:
    kept = []
    for shade in (0.1, 0.2, 0.3):
        pixels = np.full((4, 4), shade, np.float32)
        radiograph = Radiograph(pixels, None, None, film_hash(pixels))
        added = room.ledger.add_film(
            radiograph, "F", reader="ann", source="queue", consent=Consent() if shade > 0.1 else None
        )
        kept += [added.film.id] * added.film.consent
    first, second = kept
    assert room.ledger.films_to_assess() == room.ledger.films_to_assess({"grader": "ab" * 32}) == kept
    room.predict(first, hand_at(0.5), weights="ab" * 32)
    room.ledger.add_refusal(second, {"grader": "cd" * 32}, "No hand.")
    assert room.ledger.films_to_assess({"grader": "ab" * 32}) == [second]
    assert room.ledger.films_to_assess({"grader": "cd" * 32}) == [first]
    assert room.ledger.films_to_assess() == kept, "without weights, all whose pixels are kept"
    assert room.ledger.prediction_by(first, {"grader": "cd" * 32}) is None
    said = room.ledger.prediction_by(second, {"grader": "cd" * 32})
    assert said is not None and said.refusal == "No hand."
