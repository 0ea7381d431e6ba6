"""Keeps the queue's tables in step with the events, in the transaction of each save, and rebuilds them from the events.

They hold nothing that a person said first-hand, so they can be thrown away at any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.ledger.queue.gain import (
    Hardness,
    PerBone,
    bones_apart,
    comparisons,
    expected_gain,
    mean_disagreement,
    reading_times,
)
from core.ledger.readings import FilmState, fold
from core.ledger.records import Event, FilmRecord, PredictionRecord
from core.ledger.rows import events, films, predictions
from core.ledger.store import schema

_FILM, _READER, _HARDNESS = schema.queue_film, schema.queue_reader, schema.queue_hardness

#: Gains are recalculated once a bone's weight has changed by this fraction.
_DRIFT: Final = 0.1
#: Films whose gains are recalculated with each save, so that no save waits for all of them.
_AT_A_TIME: Final = 100
_REBUILT_AT_A_TIME: Final = 1000
#: Enough to sort by, while rows stay small.
_DIGITS: Final = 5


_OF_THE_FILM = _FILM.c.film_id == sa.bindparam("film")
_APART = sa.select(_FILM.c.apart).where(_OF_THE_FILM)
_UPDATE_FILM = sa.update(_FILM).where(_OF_THE_FILM)
_FORGET_READER = sa.delete(_READER).where(
    _READER.c.reader == sa.bindparam("who"), _READER.c.film_id == sa.bindparam("film")
)
_INSERT_READER = sa.insert(_READER)
_LEARNED = sa.select(_HARDNESS)
_LEARN = sa.update(_HARDNESS)


@dataclass(frozen=True)
class _Learned:
    """The row of queue_hardness. weighed_up_to: all films up to this id have gains made with these weights; None: all films."""

    sums: Hardness
    weights: PerBone
    weighed_up_to: int | None

    def values(self) -> dict[str, Any]:
        return {"sums": self.sums.to_list(), "weights": self.weights.tolist(), "weighed_up_to": self.weighed_up_to}


def add_film(connection: sa.Connection, film: FilmRecord) -> None:
    """Adds a film that has not been assessed yet."""
    connection.execute(sa.insert(_FILM), _film_row(film, None, FilmState(), Hardness.none().weights()))


def add_prediction(connection: sa.Connection, film: FilmRecord, prediction: PredictionRecord, state: FilmState) -> None:
    """Updates a film's row with its latest prediction."""
    row = _film_row(film, prediction, state, _learned(connection).weights)
    connection.execute(_UPDATE_FILM, {"film": film.id, **row})


def picture_changed(connection: sa.Connection, film: FilmRecord) -> None:
    """Updates the row of a film whose picture was erased, or is kept again. film: as it is now."""
    latest = predictions.latest_between(connection, film.id, film.id).get(film.id)
    row = _film_row(film, latest, fold(events.history(connection, film.id)), _learned(connection).weights)
    connection.execute(_UPDATE_FILM, {"film": film.id, **row})


def add_event(connection: sa.Connection, history: Sequence[Event], event: Event) -> None:
    """Takes in an event that was added to the film's history."""
    before, after = fold(history), fold([*history, event])
    compared = comparisons(after.readings())
    learned = _learn(connection, compared - comparisons(before.readings()) + reading_times(event.corrections))
    apart = connection.execute(_APART, {"film": event.film_id}).scalar_one()
    values = _standing(after, compared, apart, learned.weights)
    connection.execute(_UPDATE_FILM, {"film": event.film_id, **values})
    _set_reader(connection, event.film_id, event.reader, after)


def rebuild(connection: sa.Connection) -> None:
    """Rebuilds all rows from films, predictions and events; takes minutes for millions of corrections."""
    for table in (_FILM, _READER, _HARDNESS):
        connection.execute(sa.delete(table))
    sums = Hardness.none()
    last = 0
    while found := films.page(connection, last, _REBUILT_AT_A_TIME):
        first, last = found[0].id, found[-1].id
        latest = predictions.latest_between(connection, first, last)
        said: dict[int, list[Event]] = {}
        for event in events.of_films(connection, first, last, events.latest_id(connection)):
            said.setdefault(event.film_id, []).append(event)
        film_rows, reader_rows = [], []
        for film in found:
            history = said.get(film.id, [])
            state = fold(history)
            film_rows.append(_film_row(film, latest.get(film.id), state, sums.weights()))
            reader_rows += _reader_rows(film.id, state)
            sums += comparisons(state.readings())
            for event in history:
                sums += reading_times(event.corrections)
        connection.execute(sa.insert(_FILM), film_rows)
        if reader_rows:
            connection.execute(sa.insert(_READER), reader_rows)
    weighed_up_to: int | None = 0
    while weighed_up_to is not None:
        weighed_up_to = _weigh(connection, sums.weights(), weighed_up_to, _REBUILT_AT_A_TIME)
    connection.execute(sa.insert(_HARDNESS), {"id": 1, **_Learned(sums, sums.weights(), None).values()})


def _film_row(
    film: FilmRecord, prediction: PredictionRecord | None, state: FilmState, weights: PerBone
) -> dict[str, Any]:
    compared = comparisons(state.readings())
    apart = [] if prediction is None else np.round(bones_apart(prediction.probabilities), _DIGITS).tolist()
    return {
        "film_id": film.id,
        "assessed": _assessed(film, prediction, state),
        "shuffle": int(film.sha256[:12], 16) / 2**48,
        "sex": film.sex,
        "bone_age_months": None if prediction is None else prediction.bone_age_months,
        "apart": apart,
        **_standing(state, compared, apart, weights),
    }


def _assessed(film: FilmRecord, prediction: PredictionRecord | None, state: FilmState) -> str:
    if state.withdrawn and not film.consent:
        return "erased"
    if prediction is None:
        return "assessing"
    return "ready" if prediction.localization else "refused"


def _standing(state: FilmState, compared: Hardness, apart: Sequence[float], weights: PerBone) -> dict[str, Any]:
    """The columns of a film that change with what is said of it."""
    disagreement = np.round(mean_disagreement(compared), _DIGITS)
    return {
        "gold": state.gold is not None,
        "assigned_to": state.assigned_to,
        "readers": len(state.said),
        "flagged": state.flagged,
        "disagreement": disagreement.tolist(),
        "gain": _gain(apart, disagreement, weights),
    }


def _gain(apart: Sequence[float], disagreement: PerBone, weights: PerBone) -> float:
    return expected_gain(np.array(apart), disagreement, weights) if len(apart) else 0.0


def _reader_rows(film_id: int, state: FilmState) -> list[dict[str, Any]]:
    readers = state.said.keys() | state.skipped_by | state.knows_gold
    return [_reader_row(film_id, reader, state) for reader in sorted(readers)]


def _reader_row(film_id: int, reader: str, state: FilmState) -> dict[str, Any]:
    return {
        "reader": reader,
        "film_id": film_id,
        "read": reader in state.said,
        "skipped": reader in state.skipped_by,
        "knows_gold": reader in state.knows_gold,
    }


def _set_reader(connection: sa.Connection, film_id: int, reader: str, state: FilmState) -> None:
    connection.execute(_FORGET_READER, {"who": reader, "film": film_id})
    row = _reader_row(film_id, reader, state)
    if row["read"] or row["skipped"] or row["knows_gold"]:
        connection.execute(_INSERT_READER, row)


def _learned(connection: sa.Connection) -> _Learned:
    row = connection.execute(_LEARNED).one_or_none()
    if row is None:
        return _Learned(Hardness.none(), Hardness.none().weights(), None)
    return _Learned(Hardness.from_list(row.sums), np.array(row.weights), row.weighed_up_to)


def _learn(connection: sa.Connection, more: Hardness) -> _Learned:
    """Adds to the sums; if they have moved the weights far enough, starts recalculating all gains, some with each call."""
    known = _learned(connection)
    learned = replace(known, sums=known.sums + more)
    fresh = learned.sums.weights()
    if learned.weighed_up_to is None and np.abs(fresh / known.weights - 1).max() > _DRIFT:
        learned = replace(learned, weights=fresh, weighed_up_to=0)
    if learned.weighed_up_to is not None:
        done = _weigh(connection, learned.weights, learned.weighed_up_to, _AT_A_TIME)
        learned = replace(learned, weighed_up_to=done)
    if not connection.execute(_LEARN, learned.values()).rowcount:
        connection.execute(sa.insert(_HARDNESS), {"id": 1, **learned.values()})
    return learned


def _weigh(connection: sa.Connection, weights: PerBone, after: int, limit: int) -> int | None:
    """Recalculates the gains of the next films; returns the last film's id, or None when all are done."""
    query = (
        sa.select(_FILM.c.film_id, _FILM.c.apart, _FILM.c.disagreement)
        .where(_FILM.c.film_id > after)
        .order_by(_FILM.c.film_id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    if rows:
        gains = [{"film": row.film_id, "gain": _gain(row.apart, np.array(row.disagreement), weights)} for row in rows]
        connection.execute(_UPDATE_FILM, gains)
    return rows[-1].film_id if len(rows) == limit else None
