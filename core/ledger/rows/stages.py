"""Rows of TW3 stages that came in with labels and correspond to several RUS-CHN grades: kept as they were given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from core.film.box import Box
from core.ledger.store import schema

_STAGE = schema.stage


@dataclass(frozen=True)
class StageWord:
    """A person's word on one bone, as a TW3 stage "A".."I". It is not a grade, so it is neither scored nor learned from."""

    bone: str
    stage: str
    box: Box | None = None


def add(connection: sa.Connection, film_id: int, words: Iterable[StageWord], reader: str) -> int:
    """Keeps what the reader had not said before, and returns for how many bones."""
    rows = connection.execute(sa.select(_STAGE).where(_STAGE.c.film_id == film_id, _STAGE.c.reader == reader))
    known = {_word(row) for row in rows}
    new = [word for word in words if word not in known]
    now = datetime.now(UTC)
    for word in new:
        xmin, ymin, xmax, ymax = word.box or (None,) * 4
        values = {"film_id": film_id, "bone": word.bone, "stage": word.stage, "reader": reader, "said_at": now}
        connection.execute(sa.insert(_STAGE), {**values, "xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax})
    return len(new)


def of_films(connection: sa.Connection, first: int, last: int, up_to: datetime) -> dict[int, dict[str, StageWord]]:
    """What was said last up to a moment, by film (ids from `first` to `last`) and bone."""
    query = sa.select(_STAGE).where(_STAGE.c.film_id.between(first, last), _STAGE.c.said_at <= up_to)
    found: dict[int, dict[str, StageWord]] = {}
    for row in connection.execute(query.order_by(_STAGE.c.id)):
        found.setdefault(row.film_id, {})[row.bone] = _word(row)
    return found


def _word(row: sa.Row[tuple[object, ...]]) -> StageWord:
    edges = row._mapping
    box = None if edges["xmin"] is None else Box(*(edges[name] for name in ("xmin", "ymin", "xmax", "ymax")))
    return StageWord(edges["bone"], edges["stage"], box)
