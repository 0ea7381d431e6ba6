"""The ledger as it stood at one revision: film by film what counts, by a named rule.

A revision is the id of an event. Events up to it never change; consents and predictions, which are not events, count up to the
moment of that event. So the same revision always gives the same snapshot.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self, TypeVar

from core.errors import BoneGradeError
from core.ledger import (
    Event,
    FilmRecord,
    FilmState,
    LabelRule,
    Ledger,
    PredictionRecord,
    Reading,
    Said,
    Scope,
    StageWord,
    fold,
)
from core.ledger.rows import copies, events, films, predictions, stages

_Row = TypeVar("_Row", Event, PredictionRecord)

#: Films read from the database at a time.
_PAGE = 500


class NothingToExport(BoneGradeError):
    """The ledger has no such revision, or nobody has said anything yet."""


@dataclass(frozen=True)
class FilmSnapshot:
    """One film at a revision.

    film: with `consent` and `picture` as they were then, where they allow the snapshot's use and have not ended since. words:
    by bone, in RUS_BONES order, what counts and in which event it was said. votes: by bone, the grade that each reader gives it
    now, 0 for absent, in ascending order; a reader who calls it unreadable gives none. gold: the event with the gold reading.
    prediction: the last one shown to readers or, if none was, the latest. stages: by bone, TW3 stages that were given and are
    not grades.
    """

    film: FilmRecord
    words: dict[str, Said]
    votes: dict[str, tuple[int, ...]]
    gold: Event | None
    prediction: PredictionRecord | None
    stages: Mapping[str, StageWord] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        """What counts, by bone."""
        return {bone: said.correction for bone, said in self.words.items()}


@dataclass(frozen=True)
class Snapshot:
    """The ledger at a revision, read by a rule. reviewers: whose word goes first under "reviewer_first". use: the purpose;
    films whose consent does not allow it have no pixels."""

    ledger: Ledger
    revision: int
    as_of: datetime
    rule: LabelRule
    reviewers: frozenset[str]
    use: Scope = "train"

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        revision: int | None = None,
        rule: LabelRule = "latest",
        reviewers: Collection[str] = (),
        use: Scope = "train",
    ) -> Self:
        """The snapshot at a revision, the present one by default. Raises NothingToExport."""
        present = ledger.ledger_revision()
        if not present:
            raise NothingToExport("There is nothing to export yet: save a reading first.")
        wanted = present if revision is None else revision
        if not 1 <= wanted <= present:
            raise NothingToExport(f"The ledger has the revisions 1 to {present}, not {wanted}: choose one of them.")
        last = next(ledger.events(after=wanted - 1, limit=1))
        if last.id != wanted:
            # a database may skip numbers
            raise NothingToExport(f"Revision {wanted} belongs to no event: choose {last.id} or another one.")
        return cls(ledger, wanted, last.made_at, rule, frozenset(reviewers), use)

    def films(self) -> Iterator[FilmSnapshot]:
        """The films about which somebody's word stands, in the order in which they came in, streamed."""
        return self._films(("correction", "restore", "gold"))

    def gold_films(self) -> Iterator[FilmRecord]:
        """The films that have a gold reading."""
        return (found.film for found in self._films(("gold",)) if found.gold is not None)

    def near_copies(self) -> list[tuple[FilmRecord, FilmRecord]]:
        """Pairs of films that look the same, the earlier one second."""
        with self.ledger.reading_transaction() as connection:
            pairs = copies.pairs(connection, self.as_of)
        found = {film.id: film for film in self.ledger.films([film_id for pair in pairs for film_id in pair])}
        return [(found[one], found[other]) for one, other in pairs]

    def readers(self) -> list[str]:
        """Everybody who said anything about a film, in alphabetical order."""
        return self.ledger.readers(self.revision)

    def _films(self, kinds: Sequence[str]) -> Iterator[FilmSnapshot]:
        after, now = 0, datetime.now(UTC)
        while True:
            with self.ledger.reading_transaction() as connection:
                page = films.spoken_of(connection, after, _PAGE, kinds, self.revision)
                if not page:
                    return
                first, after = page[0].id, page[-1].id
                said = _by_film(events.of_films(connection, first, after, self.revision))
                predicted = _by_film(predictions.of_films(connection, first, after, self.as_of))
                consented = films.consented(connection, first, after, self.as_of)
                named = films.named(connection, first, after, self.as_of)
                staged = stages.of_films(connection, first, after, self.as_of)
            for film in page:
                state = fold(said[film.id])
                words = _counting(state, self.rule, self.reviewers)
                if words or state.gold is not None:
                    may_leave = film.id in consented and film.allows(self.use, now)
                    kept = film if may_leave else replace(film, consent=False, picture=None, scope=None)
                    kept = kept if film.id in named else replace(kept, file_name="")
                    predicted_then = _prediction(predicted[film.id], said[film.id])
                    yield FilmSnapshot(kept, words, _votes(state), state.gold, predicted_then, staged.get(film.id, {}))


def _by_film(rows: Iterable[_Row]) -> defaultdict[int, list[_Row]]:
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.film_id].append(row)
    return grouped


def _counting(state: FilmState, rule: LabelRule, reviewers: Collection[str]) -> dict[str, Said]:
    """The verdicts that count by the rule, with the events in which they were said."""
    spoken = {id(said.correction): said for words in state.said.values() for said in words.values()}
    if state.gold is not None:
        spoken |= {id(correction): Said(correction, state.gold) for correction in state.gold.corrections}
    return {bone: spoken[id(correction)] for bone, correction in state.labels(rule, reviewers).items()}


def _votes(state: FilmState) -> dict[str, tuple[int, ...]]:
    given: defaultdict[str, list[int]] = defaultdict(list)
    for words in state.said.values():
        for bone, said in words.items():
            if said.correction.grade is not None:
                given[bone].append(said.correction.grade)
    return {bone: tuple(sorted(grades)) for bone, grades in given.items()}


def _prediction(predicted: list[PredictionRecord], said: list[Event]) -> PredictionRecord | None:
    answered = [event.prediction_id for event in said if event.prediction_id is not None]
    if answered:
        return next((one for one in predicted if one.id == answered[-1]), None)
    return max(predicted, key=lambda one: one.id, default=None)
