"""Rows of drafts: what a reader has not saved yet, and so may be overwritten."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.ledger.store import schema

_DRAFT = schema.draft
_ITS = (_DRAFT.c.film_id == sa.bindparam("film"), _DRAFT.c.reader == sa.bindparam("who"))
_FIND = sa.select(_DRAFT.c.draft).where(*_ITS)
_DROP = sa.delete(_DRAFT).where(*_ITS)


def find(connection: sa.Connection, film_id: int, reader: str) -> dict[str, Any] | None:
    """The reader's draft of the film."""
    row = connection.execute(_FIND, {"film": film_id, "who": reader}).one_or_none()
    return None if row is None else dict(row.draft)


def keep(connection: sa.Connection, film_id: int, reader: str, draft: Mapping[str, Any]) -> None:
    """Replaces the reader's draft of the film."""
    drop(connection, film_id, reader)
    values = {"film_id": film_id, "reader": reader, "draft": dict(draft), "kept_at": datetime.now(UTC)}
    connection.execute(sa.insert(_DRAFT), values)


def drop(connection: sa.Connection, film_id: int, reader: str) -> None:
    """Removes the reader's draft of the film, if there is one."""
    connection.execute(_DROP, {"film": film_id, "who": reader})
