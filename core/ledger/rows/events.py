"""Rows of events with their corrections."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core.bones import RUS_BONES
from core.film.box import Box
from core.ledger.readings import OF_THE_READING
from core.ledger.records import Correction, Event, EventKind, Verdict
from core.ledger.store import schema

_EVENT, _CORRECTION = schema.event, schema.correction
_PLACE = {bone: place for place, bone in enumerate(RUS_BONES)}


@dataclass(frozen=True)
class Words:
    """What a person says, before it is an event. base_revision: None where the film's revision does not matter."""

    kind: EventKind
    reader: str
    token: str
    base_revision: int | None = None
    corrections: tuple[Correction, ...] = ()
    target: int | None = None
    prediction_id: int | None = None
    seconds: float = 0.0
    note: str = ""


def _with_corrections(*which: sa.ColumnElement[bool], limit: sa.BindParameter[int] | None = None) -> sa.Select[Any]:
    """The events with their corrections in one statement, so that none is seen in part; columns as `_events` expects them."""
    said = sa.select(_EVENT).where(*which).order_by(_EVENT.c.id).limit(limit).subquery()
    columns = [said.c[name] for name in _EVENT_FIELDS] + [_CORRECTION.c[name] for name in _CORRECTION_FIELDS]
    joined = said.outerjoin(_CORRECTION, _CORRECTION.c.event_id == said.c.id)
    return sa.select(*columns).select_from(joined).order_by(said.c.id)


_EVENT_FIELDS = [field.name for field in fields(Event) if field.name != "corrections"]
_CORRECTION_FIELDS = ["bone", "verdict", "grade", "accepted", "note", "seconds", "xmin", "ymin", "xmax", "ymax"]

# Statements are built once: building one takes longer than running it.
_HISTORY = _with_corrections(_EVENT.c.film_id == sa.bindparam("film_id"))
_PAGE = _with_corrections(_EVENT.c.id > sa.bindparam("after"), limit=sa.bindparam("limit", type_=sa.Integer))
_BETWEEN = _with_corrections(
    _EVENT.c.film_id.between(sa.bindparam("first"), sa.bindparam("last")), _EVENT.c.id <= sa.bindparam("up_to")
)
_BY_ID = _with_corrections(_EVENT.c.id == sa.bindparam("event_id"))
_ID_OF_TOKEN = sa.select(_EVENT.c.id).where(_EVENT.c.token == sa.bindparam("token"))
_REVISION = sa.select(sa.func.max(_EVENT.c.revision)).where(_EVENT.c.film_id == sa.bindparam("film_id"))
_INSERT = sa.insert(_EVENT).returning(_EVENT.c.id)
_INSERT_CORRECTIONS = sa.insert(_CORRECTION)


def history(connection: sa.Connection, film_id: int) -> list[Event]:
    """All events of a film, oldest first."""
    return _events(connection.execute(_HISTORY, {"film_id": film_id}))


def page(connection: sa.Connection, after: int, limit: int) -> list[Event]:
    """The next events of the ledger in id order."""
    return _events(connection.execute(_PAGE, {"after": after, "limit": limit}))


def of_films(connection: sa.Connection, first: int, last: int, up_to: int) -> list[Event]:
    """All events with an id of at most `up_to` of the films with ids from `first` to `last`, in id order."""
    return _events(connection.execute(_BETWEEN, {"first": first, "last": last, "up_to": up_to}))


def by_token(connection: sa.Connection, token: str) -> Event | None:
    """The event that was saved under this token."""
    event_id = connection.execute(_ID_OF_TOKEN, {"token": token}).scalar_one_or_none()
    return None if event_id is None else _events(connection.execute(_BY_ID, {"event_id": event_id}))[0]


def latest_id(connection: sa.Connection) -> int:
    """The id of the last event; 0 before anything was said."""
    return connection.execute(sa.select(sa.func.max(_EVENT.c.id))).scalar() or 0


def readers(connection: sa.Connection, up_to: int) -> list[str]:
    """Everybody who said anything in the events with an id of at most `up_to`, in alphabetical order."""
    query = sa.select(_EVENT.c.reader).where(_EVENT.c.id <= up_to).distinct()
    return sorted(connection.execute(query).scalars())


def readers_between(connection: sa.Connection, after: int, up_to: int) -> list[str]:
    """Everybody who read a bone in the events with an id above `after` and of at most `up_to`, in alphabetical order."""
    query = sa.select(_EVENT.c.reader).where(
        _EVENT.c.id > after, _EVENT.c.id <= up_to, _EVENT.c.kind.in_(OF_THE_READING)
    )
    return sorted(connection.execute(query.distinct()).scalars())


def revision(connection: sa.Connection, film_id: int) -> int:
    """How many times the film's reading was changed."""
    return connection.execute(_REVISION, {"film_id": film_id}).scalar() or 0


def insert(connection: sa.Connection, film_id: int, words: Words, current: int) -> Event:
    """Adds an event on top of the film's current revision; words about the queue leave the revision as it is."""
    of_the_queue = words.base_revision is None
    values = {
        "film_id": film_id,
        "revision": current if of_the_queue else current + 1,
        "base_revision": current if words.base_revision is None else words.base_revision,
        "kind": words.kind,
        "reader": words.reader,
        "made_at": datetime.now(UTC),
        "seconds": words.seconds,
        "prediction_id": words.prediction_id,
        "target": words.target,
        "note": words.note,
    }
    event_id = connection.execute(_INSERT, {**values, "token": words.token}).scalar_one()
    if words.corrections:
        connection.execute(_INSERT_CORRECTIONS, [_values(event_id, c) for c in words.corrections])
    return Event(id=event_id, corrections=words.corrections, **values)  # type: ignore[arg-type]


def _values(event_id: int, correction: Correction) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = correction.box or (None,) * 4
    return {
        "event_id": event_id,
        "bone": correction.bone,
        "verdict": correction.verdict,
        "grade": correction.grade,
        "xmin": xmin,
        "ymin": ymin,
        "xmax": xmax,
        "ymax": ymax,
        "accepted": correction.accepted,
        "note": correction.note,
        "seconds": correction.seconds,
    }


def _events(rows: Iterable[Sequence[Any]]) -> list[Event]:
    """The events of rows of `_with_corrections`."""
    events = []
    for _, group in groupby(rows, key=lambda row: row[0]):
        first, *others = group
        corrections = [_correction(*row[len(_EVENT_FIELDS) :]) for row in (first, *others) if row[len(_EVENT_FIELDS)]]
        corrections.sort(key=lambda correction: _PLACE[correction.bone])
        events.append(Event(*first[: len(_EVENT_FIELDS)], tuple(corrections)))  # type: ignore[call-arg]
    return events


def _correction(
    bone: str,
    verdict: Verdict,
    grade: int | None,
    accepted: bool,
    note: str,
    seconds: float,
    *edges: float | None,
) -> Correction:
    box = None if edges[0] is None else Box(*edges)  # type: ignore[arg-type]
    return Correction(bone, verdict, grade, box, accepted, note, seconds)
