"""The ledger as it stood at one revision: film by film what counts, by a named rule.

A revision is the id of an event. Events up to it never change; consents and predictions, which are no events, count up to
the moment of that event. So the same revision is the same snapshot for ever.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from core.errors import BoneGradeError
from core.ledger import Event, FilmRecord, LabelRule, Ledger, PredictionRecord
from core.ledger import events as event_rows
from core.ledger import films as film_rows
from core.ledger import predictions as prediction_rows
from core.ledger.readings import FilmState, Said, fold
from core.ledger.schema import event, film, picture, prediction

#: Films that are read from the database at once.
_PAGE = 500


class NothingToExport(BoneGradeError):
    """The ledger has no such revision, or nobody has said anything yet."""


@dataclass(frozen=True)
class FilmSnapshot:
    """One film at a revision.

    film: with `consent` and `picture` as of then. words: by bone, in RUS_BONES order, what counts and in which event it was
    said. gold: the event with the gold reading. prediction: the one that readers had before them last or, if they had none,
    the latest.
    """

    film: FilmRecord
    words: dict[str, Said]
    gold: Event | None
    prediction: PredictionRecord | None


@dataclass(frozen=True)
class Snapshot:
    """The ledger at a revision, read by a rule. reviewers: whose word goes first under "reviewer_first"."""

    ledger: Ledger
    revision: int
    as_of: datetime
    rule: LabelRule
    reviewers: frozenset[str]

    @classmethod
    def of(
        cls, ledger: Ledger, revision: int | None = None, rule: LabelRule = "latest", reviewers: Collection[str] = ()
    ) -> "Snapshot":
        """At a revision, the present one by default. Raises NothingToExport."""
        present = ledger.ledger_revision()
        if not present:
            raise NothingToExport("There is nothing to export yet: save a reading first.")
        wanted = present if revision is None else revision
        if not 1 <= wanted <= present:
            raise NothingToExport(f"The ledger has the revisions 1 to {present}, not {wanted}: choose one of them.")
        last = next(ledger.events(after=wanted - 1, limit=1))
        if last.id != wanted:
            # a database may leave out numbers
            raise NothingToExport(f"Revision {wanted} was never given to an event: choose {last.id} or another one.")
        return cls(ledger, wanted, last.made_at, rule, frozenset(reviewers))

    def films(self) -> Iterator[FilmSnapshot]:
        """The films on which somebody's word stands, in the order in which they came in, streamed."""
        yield from self._films(self._event_kinds("correction", "restore", "gold"))

    def gold_films(self) -> Iterator[FilmRecord]:
        """The films that have a gold reading."""
        return (found.film for found in self._films(self._event_kinds("gold")) if found.gold is not None)

    def readers(self) -> list[str]:
        """Everybody who said anything of a film, in alphabetical order."""
        query = sa.select(event.c.reader).where(event.c.id <= self.revision).distinct()
        with self.ledger.database.reading() as connection:
            return sorted(connection.execute(query).scalars())

    def _event_kinds(self, *kinds: str) -> sa.ColumnElement[bool]:
        said = sa.select(event.c.film_id).where(event.c.id <= self.revision, event.c.kind.in_(kinds))
        return film.c.id.in_(said)

    def _films(self, condition: sa.ColumnElement[bool]) -> Iterator[FilmSnapshot]:
        after = 0
        while True:
            with self.ledger.database.reading() as connection:
                found = film_rows.page(connection, after, _PAGE, condition)
                if not found:
                    return
                first, last = found[0].id, found[-1].id
                events = self._events(connection, first, last)
                consented = self._consented(connection, first, last)
                predictions = self._predictions(connection, first, last)
            for one in found:
                state = fold(events[one.id])
                words = _counting(state, self.rule, self.reviewers)
                if words or state.gold is not None:
                    kept = one if one.id in consented else replace(one, consent=False, picture=None)
                    yield FilmSnapshot(kept, words, state.gold, _prediction(predictions[one.id], events[one.id]))
            after = last

    def _events(self, connection: sa.Connection, first: int, last: int) -> dict[int, list[Event]]:
        grouped = defaultdict(list)
        condition = sa.and_(event.c.film_id.between(first, last), event.c.id <= self.revision)
        for one in event_rows.where(connection, condition):
            grouped[one.film_id].append(one)
        return grouped

    def _consented(self, connection: sa.Connection, first: int, last: int) -> set[int]:
        query = sa.select(picture.c.film_id).where(
            picture.c.film_id.between(first, last), picture.c.consented_at <= self.as_of
        )
        return set(connection.execute(query).scalars())

    def _predictions(self, connection: sa.Connection, first: int, last: int) -> dict[int, list[PredictionRecord]]:
        grouped = defaultdict(list)
        condition = sa.and_(prediction.c.film_id.between(first, last), prediction.c.made_at <= self.as_of)
        for one in prediction_rows.where(connection, condition):
            grouped[one.film_id].append(one)
        return grouped


def _counting(state: FilmState, rule: LabelRule, reviewers: Collection[str]) -> dict[str, Said]:
    """The verdicts that count by the rule, with the events in which they were said."""
    spoken = {id(said.correction): said for words in state.said.values() for said in words.values()}
    golden = {id(c): Said(c, state.gold) for c in (state.gold.corrections if state.gold else ())}
    return {bone: {**spoken, **golden}[id(c)] for bone, c in state.labels(rule, reviewers).items()}


def _prediction(predictions: list[PredictionRecord], events: list[Event]) -> PredictionRecord | None:
    answered = [event.prediction_id for event in events if event.prediction_id is not None]
    if answered:
        return next((one for one in predictions if one.id == answered[-1]), None)
    return max(predictions, key=lambda one: one.id, default=None)
