"""Rows of erasures: the only place where what the ledger has is changed or removed, once somebody has asked for it.

The row of a film and those of its events stay as empty shells, so that revisions keep counting.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from core.ledger.readings import OF_THE_READING
from core.ledger.records import ERASED, FilmRecord
from core.ledger.store import schema

#: In the table `store`.
_COUNT = "erasures"
#: The text before and after the readers' names in a note of a conflict, and between the names.
_CONFLICT_NOTES: Final = (("Kept after a conflict with ", ""), ("Taken from ", " in a conflict"))
_AND: Final = " and "
_ERASURE, _PICTURE, _EVENT, _FILM = schema.erasure, schema.picture, schema.event, schema.film


@dataclass(frozen=True)
class Erasure:
    """What is still to be removed of a film, outside the database. film_sha256: as the film was known. picture: the name of its
    file, None if it had none. labels_too: what people said of it goes as well."""

    film_sha256: str
    picture: str | None
    labels_too: bool


def picture(connection: sa.Connection, film: FilmRecord, key: str, *, labels_too: bool) -> None:
    """Takes back the consent to keep a film's pixels, with its file's name and what it looks like, and notes that its files
    have to go. The record that it looks the same as another film stays, so that no split separates what is said of the two.
    key: the film's pseudonym, by which every process learns of it: core.keeping.lately_erased."""
    for table in (_PICTURE, schema.file_name, schema.look):
        connection.execute(sa.delete(table).where(table.c.film_id == film.id))
    connection.execute(sa.delete(_ERASURE).where(_ERASURE.c.film_sha256 == film.sha256))
    values = {
        "film_sha256": film.sha256,
        "picture": film.picture,
        "labels_too": labels_too,
        "asked_at": datetime.now(UTC),
        "here_done": False,
    }
    connection.execute(sa.insert(_ERASURE), values)
    _count(connection)
    lately = schema.lately_erased
    connection.execute(sa.delete(lately).where(lately.c.film_key == key))
    told = {"film_key": key, "number": count(connection), "erased_at": values["asked_at"]}
    connection.execute(sa.insert(lately), told)


def everything_said(connection: sa.Connection, film_id: int) -> None:
    """Empties a film, its events, stages, predictions and drafts; its pixels added again are a new film."""
    of_film = sa.select(_EVENT.c.id).where(_EVENT.c.film_id == film_id)
    connection.execute(sa.delete(schema.correction).where(schema.correction.c.event_id.in_(of_film)))
    connection.execute(sa.update(_EVENT).where(_EVENT.c.film_id == film_id).values(prediction_id=None, note=""))
    for table in (schema.stage, schema.prediction, schema.draft, schema.queue_film, schema.queue_reader):
        connection.execute(sa.delete(table).where(table.c.film_id == film_id))
    pairs = schema.near_copy.c
    connection.execute(sa.delete(schema.near_copy).where(sa.or_(pairs.film_id == film_id, pairs.other_id == film_id)))
    empty = {
        "sha256": secrets.token_hex(32),
        "patient_key": "",
        "age_months": None,
        "laterality": None,
        "row_spacing_mm": None,
        "column_spacing_mm": None,
        "source": ERASED,
    }
    connection.execute(sa.update(_FILM).where(_FILM.c.id == film_id).values(**empty))


def name_of_reader(connection: sa.Connection, name: str, pseudonym: str) -> int:
    """Replaces a reader's name with a pseudonym wherever it occurs, and returns the number of places. Drafts are removed."""
    connection.execute(sa.delete(schema.draft).where(schema.draft.c.reader == name))
    assigned = sa.and_(_EVENT.c.kind == "assign", _EVENT.c.note == name)
    places: Sequence[tuple[sa.Table, sa.ColumnElement[bool], str]] = (
        (_EVENT, _EVENT.c.reader == name, "reader"),
        (_EVENT, assigned, "note"),
        (_FILM, _FILM.c.added_by == name, "added_by"),
        (_PICTURE, _PICTURE.c.consented_by == name, "consented_by"),
        (schema.file_name, schema.file_name.c.agreed_by == name, "agreed_by"),
        (schema.stage, schema.stage.c.reader == name, "reader"),
        (schema.queue_reader, schema.queue_reader.c.reader == name, "reader"),
        (schema.queue_film, schema.queue_film.c.assigned_to == name, "assigned_to"),
    )
    found = sum(
        connection.execute(sa.update(table).where(where).values({column: pseudonym})).rowcount
        for table, where, column in places
    )
    found += _in_notes_of_conflicts(connection, name, pseudonym)
    if found:
        _count(connection)
    return found


def _in_notes_of_conflicts(connection: sa.Connection, name: str, pseudonym: str) -> int:
    """The same in notes that name the other readers in a conflict, as notes used to; returns the number of notes."""
    found = 0
    for begins, ends in _CONFLICT_NOTES:
        like = _EVENT.c.note.startswith(begins, autoescape=True) & _EVENT.c.note.endswith(ends, autoescape=True)
        query = sa.select(_EVENT.c.id, _EVENT.c.note).where(like, _EVENT.c.note.contains(name, autoescape=True))
        for number, note in connection.execute(query).all():
            names = note.removeprefix(begins).removesuffix(ends).split(_AND)
            if name in names:
                others = _AND.join(pseudonym if one == name else one for one in names)
                changed = sa.update(_EVENT).where(_EVENT.c.id == number)
                connection.execute(changed.values(note=f"{begins}{others}{ends}"))
                found += 1
    return found


def count(connection: sa.Connection) -> int:
    """How many times a film or a name was erased, in this process or another: whoever keeps such things in memory forgets
    them when this number grows."""
    row = sa.select(schema.store.c.value).where(schema.store.c.name == _COUNT)
    return int(connection.execute(row).scalar_one_or_none() or 0)


def _count(connection: sa.Connection) -> None:
    now = str(count(connection) + 1)
    connection.execute(sa.delete(schema.store).where(schema.store.c.name == _COUNT))
    connection.execute(sa.insert(schema.store), {"name": _COUNT, "value": now})


def of_patient(connection: sa.Connection, patient_key: str) -> list[int]:
    """Ids of a patient's films."""
    return list(connection.execute(sa.select(_FILM.c.id).where(_FILM.c.patient_key == patient_key)).scalars())


def ended(connection: sa.Connection, now: datetime) -> list[int]:
    """Ids of the films whose consent has ended."""
    return list(connection.execute(sa.select(_PICTURE.c.film_id).where(_PICTURE.c.ends_at <= now)).scalars())


def unread_since(connection: sa.Connection, moment: datetime) -> list[int]:
    """Ids of the films added before a moment whose pixels are not kept, or which the model refused, and of which nobody has
    read a bone."""
    read = sa.exists().where(_EVENT.c.film_id == _FILM.c.id, _EVENT.c.kind.in_(OF_THE_READING))
    kept = sa.exists().where(_PICTURE.c.film_id == _FILM.c.id)
    queued = schema.queue_film
    refused = sa.exists().where(queued.c.film_id == _FILM.c.id, queued.c.assessed == "refused")
    query = sa.select(_FILM.c.id).where(
        _FILM.c.added_at < moment, _FILM.c.source != ERASED, ~read, sa.or_(~kept, refused)
    )
    return list(connection.execute(query).scalars())


def drafts_before(connection: sa.Connection, moment: datetime) -> int:
    """Drops the drafts that were last kept before a moment, and returns their number."""
    return connection.execute(sa.delete(schema.draft).where(schema.draft.c.kept_at < moment)).rowcount


def forget_lately_erased(connection: sa.Connection, moment: datetime) -> None:
    """Drops what is known of the films that were erased before a moment."""
    lately = schema.lately_erased
    connection.execute(sa.delete(lately).where(lately.c.erased_at < moment))


def unfinished(connection: sa.Connection, *, here: bool) -> list[Erasure]:
    """Erasures whose files are still to be removed. here: in the data folder; else those that only the hub may still have."""
    query = sa.select(_ERASURE).where(_ERASURE.c.here_done == sa.literal(not here)).order_by(_ERASURE.c.asked_at)
    return [Erasure(row.film_sha256, row.picture, row.labels_too) for row in connection.execute(query)]


def is_kept(connection: sa.Connection, picture: str) -> bool:
    """Whether a film's pixels are (again) kept in the file of this name."""
    return connection.execute(sa.select(_PICTURE.c.film_id).where(_PICTURE.c.sha256 == picture)).first() is not None


def done_here(connection: sa.Connection, erasure: Erasure, *, ask_hub: bool) -> None:
    """Notes that the data folder no longer has anything of it. ask_hub: the hub may still have something."""
    which = _ERASURE.c.film_sha256 == erasure.film_sha256
    if ask_hub:
        connection.execute(sa.update(_ERASURE).where(which).values(here_done=True))
    else:
        connection.execute(sa.delete(_ERASURE).where(which))


def done_on_hub(connection: sa.Connection, erasures: Sequence[Erasure]) -> None:
    """Notes that the hub no longer has anything of them either."""
    names = [erasure.film_sha256 for erasure in erasures]
    connection.execute(sa.delete(_ERASURE).where(_ERASURE.c.film_sha256.in_(names), _ERASURE.c.here_done))
