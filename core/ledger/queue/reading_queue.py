"""What to read next: films in the order that teaches most, at random, or oldest first; with blind gold films among them."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Protocol

import sqlalchemy as sa

from core.bones import Sex
from core.ledger.queue.gain import expected_gain
from core.ledger.records import FilmRecord
from core.ledger.rows.films import of_ids
from core.ledger.store.opened import Store
from core.ledger.store.schema import queue_film, queue_reader

__all__ = [
    "QueueCounts",
    "QueueFilter",
    "QueueOrder",
    "QueueRow",
    "QueueState",
    "counts",
    "expected_gain",
    "next_film",
    "queue_rows",
]

#: The state of a film for the reader who looks at the queue.
RowState = Literal["assessing", "refused", "erased", "to_read", "skipped", "read_by_me"]

#: Which films are listed: see QueueFilter.
QueueState = Literal["to_read", "read_by_me", "read", "skipped", "flagged", "refused", "all"]

#: One in this many of the films that a reader gets has a gold reading, if there are any that the reader can read
#: blindly.
_GOLD_EVERY: Final = 10


class QueueOrder(StrEnum):
    """The order in which films are offered."""

    EXPECTED_GAIN = "expected_gain"
    RANDOM = "random"
    OLDEST = "oldest"


@dataclass(frozen=True)
class QueueFilter:
    """Which films are offered. age_months: from, to (both included) of the model's bone age. state: to_read, skipped and
    read_by_me are this reader's; read: by anyone. assigned_to: a reader's name."""

    sex: Sex | None = None
    age_months: tuple[float, float] | None = None
    state: QueueState = "to_read"
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
    assigned_to: "" for nobody. state: for this reader."""

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

    def behind(self, film: Any) -> tuple[sa.ColumnElement[bool], ...]:
        """The stretches that are left after a film, given its row."""


class _Oldest:
    """In the order in which they came in."""

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (sa.true(),)

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return (_F.film_id,)

    def behind(self, film: Any) -> tuple[sa.ColumnElement[bool], ...]:
        return (_F.film_id > film.film_id,)


class _ExpectedGain:
    """The film that teaches most comes first."""

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (sa.true(),)

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return _F.gain.desc(), _F.film_id

    def behind(self, film: Any) -> tuple[sa.ColumnElement[bool], ...]:
        return sa.and_(_F.gain == film.gain, _F.film_id > film.film_id), _F.gain < film.gain


class _Random:
    """One random order of all films, in which each reader starts at a place of their own and goes round."""

    def __init__(self, reader: str):
        self._start = _share(reader)

    def stretches(self) -> tuple[sa.ColumnElement[bool], ...]:
        return _F.shuffle >= self._start, _F.shuffle < self._start

    def within(self) -> tuple[sa.ColumnElement[Any], ...]:
        return _F.shuffle, _F.film_id

    def behind(self, film: Any) -> tuple[sa.ColumnElement[bool], ...]:
        same = sa.and_(_F.shuffle == film.shuffle, _F.film_id > film.film_id)
        if film.shuffle >= self._start:
            return same, _F.shuffle > film.shuffle, _F.shuffle < self._start
        return same, sa.and_(_F.shuffle > film.shuffle, _F.shuffle < self._start)


def next_film(
    ledger: Store, reader: str, order: QueueOrder, filter: QueueFilter | None = None, after: int | None = None
) -> int | None:
    """The film to read next; None when the queue is finished.

    after: the film in hand. If it was passed over unread, the queue continues after it and comes back to it last; otherwise
    the first film of the order comes. A list of films that need no reading ends with its last film.

    About one film in ten has a gold reading that this reader has neither read nor set, so that it is read blindly; when it
    comes, and which it is, depends on the reader's name, the films and how many the reader has read.
    """
    filter = filter or QueueFilter()
    strategy = _strategy(order, reader)
    with ledger.reading_transaction() as connection:
        if filter.state != "to_read":
            in_hand = _row(connection, _films(reader), after)
            return _first(connection, _selected(reader, filter), strategy, in_hand)
        waiting = _selected(reader, filter)
        in_hand = _row(connection, waiting, after)
        others, golden = waiting.where(_F.gold.is_(False)), waiting.where(_F.gold.is_(True))
        after_gold, after_other = (in_hand, None) if in_hand is not None and in_hand.gold else (None, in_hand)
        blindly = _Random(reader)
        found = _first(connection, golden, blindly) if in_hand is None and _golds_turn(connection, reader) else None
        return (
            found
            or _first(connection, others, strategy, after_other)
            or _first(connection, golden, blindly, after_gold)
            or (_first(connection, others, strategy) if after_other is not None else None)
            or (_first(connection, golden, blindly) if after_gold is not None else None)
        )


def queue_rows(
    ledger: Store, reader: str, order: QueueOrder, filter: QueueFilter | None = None, limit: int = 50, offset: int = 0
) -> list[QueueRow]:
    """A page of the list as this reader sees it; gold films are not marked."""
    strategy = _strategy(order, reader)
    stretches = strategy.stretches()
    sorting = [sa.case(*((stretch, place) for place, stretch in enumerate(stretches)))] if len(stretches) > 1 else []
    query = (
        _selected(reader, filter or QueueFilter()).order_by(*sorting, *strategy.within()).limit(limit).offset(offset)
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


def has_read_gold(ledger: Store, reader: str) -> bool:
    """Whether this reader has read a film that has a gold reading now, which they neither set nor saw."""
    blindly = sa.and_(_F.gold.is_(True), _MINE.c.read.is_(True), _MINE.c.knows_gold.is_(False))
    found = sa.select(_F.film_id).select_from(_MINE.join(queue_film, _F.film_id == _MINE.c.film_id))
    with ledger.reading_transaction() as connection:
        return connection.execute(found.where(_MINE.c.reader == reader, blindly).limit(1)).first() is not None


def counts(ledger: Store, reader: str) -> QueueCounts:
    """How many films there are of each kind, as this reader sees them."""
    ready = _F.assessed == "ready"
    open_to_me = sa.and_(ready, _F.assigned_to.in_(("", reader)))
    mine = sa.and_(ready, _F.assigned_to == reader)
    of_all = sa.select(
        sa.func.count().label("films"),
        _count(_F.assessed == "assessing").label("assessing"),
        _count(_F.assessed == "refused").label("refused"),
        _count(_F.readers > 0).label("read"),
        _count(_F.flagged.is_(True)).label("flagged"),
        _count(open_to_me).label("open_to_me"),
        _count(mine).label("mine"),
    ).select_from(queue_film)
    of_the_reader = (
        sa.select(
            _count(_READ_BY_ME).label("read_by_me"),
            _count(_SKIPPED).label("skipped"),
            _count(open_to_me).label("done_of_open"),
            _count(mine).label("done_of_mine"),
        )
        .select_from(_MINE.join(queue_film, _F.film_id == _MINE.c.film_id))
        .where(_MINE.c.reader == reader)
    )
    with ledger.reading_transaction() as connection:
        whole, own = connection.execute(of_all).one(), connection.execute(of_the_reader).one()
    return QueueCounts(
        films=whole.films,
        assessing=whole.assessing,
        to_read=whole.open_to_me - own.done_of_open,
        read_by_me=own.read_by_me,
        read=whole.read,
        skipped=own.skipped,
        flagged=whole.flagged,
        refused=whole.refused,
        assigned_to_me=whole.mine - own.done_of_mine,
    )


#: Whoever set a film's gold reading has already judged the film.
_READ_BY_ME: Final = sa.or_(_MINE.c.read.is_(True), _MINE.c.knows_gold.is_(True))
_SKIPPED: Final = sa.and_(_MINE.c.skipped.is_(True), sa.not_(_READ_BY_ME))


def _strategy(order: QueueOrder, reader: str) -> _Strategy:
    match order:
        case QueueOrder.EXPECTED_GAIN:
            return _ExpectedGain()
        case QueueOrder.RANDOM:
            return _Random(reader)
        case QueueOrder.OLDEST:
            return _Oldest()


def _films(reader: str) -> sa.Select[Any]:
    """All films of the queue, each with the reader's own row if there is one."""
    own = sa.and_(_MINE.c.film_id == _F.film_id, _MINE.c.reader == reader)
    return sa.select(
        _F.film_id,
        _F.assessed,
        _F.gold,
        _F.gain,
        _F.shuffle,
        _F.bone_age_months,
        _F.readers,
        _F.flagged,
        _F.assigned_to,
        _READ_BY_ME.label("read_by_me"),
        _SKIPPED.label("skipped"),
    ).select_from(queue_film.outerjoin(_MINE, own))


def _selected(reader: str, filter: QueueFilter) -> sa.Select[Any]:
    """The films that the filter lets through."""
    query = _films(reader)
    match filter.state:
        case "to_read":
            open_to_me = _F.assigned_to.in_(("", reader))
            query = query.where(_F.assessed == "ready", open_to_me, _MINE.c.film_id.is_(None))
        case "read_by_me":
            query = query.where(_READ_BY_ME)
        case "read":
            query = query.where(_F.readers > 0)
        case "skipped":
            query = query.where(_SKIPPED)
        case "flagged":
            query = query.where(_F.flagged.is_(True))
        case "refused":
            query = query.where(_F.assessed == "refused")
    if filter.sex is not None:
        query = query.where(_F.sex == filter.sex)
    if filter.age_months is not None:
        query = query.where(_F.bone_age_months.between(*filter.age_months))
    if filter.assigned_to is not None:
        query = query.where(_F.assigned_to == filter.assigned_to)
    return query


def _row(connection: sa.Connection, films: sa.Select[Any], film_id: int | None) -> Any:
    """One film's row, None if it is not among the films."""
    return connection.execute(films.where(_F.film_id == film_id)).one_or_none() if film_id is not None else None


def _first(connection: sa.Connection, films: sa.Select[Any], strategy: _Strategy, in_hand: Any = None) -> int | None:
    """The first of the films in the strategy's order, or the first after the one in hand."""
    stretches = strategy.stretches() if in_hand is None else strategy.behind(in_hand)
    for stretch in stretches:
        found = connection.execute(films.where(stretch).order_by(*strategy.within()).limit(1)).first()
        if found is not None:
            film_id: int = found.film_id
            return film_id
    return None


def _golds_turn(connection: sa.Connection, reader: str) -> bool:
    """Whether the reader's next film should be one with a gold reading."""
    done = connection.execute(
        sa.select(sa.func.count()).select_from(_MINE).where(_MINE.c.reader == reader)
    ).scalar_one()
    return _share(f"{reader}\0{done}") < 1 / _GOLD_EVERY


def _share(text: str) -> float:
    """A number in 0..1 that looks random, always the same for the same text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16) / 2**48


def _count(condition: sa.ColumnElement[bool]) -> sa.Function[int]:
    return sa.func.count(sa.case((condition, 1)))


def _state(row: Any) -> RowState:
    if row.read_by_me:
        return "read_by_me"
    if row.skipped:
        return "skipped"
    return "to_read" if row.assessed == "ready" else row.assessed
