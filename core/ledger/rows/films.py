"""Rows of films, and of the consents under which their pictures are kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.bones import Sex
from core.errors import AgeRefused
from core.film.radiograph import Radiograph
from core.film.stated import check_age
from core.ledger.errors import InvalidFilm, UnknownFilm
from core.ledger.records import ERASED, Consent, FilmRecord
from core.ledger.store import schema

#: The greatest id that is looked up.
_GREATEST_ID = 2**31 - 1

_FILM, _PICTURE = schema.film, schema.picture
_FILE = schema.file_name
_COLUMNS = (
    *_FILM.c,
    _PICTURE.c.sha256.label("picture"),
    _PICTURE.c.scope,
    _PICTURE.c.ends_at,
    _FILE.c.name.label("file_name"),
)
_SELECT = (
    sa.select(*_COLUMNS)
    .select_from(
        _FILM.outerjoin(_PICTURE, _PICTURE.c.film_id == _FILM.c.id).outerjoin(_FILE, _FILE.c.film_id == _FILM.c.id)
    )
    .where(_FILM.c.source != ERASED)
)

_BY_ID = _SELECT.where(_FILM.c.id == sa.bindparam("film_id"))
_BY_HASH = _SELECT.where(_FILM.c.sha256 == sa.bindparam("sha256"))


@dataclass(frozen=True)
class AddedFilm:
    """film: as the ledger has it. known: the same pixels were already there, and what was said of them stays."""

    film: FilmRecord
    known: bool


def record(row: Any) -> FilmRecord:
    """A row of `_SELECT` as a record."""
    spacing = None if row.row_spacing_mm is None else (row.row_spacing_mm, row.column_spacing_mm)
    return FilmRecord(
        id=row.id,
        sha256=row.sha256,
        width=row.width,
        height=row.height,
        sex=row.sex,
        patient_key=row.patient_key,
        age_months=row.age_months,
        consent=row.picture is not None,
        picture=row.picture,
        source=row.source,
        laterality=row.laterality,
        spacing_mm=spacing,
        scope=row.scope,
        consent_ends=row.ends_at,
        added_at=row.added_at,
        added_by=row.added_by,
        file_name=row.file_name or "",
    )


def by_id(connection: sa.Connection, film_id: int) -> FilmRecord:
    """The film. Raises UnknownFilm."""
    # the databases themselves refuse a greater number, each with its own error
    row = connection.execute(_BY_ID, {"film_id": film_id}).one_or_none() if 0 < film_id <= _GREATEST_ID else None
    if row is None:
        raise UnknownFilm(f"There is no film {film_id} in the ledger: choose one from the queue.")
    return record(row)


def by_hash(connection: sa.Connection, sha256: str) -> FilmRecord | None:
    """The film with these pixels."""
    row = connection.execute(_BY_HASH, {"sha256": sha256}).one_or_none()
    return None if row is None else record(row)


def page(connection: sa.Connection, after: int, limit: int) -> list[FilmRecord]:
    """The next films in id order."""
    rows = connection.execute(_SELECT.where(_FILM.c.id > after).order_by(_FILM.c.id).limit(limit))
    return [record(row) for row in rows]


def spoken_of(connection: sa.Connection, after: int, limit: int, kinds: Sequence[str], up_to: int) -> list[FilmRecord]:
    """The next films, in id order, that have an event of these kinds with an id of at most `up_to`."""
    said = sa.exists().where(
        schema.event.c.film_id == _FILM.c.id, schema.event.c.id <= up_to, schema.event.c.kind.in_(kinds)
    )
    rows = connection.execute(_SELECT.where(_FILM.c.id > after, said).order_by(_FILM.c.id).limit(limit))
    return [record(row) for row in rows]


def consented(connection: sa.Connection, first: int, last: int, up_to: datetime) -> set[int]:
    """Ids from `first` to `last` of the films whose pixels were kept at a given moment."""
    query = sa.select(_PICTURE.c.film_id).where(
        _PICTURE.c.film_id.between(first, last), _PICTURE.c.consented_at <= up_to
    )
    return set(connection.execute(query).scalars())


def named(connection: sa.Connection, first: int, last: int, up_to: datetime) -> set[int]:
    """Ids from `first` to `last` of the films whose files' names were kept at a given moment."""
    query = sa.select(_FILE.c.film_id).where(_FILE.c.film_id.between(first, last), _FILE.c.agreed_at <= up_to)
    return set(connection.execute(query).scalars())


def of_ids(connection: sa.Connection, film_ids: Sequence[int]) -> Iterator[FilmRecord]:
    """These films, in id order; at most some hundreds."""
    rows = connection.execute(_SELECT.where(_FILM.c.id.in_(film_ids)).order_by(_FILM.c.id))
    return (record(row) for row in rows)


def insert(
    connection: sa.Connection,
    radiograph: Radiograph,
    sex: Sex,
    *,
    reader: str,
    source: str,
    patient_key: str,
    age_months: float | None,
) -> int:
    """Adds a film and returns its id. age_months: None where whoever adds it does not say; its file may."""
    row_spacing, column_spacing = radiograph.spacing_mm or (None, None)
    values = {
        "sha256": radiograph.sha256,
        "width": radiograph.width,
        "height": radiograph.height,
        "sex": sex,
        "patient_key": patient_key,
        "age_months": radiograph.age_months if age_months is None else age_months,
        "source": source,
        "laterality": radiograph.laterality,
        "row_spacing_mm": row_spacing,
        "column_spacing_mm": column_spacing,
        "added_at": datetime.now(UTC),
        "added_by": reader,
    }
    film_id: int = connection.execute(sa.insert(_FILM).returning(_FILM.c.id), values).scalar_one()
    return film_id


def insert_consent(connection: sa.Connection, film_id: int, picture: str, reader: str, consent: Consent) -> None:
    """Records that the pixels are kept in the file of this name."""
    values = {
        "film_id": film_id,
        "sha256": picture,
        "consented_at": datetime.now(UTC),
        "consented_by": reader,
        "terms": consent.terms,
        "scope": consent.scope,
        "reference": consent.reference,
        "ends_at": consent.ends,
    }
    connection.execute(sa.insert(_PICTURE), values)


def insert_name(connection: sa.Connection, film_id: int, name: str, reader: str) -> None:
    """Keeps the name of a film's file."""
    values = {"film_id": film_id, "name": name, "agreed_at": datetime.now(UTC), "agreed_by": reader}
    connection.execute(sa.insert(_FILE), values)


def check(sex: Sex, age_months: float | None) -> None:
    """Raises InvalidFilm where the sex or the age is not possible."""
    if sex not in ("M", "F"):
        raise InvalidFilm(f"The sex must be M or F, not {sex!r}: the score tables are made for each sex.")
    try:
        check_age(age_months)
    except AgeRefused as refused:
        raise InvalidFilm(str(refused)) from None
