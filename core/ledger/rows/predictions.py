"""Rows of predictions, and how to rebuild an assessment from a stored one without running a network."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from core.assessment.records import Assessment, FilmAssessor, SecondOpinion
from core.errors import FilmRefused
from core.hand.localization import Localization
from core.ledger.records import FilmRecord, PredictionRecord
from core.ledger.store import schema

_PREDICTION = schema.prediction
_IS_OF_FILM = sa.select(_PREDICTION.c.id).where(
    _PREDICTION.c.id == sa.bindparam("prediction_id"), _PREDICTION.c.film_id == sa.bindparam("film_id")
)


def assessment_of(assessor: FilmAssessor, film: FilmRecord, prediction: PredictionRecord) -> Assessment:
    """The assessment that a stored prediction came from, under the hash of the weights that made it; no network runs.

    Totals and checks are recalculated from the stored probabilities; the bone age and its interval are the stored ones.
    What readers would agree on is not stored: it is recalculated for the assessor's own weights, and None for others.
    Raises FilmRefused, with the original sentence, where the prediction is a refusal.
    """
    if prediction.localization is None:
        raise FilmRefused("refused", prediction.refusal or "The film was refused.")
    probabilities = {bone: np.array(given, np.float64) for bone, given in prediction.probabilities.items()}
    second = None if prediction.second_opinion is None else SecondOpinion(*prediction.second_opinion)
    scored = assessor.score(film, film.sex, prediction.localization, probabilities, time.monotonic(), second)
    return replace(
        scored,
        weights=prediction.weights,
        bone_age_months=prediction.bone_age_months,
        interval90_months=prediction.interval90_months,
        consensus90_months=scored.consensus90_months if prediction.weights == assessor.weights else None,
    )


def record(row: Any) -> PredictionRecord:
    """A row of the table as a record."""
    return PredictionRecord(
        id=row.id,
        film_id=row.film_id,
        weights=dict(row.weights),
        localization=None if row.localization is None else Localization.from_dict(row.localization),
        probabilities={bone: tuple(given) for bone, given in row.probabilities.items()},
        bone_age_months=row.bone_age_months,
        interval90_months=None if row.low_months is None else (row.low_months, row.high_months),
        refusal=row.refusal,
        made_at=row.made_at,
        second_opinion=None if row.second_months is None else (row.second_months, row.second_weight),
    )


def find(connection: sa.Connection, film_id: int, prediction_id: int | None = None) -> PredictionRecord | None:
    """One prediction of the film, the latest by default."""
    query = sa.select(_PREDICTION).where(_PREDICTION.c.film_id == film_id)
    if prediction_id is not None:
        query = query.where(_PREDICTION.c.id == prediction_id)
    row = connection.execute(query.order_by(_PREDICTION.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else record(row)


def by_weights(connection: sa.Connection, film_id: int, weights: Mapping[str, str]) -> PredictionRecord | None:
    """What these weights said of the film."""
    query = sa.select(_PREDICTION).where(
        _PREDICTION.c.film_id == film_id, _PREDICTION.c.weights_key == weights_key(weights)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else record(row)


def unseen_films(connection: sa.Connection, weights: Mapping[str, str] | None) -> list[int]:
    """Ids of the films with a picture that these weights have not seen, in order; without weights, of all with a picture."""
    query = sa.select(schema.picture.c.film_id).order_by(schema.picture.c.film_id)
    if weights is not None:
        same_film = _PREDICTION.c.film_id == schema.picture.c.film_id
        query = query.where(~sa.exists().where(same_film, _PREDICTION.c.weights_key == weights_key(weights)))
    return list(connection.execute(query).scalars())


def exists(connection: sa.Connection, film_id: int, prediction_id: int) -> bool:
    """Whether the prediction is one of the film's."""
    given = {"prediction_id": prediction_id, "film_id": film_id}
    return connection.execute(_IS_OF_FILM, given).first() is not None


def latest_between(connection: sa.Connection, first: int, last: int) -> dict[int, PredictionRecord]:
    """The latest prediction of each film of a range of ids."""
    query = sa.select(_PREDICTION).where(_PREDICTION.c.film_id.between(first, last)).order_by(_PREDICTION.c.id)
    return {row.film_id: record(row) for row in connection.execute(query)}


def of_films(connection: sa.Connection, first: int, last: int, up_to: datetime) -> list[PredictionRecord]:
    """The predictions made up to a moment for the films with ids from `first` to `last`, in id order."""
    query = sa.select(_PREDICTION).where(_PREDICTION.c.film_id.between(first, last), _PREDICTION.c.made_at <= up_to)
    return [record(row) for row in connection.execute(query.order_by(_PREDICTION.c.id))]


def insert(connection: sa.Connection, film_id: int, values: Mapping[str, Any]) -> PredictionRecord:
    """Adds a prediction with the columns that `assessed` or `refused` gave."""
    whole = {"film_id": film_id, "made_at": datetime.now(UTC), **values}
    prediction_id = connection.execute(sa.insert(_PREDICTION).returning(_PREDICTION.c.id), whole).scalar_one()
    row = connection.execute(sa.select(_PREDICTION).where(_PREDICTION.c.id == prediction_id)).one()
    return record(row)


def assessed(assessment: Assessment) -> dict[str, Any]:
    """The columns of a prediction made from an assessment."""
    low, high = assessment.interval90_months or (None, None)
    second = assessment.second_opinion
    return {
        "weights_key": weights_key(assessment.weights),
        "weights": dict(assessment.weights),
        "localization": assessment.localization.to_dict(),
        "probabilities": {bone: given.tolist() for bone, given in assessment.probabilities.items()},
        "bone_age_months": assessment.bone_age_months,
        "low_months": low,
        "high_months": high,
        "second_months": None if second is None else second.months,
        "second_weight": None if second is None else second.weight,
    }


def refused(weights: Mapping[str, str], message: str) -> dict[str, Any]:
    """The columns of a prediction that is a refusal."""
    return {
        "weights_key": weights_key(weights),
        "weights": dict(weights),
        "localization": None,
        "probabilities": {},
        "refusal": message,
    }


def weights_key(weights: Mapping[str, str]) -> str:
    """One hash for the hashes of all networks."""
    return hashlib.sha256(json.dumps(dict(weights), sort_keys=True).encode()).hexdigest()
