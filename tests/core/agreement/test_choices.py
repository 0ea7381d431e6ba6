"""Who may see what of the agreement, over a small real ledger."""

from pathlib import Path

import pytest

from core.access.roles import Reader, Role
from core.agreement import MODEL, Pair, ReadingCollector, ReadingTable, Voice, gold_scores, reading_times
from core.agreement.choices import POOLED, choices, chosen, scores_for, times_for
from tests.reading_room import ReadingRoom, hand_at, read_by_two

ANNA, BEN = Voice("reader", "anna"), Voice("reader", "b<en")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> ReadingTable:
    return ReadingCollector(read_by_two(tmp_path_factory.mktemp("ledger")).ledger).table()


def test_a_reviewer_compares_everybody_the_pair_with_most_films_first(table: ReadingTable) -> None:
    entries = choices(table, Reader("anna", Role.REVIEWER))
    assert [entry.pair for entry in entries] == [
        Pair(ANNA, BEN, 12), None, Pair(ANNA, MODEL, 12), Pair(BEN, MODEL, 12),
    ]  # fmt: skip
    assert chosen(entries, entries[2].key) == entries[2]
    assert chosen(entries, None) == entries[0] and chosen([], POOLED) is None


def test_a_reader_sees_the_model_and_the_pool_and_nobody_else(table: ReadingTable) -> None:
    entries = choices(table, Reader("anna", Role.READER))
    assert [entry.pair for entry in entries] == [Pair(ANNA, MODEL, 12), None]
    # What a reader may not see is not shown because the page asks for it.
    forbidden = choices(table, Reader("chief", Role.ADMIN))[0].key
    assert chosen(entries, forbidden) == entries[0]
    assert [entry.pair for entry in choices(table, Reader("guest", Role.VIEWER))] == [None]


def test_one_reader_is_compared_with_the_model_alone(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    film = room.film()
    room.predict(film, hand_at(0.5))
    room.read(film, "anna", hand_at(0.5))
    entries = choices(ReadingCollector(room.ledger).table(), Reader("anna", Role.ADMIN))
    assert [entry.pair for entry in entries] == [Pair(ANNA, MODEL, 1)]


def test_a_reader_sees_their_own_times_and_scores_and_a_reviewer_everybodys(table: ReadingTable) -> None:
    scores, times = gold_scores(table, "rus_chn"), reading_times(table)
    anna, rita, guest = Reader("anna", Role.READER), Reader("rita", Role.REVIEWER), Reader("guest", Role.VIEWER)
    assert [one.voice for one in scores_for(rita, scores)] == [ANNA, BEN, MODEL]
    assert [one.voice for one in scores_for(anna, scores)] == [ANNA, MODEL]
    assert scores_for(guest, scores) == [], "nor does the model's score stand alone"
    assert [one.reader for one in times_for(rita, times)] == ["anna", "b<en"]
    assert [one.reader for one in times_for(anna, times)] == ["anna"] and times_for(guest, times) == []
