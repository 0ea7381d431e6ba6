"""The queue after random events, compared with its definition: films are looked at one by one, without any of its tables."""

import itertools
import random
import uuid
from dataclasses import dataclass

import pytest

from core.ledger import FilmRecord, FilmState, Ledger, PredictionRecord, fold
from core.ledger.queue.reading_queue import QueueCounts, QueueFilter, QueueOrder, counts, next_film, queue_rows
from tests.reading_room import ReadingRoom, hand_at

FILTERS = [
    QueueFilter(),
    QueueFilter(state="read_by_me"),
    QueueFilter(state="read"),
    QueueFilter(state="skipped"),
    QueueFilter(state="flagged"),
    QueueFilter(state="refused"),
    QueueFilter(state="all"),
    QueueFilter(sex="M"),
    QueueFilter(age_months=(60.0, 120.0)),
    QueueFilter(assigned_to="ann"),
    QueueFilter(assigned_to="", state="all"),
    QueueFilter(sex="F", age_months=(100.0, 200.0), state="all"),
]


@dataclass(frozen=True)
class _Film:
    """All that is known of a film."""

    film: FilmRecord
    prediction: PredictionRecord | None
    state: FilmState

    @property
    def is_ready(self) -> bool:
        return self.prediction is not None and self.prediction.refusal is None

    @property
    def is_refused(self) -> bool:
        return self.prediction is not None and self.prediction.refusal is not None

    def is_read_by(self, reader: str) -> bool:
        return reader in self.state.said or reader in self.state.knows_gold

    def is_skipped_by(self, reader: str) -> bool:
        return reader in self.state.skipped_by and not self.is_read_by(reader)

    def waits_for(self, reader: str) -> bool:
        done = self.is_read_by(reader) or self.is_skipped_by(reader)
        return self.is_ready and not done and self.state.assigned_to in ("", reader)

    def passes(self, filter: QueueFilter, reader: str) -> bool:
        months = self.prediction.bone_age_months if self.prediction else None
        low, high = filter.age_months or (0.0, 0.0)
        return (
            {
                "to_read": self.waits_for(reader),
                "read_by_me": self.is_read_by(reader),
                "read": bool(self.state.said),
                "skipped": self.is_skipped_by(reader),
                "flagged": self.state.flagged,
                "refused": self.is_refused,
                "all": True,
            }[filter.state]
            and filter.sex in (None, self.film.sex)
            and (filter.age_months is None or (months is not None and low <= months <= high))
            and filter.assigned_to in (None, self.state.assigned_to)
        )


def _known(ledger: Ledger) -> dict[int, _Film]:
    return {film.id: _Film(film, ledger.prediction(film.id), fold(ledger.history(film.id))) for film in ledger.films()}


@pytest.fixture
def talk(room: ReadingRoom) -> Ledger:
    """Sixteen films, about which three readers said a hundred things; one is refused and one is not assessed."""
    chance = random.Random(4)
    films = [room.film("MF"[number % 2]) for number in range(16)]  # type: ignore[arg-type]
    for film in films[:14]:
        room.predict(
            film, hand_at(chance.random()), months=chance.uniform(40, 220), doubt=chance.choice([0.2, 0.5, 0.9])
        )
    room.ledger.add_refusal(films[14], {"grader": "cd" * 32}, "No hand could be recognised.")
    for _ in range(100):
        room.say_something(chance, films)
    return room.ledger


def _ranked(ledger: Ledger, reader: str, order: QueueOrder) -> list[int]:
    """All films in the reader's order."""
    return [row.film.id for row in queue_rows(ledger, reader, order, QueueFilter(state="all"))]


@pytest.mark.parametrize("reader", ["ann", "bob", "nobody yet"])
def test_lists_and_counts_are_what_the_films_say(talk: Ledger, reader: str) -> None:
    known = _known(talk)
    for order in QueueOrder:
        ranked = _ranked(talk, reader, order)
        assert sorted(ranked) == sorted(known)
        for filter in FILTERS:
            rows = queue_rows(talk, reader, order, filter)
            assert [row.film.id for row in rows] == [film for film in ranked if known[film].passes(filter, reader)]
    for row in queue_rows(talk, reader, QueueOrder.OLDEST, QueueFilter(state="all")):
        film = known[row.film.id]
        assert (row.readers, row.flagged) == (len(film.state.said), film.state.flagged)
        assert (row.state == "to_read") == (film.is_ready and not film.is_read_by(reader) and row.state != "skipped")
        assert (row.state == "read_by_me") == film.is_read_by(reader)
    films = known.values()
    assert counts(talk, reader) == QueueCounts(
        films=len(films),
        assessing=sum(film.prediction is None for film in films),
        to_read=sum(film.waits_for(reader) for film in films),
        read_by_me=sum(film.is_read_by(reader) for film in films),
        read=sum(bool(film.state.said) for film in films),
        skipped=sum(film.is_skipped_by(reader) for film in films),
        flagged=sum(film.state.flagged for film in films),
        refused=sum(film.is_refused for film in films),
        assigned_to_me=sum(film.waits_for(reader) and film.state.assigned_to == reader for film in films),
    )


@pytest.mark.parametrize("order", QueueOrder)
@pytest.mark.parametrize("reader", ["ann", "nobody yet"])
def test_the_next_film_is_the_next_of_the_list(talk: Ledger, reader: str, order: QueueOrder) -> None:
    known, ranked, at_random = _known(talk), _ranked(talk, reader, order), _ranked(talk, reader, QueueOrder.RANDOM)
    for filter in FILTERS:
        listed = [film for film in ranked if known[film].passes(filter, reader)]
        golden = [film for film in at_random if film in listed and known[film].state.gold]
        plain = [film for film in listed if film not in golden]
        for after in (None, *known):
            found = next_film(talk, reader, order, filter, after)
            if filter.state != "to_read":
                behind = listed if after is None else [f for f in listed if ranked.index(f) > ranked.index(after)]
                assert found == next(iter(behind), None)
            elif after in plain:
                behind = plain[plain.index(after) + 1 :]
                assert found == (behind + golden + plain)[0]
            elif after in golden:
                behind = golden[golden.index(after) + 1 :]
                assert found == (plain + behind + golden)[0]
            else:
                assert found in ([*plain[:1], *golden[:1]] or [None])


def test_one_reader_gets_a_gold_film_about_once_in_ten(room: ReadingRoom) -> None:
    films = [room.film() for _ in range(130)]
    for film in films:
        room.predict(film, hand_at(0.5))
    gold = films[::4]
    for film in gold:
        room.set_gold(film, {"Radius": 5}, "rita")
    given: list[int] = []
    film: int | None = None
    for _ in range(90):
        film = next_film(room.ledger, "ann", QueueOrder.OLDEST, after=film)
        assert film is not None
        given.append(film)
        room.ledger.say(film, "skip", reader="ann", token=uuid.uuid4().hex)
    turns = [place for place, film in enumerate(given) if film in gold]
    assert len(set(given)) == 90 and 4 <= len(turns) <= 16
    assert len({later - earlier for earlier, later in itertools.pairwise(turns)}) > 1, "no pattern to be seen"
    plain = [film for film in given if film not in gold]
    assert plain == [film for film in films if film not in gold][: len(plain)], "the others keep their order"
    ritas = [row.film.id for row in queue_rows(room.ledger, "rita", QueueOrder.OLDEST, limit=200)]
    assert ritas == [film for film in films if film not in gold], "who set it cannot read it blindly"
