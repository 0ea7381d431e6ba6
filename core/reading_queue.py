"""What to read next: films in an order that teaches most, at random, or oldest first; with blind gold films among them."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

import sqlalchemy as sa

from core.bones import Sex
from core.ledger import FilmRecord, Ledger
from core.ledger.films import of_ids
from core.ledger.gain import expected_gain
from core.ledger.schema import queue_film, queue_reader

__all__ = [
    "Order",
    "QueueCounts",
    "QueueFilter",
    "QueueRow",
    "counts",
    "expected_gain",
    "next_film",
    "queue_rows",
]

#: What a film is to the reader who looks at the queue.
RowState = Literal["assessing", "refused", "to_read", "skipped", "read_by_me"]

#: One film in so many that a reader gets has a gold reading, if there are any that the reader can read blindly.
_GOLD_EVERY: Final = 10


class Order(StrEnum):
    """In which order films are offered."""

    EXPECTED_GAIN = "expected_gain"
    RANDOM = "random"
    OLDEST = "oldest"


@dataclass(frozen=True)
class QueueFilter:
    """Which films are offered. age_months: from, to (both included) of the model's bone age. state: to_read, skipped and
    read_by_me are this reader's; read: by anyone. assigned_to: a reader's name."""

    sex: Sex | None = None
    age_months: tuple[float, float] | None = None
    state: Literal["to_read", "read_by_me", "read", "skipped", "flagged", "refused", "all"] = "to_read"
    assigned_to: str | None = None


@dataclass(frozen=True)
class QueueCounts:
    """Numbers of films. assessing: without a prediction yet. to_read: assessed, neither read nor skipped by this reader,
    and not assigned to another. read_by_me, skipped: by this reader. read: by anyone. assigned_to_me: of those to read."""

    films: int
    assessing: int
    to_read: int
    read_by_me: int
    read: int
    skipped: int
    flagged: int
    refused: int
    assigned_to_me: int


@dataclass(frozen=True)
class QueueRow:
    """One film of the list. gain: see expected_gain, 0 before there is a prediction. readers: how many have read it.
    assigned_to: "" for nobody. state: to this reader."""

    film: FilmRecord
    bone_age_months: float | None
    gain: float
    readers: int
    flagged: bool
    assigned_to: str
    state: RowState


#: The queue's columns, and one reader's row for a film.
_F: Final = queue_film.c
_MINE: Final = queue_reader.alias("mine")


class _Strategy(Protocol):
    """One way to order films. The order runs through stretches; each stretch runs along an index of the table."""

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Which films come first, which next, ..."""

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        """What the films of a stretch are sorted by."""

    def behind(self, film: Any) -> sa.ColumnElement[bool]:
        """The films of the same stretch that come after one, given its row."""


class _Oldest:
    """As they came in."""

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (sa.true(),)

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return (_F.film_id,)

    def behind(self, film: Any) -> sa.ColumnElement[bool]:
        behind: sa.ColumnElement[bool] = _F.film_id > film.film_id
        return behind


class _ExpectedGain:
    """The film first that teaches most."""

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (sa.true(),)

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return _F.gain.desc(), _F.film_id

    def behind(self, film: Any) -> sa.ColumnElement[bool]:
        return sa.or_(_F.gain < film.gain, sa.and_(_F.gain == film.gain, _F.film_id > film.film_id))


class _Random:
    """One random order of all films, in which each reader starts at a place of their own and goes round."""

    def __init__(self, reader: str):
        self._start = _share(reader)

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return _F.shuffle >= self._start, _F.shuffle < self._start

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return _F.shuffle, _F.film_id

    def behind(self, film: Any) -> sa.ColumnElement[bool]:
        return sa.or_(_F.shuffle > film.shuffle, sa.and_(_F.shuffle == film.shuffle, _F.film_id > film.film_id))


def next_film(
    ledger: Ledger, reader: str, order: Order, filter: QueueFilter | None = None, after: int | None = None
) -> int | None:
    """The film to read next; None when the queue is finished.

    after: the film in hand. If it still waits, having been passed over unread, the queue goes on behind it and comes round
    to it last; otherwise the first film of the order comes. A list that is not `to_read` ends with its last film.

    About every tenth film to read is one with a gold reading that this reader has neither read nor set, so that they read
    it blindly; which ones is the same for the same reader and film in hand.
    """
    filter = filter or QueueFilter()
    strategy = _strategy(order, reader)
    if filter.state == "to_read":
        parts = [[*_wanted(reader, filter), _F.gold == gold] for gold in (False, True)]
        if _is_golds_turn(reader, after):
            parts.reverse()
    else:
        parts = [_wanted(reader, filter)]
    with ledger.reading_transaction() as connection:
        for conditions in parts:
            found = _following(connection, conditions, strategy, reader, after, round_again=filter.state == "to_read")
            if found is not None:
                return found
    return None


def queue_rows(
    ledger: Ledger, reader: str, order: Order, filter: QueueFilter | None = None, limit: int = 50, offset: int = 0
) -> list[QueueRow]:
    """A page of the list of films that a reader asks for, in the order that they would be offered in."""
    strategy = _strategy(order, reader)
    stretch = sa.case(*((part, place) for place, part in enumerate(strategy.stretches())), else_=0)
    query = (
        sa.select(queue_film, _MINE.c.read.label("mine"), _MINE.c.skipped.label("passed"))
        .select_from(_joined(reader))
        .where(*_wanted(reader, filter or QueueFilter()))
        .order_by(*((stretch,) if len(strategy.stretches()) > 1 else ()), *strategy.within())
        .limit(limit)
        .offset(offset)
    )
    with ledger.reading_transaction() as connection:
        rows = connection.execute(query).all()
        films = {film.id: film for film in of_ids(connection, [row.film_id for row in rows])}
    return [
        QueueRow(
            film=films[row.film_id],
            bone_age_months=row.bone_age_months,
            gain=row.gain,
            readers=row.readers,
            flagged=row.flagged,
            assigned_to=row.assigned_to,
            state=_state(row),
        )
        for row in rows
    ]


def counts(ledger: Ledger, reader: str) -> QueueCounts:
    """How many films stand where, to this reader."""
    waits = sa.and_(*_to_read(reader))
    sums = {
        "films": sa.true(),
        "assessing": _F.assessed == "assessing",
        "to_read": waits,
        "read_by_me": _MINE.c.read.is_(True),
        "read": _F.readers > 0,
        "skipped": _MINE.c.skipped.is_(True),
        "flagged": _F.flagged.is_(True),
        "refused": _F.assessed == "refused",
        "assigned_to_me": sa.and_(waits, _F.assigned_to == reader),
    }
    query = sa.select(
        *(sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0).label(name) for name, which in sums.items())
    ).select_from(_joined(reader))
    with ledger.reading_transaction() as connection:
        row = connection.execute(query).one()
    return QueueCounts(**{name: int(value) for name, value in row._mapping.items()})


def _strategy(order: Order, reader: str) -> _Strategy:
    match order:
        case Order.EXPECTED_GAIN:
            return _ExpectedGain()
        case Order.RANDOM:
            return _Random(reader)
        case Order.OLDEST:
            return _Oldest()


def _share(*parts: object) -> float:
    """A number 0..1 that is always the same for the same words."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def _is_golds_turn(reader: str, after: int | None) -> bool:
    return after is not None and _share("gold", reader, after) < 1 / _GOLD_EVERY


def _joined(reader: str) -> sa.FromClause:
    """The queue's films, each beside this reader's row of it, if there is one."""
    own = sa.and_(_MINE.c.film_id == _F.film_id, _MINE.c.reader == reader)
    return queue_film.outerjoin(_MINE, own)


def _to_read(reader: str) -> list[sa.ColumnElement[bool]]:
    """Assessed, neither read nor skipped nor known as gold by this reader (a reader's row says one of these), and not
    assigned to another."""
    return [_F.assessed == "ready", _MINE.c.film_id.is_(None), _F.assigned_to.in_(("", reader))]


def _wanted(reader: str, filter: QueueFilter) -> list[sa.ColumnElement[bool]]:
    states: dict[str, list[sa.ColumnElement[bool]]] = {
        "to_read": _to_read(reader),
        "read_by_me": [_MINE.c.read.is_(True)],
        "read": [_F.readers > 0],
        "skipped": [_MINE.c.skipped.is_(True)],
        "flagged": [_F.flagged.is_(True)],
        "refused": [_F.assessed == "refused"],
        "all": [],
    }
    wanted = states[filter.state]
    if filter.sex is not None:
        wanted.append(_F.sex == filter.sex)
    if filter.age_months is not None:
        wanted.append(_F.bone_age_months.between(*filter.age_months))
    if filter.assigned_to is not None:
        wanted.append(_F.assigned_to == filter.assigned_to)
    return wanted


def _following(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    strategy: _Strategy,
    reader: str,
    after: int | None,
    round_again: bool,
) -> int | None:
    """The first of the films that meet the conditions, or the first behind the film in hand if that is one of them."""

    def first(*more: sa.ColumnElement[bool]) -> int | None:
        query = sa.select(_F.film_id).select_from(_joined(reader)).where(*conditions, *more)
        found: int | None = connection.execute(query.order_by(*strategy.within()).limit(1)).scalar_one_or_none()
        return found

    stretches = strategy.stretches()
    here = None if after is None else _stretch_of(connection, conditions, strategy, reader, after)
    if here is None:
        return _first_of(first(stretch) for stretch in stretches)
    film = connection.execute(sa.select(queue_film).where(_F.film_id == after)).one()
    ahead = [(stretches[here], strategy.behind(film)), *((stretch,) for stretch in stretches[here + 1 :])]
    if round_again:
        ahead += [(stretch,) for stretch in stretches[: here + 1]]
    return _first_of(first(*which) for which in ahead)


def _stretch_of(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    strategy: _Strategy,
    reader: str,
    film_id: int,
) -> int | None:
    """In which stretch of the order a film stands; None if it does not meet the conditions."""
    for place, stretch in enumerate(strategy.stretches()):
        query = sa.select(_F.film_id).select_from(_joined(reader)).where(*conditions, stretch, _F.film_id == film_id)
        if connection.execute(query).first() is not None:
            return place
    return None


def _first_of(found: Iterable[int | None]) -> int | None:
    return next((film_id for film_id in found if film_id is not None), None)


def _state(row: Any) -> RowState:
    """What a film is to the reader whose row stands beside it."""
    if row.assessed != "ready":
        return "refused" if row.assessed == "refused" else "assessing"
    if row.mine:
        return "read_by_me"
    return "skipped" if row.passed else "to_read"
