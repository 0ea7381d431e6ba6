"""Rows for the appearance of films, and for the pairs that look the same."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from core.film.likeness import Look
from core.ledger.rows import films
from core.ledger.store import schema

_LOOK, _NEAR = schema.look, schema.near_copy


def looks(connection: sa.Connection) -> Iterator[tuple[int, Look]]:
    """The look of every film whose pixels are kept and that has one, with the film's id, in id order."""
    for film_id, content in connection.execute(sa.select(_LOOK.c.film_id, _LOOK.c.content).order_by(_LOOK.c.film_id)):
        yield film_id, Look.from_bytes(content)


def has_look(connection: sa.Connection, film_id: int) -> bool:
    """Whether the film's look is kept."""
    return connection.execute(sa.select(_LOOK.c.film_id).where(_LOOK.c.film_id == film_id)).first() is not None


def insert(connection: sa.Connection, film_id: int, look: Look) -> None:
    """Keeps a film's look."""
    connection.execute(sa.insert(_LOOK), {"film_id": film_id, "content": look.to_bytes()})


def insert_pairs(connection: sa.Connection, film_id: int, others: Iterable[int]) -> None:
    """Records which films look the same as this one, except those that were erased or found meanwhile."""
    now = datetime.now(UTC)
    there = [film.id for film in films.of_ids(connection, sorted(set(others)))]
    # the one that came in later stands first
    new = {(max(film_id, other), min(film_id, other)) for other in there} - set(pairs(connection) if there else ())
    found = [{"film_id": one, "other_id": other, "found_at": now} for one, other in sorted(new)]
    if found:
        connection.execute(sa.insert(_NEAR), found)


def pairs(connection: sa.Connection, up_to: datetime | None = None) -> list[tuple[int, int]]:
    """Pairs of ids of films that look the same, the earlier one second; those found up to a moment, or all."""
    query = sa.select(_NEAR.c.film_id, _NEAR.c.other_id).order_by(_NEAR.c.film_id, _NEAR.c.other_id)
    rows = connection.execute(query if up_to is None else query.where(_NEAR.c.found_at <= up_to))
    return [(row.film_id, row.other_id) for row in rows]
