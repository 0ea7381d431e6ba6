"""Rows of events with their corrections."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from core.bones import RUS_BONES
from core.ledger import schema
from core.ledger.records import Correction, Event, EventKind

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


def history(connection: sa.Connection, film_id: int) -> list[Event]:
    """All events of a film, oldest first."""
    return _events(connection, sa.select(_EVENT).where(_EVENT.c.film_id == film_id))


def page(connection: sa.Connection, after: int, limit: int) -> list[Event]:
    """The next events of the ledger in id order."""
    return _events(connection, sa.select(_EVENT).where(_EVENT.c.id > after).order_by(_EVENT.c.id).limit(limit))


def between_films(connection: sa.Connection, first: int, last: int) -> dict[int, list[Event]]:
    """The histories of the films of a range of ids."""
    histories: dict[int, list[Event]] = {}
    for event in _events(connection, sa.select(_EVENT).where(_EVENT.c.film_id.between(first, last))):
        histories.setdefault(event.film_id, []).append(event)
    return histories


def of_films(connection: sa.Connection, first: int, last: int, up_to: int) -> list[Event]:
    """All events with an id of at most `up_to` of the films with ids from `first` to `last`, in id order."""
    return _events(connection, sa.select(_EVENT).where(_EVENT.c.film_id.between(first, last), _EVENT.c.id <= up_to))


def by_token(connection: sa.Connection, token: str) -> Event | None:
    """The event that was saved under this token."""
    return next(iter(_events(connection, sa.select(_EVENT).where(_EVENT.c.token == token))), None)


def revision(connection: sa.Connection, film_id: int) -> int:
    """How often the film's reading was changed."""
    query = sa.select(sa.func.max(_EVENT.c.revision)).where(_EVENT.c.film_id == film_id)
    return connection.execute(query).scalar() or 0


def insert(connection: sa.Connection, film_id: int, words: Words, current: int) -> Event:
    """Adds an event on top of the film's current revision; words of the queue leave the revision as it is."""
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
    added = sa.insert(_EVENT).returning(_EVENT.c.id)
    event_id = connection.execute(added, {**values, "token": words.token}).scalar_one()
    if words.corrections:
        connection.execute(sa.insert(_CORRECTION), [_values(event_id, c) for c in words.corrections])
    return Event(id=event_id, corrections=words.corrections, **values)  # type: ignore[arg-type]


def _values(event_id: int, correction: Correction) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = correction.box or (None, None, None, None)
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


def _events(connection: sa.Connection, events: sa.Select[Any]) -> list[Event]:
    """The events of a query with their corrections, read in one statement, so that none is seen half."""
    said = events.subquery()
    joined = said.outerjoin(_CORRECTION, _CORRECTION.c.event_id == said.c.id)
    columns = [c for c in _CORRECTION.c if c.name not in ("note", "seconds")]
    query = (
        sa.select(
            said,
            *columns,
            _CORRECTION.c.note.label("bone_note"),
            _CORRECTION.c.seconds.label("bone_seconds"),
        )
        .select_from(joined)
        .order_by(said.c.id)
    )
    rows = connection.execute(query)
    return [_event(list(group)) for _, group in groupby(rows, key=lambda row: row.id)]


def _event(rows: Iterable[Any]) -> Event:
    first, *_ = rows = list(rows)
    corrections = [_correction(row) for row in rows if row.bone is not None]
    return Event(
        id=first.id,
        film_id=first.film_id,
        revision=first.revision,
        base_revision=first.base_revision,
        kind=first.kind,
        reader=first.reader,
        made_at=first.made_at,
        seconds=first.seconds,
        prediction_id=first.prediction_id,
        target=first.target,
        note=first.note,
        corrections=tuple(sorted(corrections, key=lambda c: _PLACE[c.bone])),
    )


def _correction(row: Any) -> Correction:
    return Correction(
        bone=row.bone,
        verdict=row.verdict,
        grade=row.grade,
        box=None if row.xmin is None else (row.xmin, row.ymin, row.xmax, row.ymax),
        accepted=row.accepted,
        note=row.bone_note,
        seconds=row.bone_seconds,
    )
