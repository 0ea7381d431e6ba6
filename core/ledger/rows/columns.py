"""Events and predictions as bare columns, for those who go through all: making a million records would take most of the
time."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from core.ledger.readings import OF_THE_READING
from core.ledger.records import ERASED
from core.ledger.store import schema
from core.ledger.store.opened import Store


def verdicts(ledger: Store, after: int, last: int) -> Sequence[Any]:
    """What events with ids greater than `after`, up to `last`, say of readings and gold readings, in id order; of films that
    were not erased.

    One row for each correction of an event; events without corrections have one row. Columns: event, film, sex, reader,
    kind, target, seconds, prediction; bone, grade, accepted, seconds.
    """
    event, correction, film = schema.event.c, schema.correction.c, schema.film.c
    joined = schema.event.join(schema.film, film.id == event.film_id).outerjoin(
        schema.correction, correction.event_id == event.id
    )
    query = (
        sa.select(
            event.id, event.film_id, film.sex, event.reader, event.kind, event.target, event.seconds,
            event.prediction_id, correction.bone, correction.grade, correction.accepted, correction.seconds,
        )
        .select_from(joined)
        .where(event.id > after, event.id <= last, event.kind.in_(OF_THE_READING), film.source != ERASED)
        .order_by(event.id)
    )  # fmt: skip
    with ledger.reading_transaction() as connection:
        return connection.execute(query).all()


def latest_prediction(ledger: Store) -> int:
    """The id of the last prediction; 0 before there is one."""
    with ledger.reading_transaction() as connection:
        return connection.execute(sa.select(sa.func.max(schema.prediction.c.id))).scalar() or 0


def predictions(ledger: Store, after: int, last: int) -> Sequence[Any]:
    """Predictions with ids greater than `after`, up to `last`, in id order. Columns: prediction, film, probabilities as JSON
    text, bone age in months."""
    column = schema.prediction.c
    query = (
        sa.select(column.id, column.film_id, sa.cast(column.probabilities, sa.Text), column.bone_age_months)
        .where(column.id > after, column.id <= last)
        .order_by(column.id)
    )
    with ledger.reading_transaction() as connection:
        return connection.execute(query).all()
