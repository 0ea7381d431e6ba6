"""Collecting from a real ledger: at once, bit by bit, and after second thoughts."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from core.agreement import ReadingCollector, ReadingTable
from core.agreement.table import UNJUDGED, UNREADABLE
from core.bones import RUS_BONES
from tests.reading_room import ReadingRoom, hand_at, shifted, standing

HALF = hand_at(0.5)


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


def _same(one: ReadingTable, other: ReadingTable) -> bool:
    """Whether all fields are equal."""
    values = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(ReadingTable))
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b for a, b in values
    )


def _grades(table: ReadingTable, film: int, reader: str) -> list[int]:
    rows = table.readings_of(reader)
    return next(list(map(int, table.grades[row])) for row in rows if table.film_ids[table.film[row]] == film)


def test_an_empty_ledger_is_an_empty_table(room: ReadingRoom) -> None:
    room.film()
    table = ReadingCollector(room.ledger).table()
    assert (table.revision, table.readers, len(table.film_ids), len(table.grades)) == (0, (), 0, 0)
    assert len(table.readings_of("anna")) == 0


def test_a_reading_arrives_with_all_that_was_said(room: ReadingRoom) -> None:
    girl, boy = room.film("F"), room.film("M")
    prediction = room.predict(girl, hand_at(0.6), months=101.5)
    said = {**HALF, "Ulna": None, "MC1": 0}
    room.read(girl, "anna", said, seconds=80, bone_seconds=5, prediction=prediction, accepted=("Radius",))
    room.read(boy, "ben", {"DP5": 3})
    table = ReadingCollector(room.ledger).table()
    assert table.revision == room.ledger.ledger_revision()
    assert table.film_ids.tolist() == [girl, boy] and table.girls.tolist() == [True, False]
    expected = [UNREADABLE if said[bone] is None else said[bone] for bone in RUS_BONES]
    assert _grades(table, girl, "anna") == expected
    assert _grades(table, boy, "ben") == [UNJUDGED] * 12 + [3]
    (row,) = table.readings_of("anna")
    assert table.seconds[row] == 80 and table.bone_seconds[row].tolist() == [5.0] * 13
    assert table.accepted[row].tolist() == [True] + [False] * 12
    assert table.predicted[table.model_of(np.array([row]))[0]].tolist() == list(hand_at(0.6).values())
    assert table.predicted_months[table.answers[row]] == 101.5
    # The boy's film has no prediction, and nothing in its place.
    (alone,) = table.readings_of("ben")
    assert table.model_of(np.array([alone])).tolist() == [-1]
    assert set(table.predicted[-1]) == {UNJUDGED} and np.isnan(table.predicted_months[-1])


def test_a_reader_is_held_against_the_prediction_that_was_answered_and_else_the_newest(room: ReadingRoom) -> None:
    answered, imported = room.film(), room.film()
    old = room.predict(answered, hand_at(0.2), weights="aa" * 32)
    room.read(answered, "anna", HALF, prediction=old)
    room.read(imported, "anna", HALF)
    for film in (answered, imported):
        room.predict(film, hand_at(0.5), weights="bb" * 32)
    table = ReadingCollector(room.ledger).table()
    rows = table.readings_of("anna")
    assert table.predicted[table.model_of(rows)].tolist() == [list(hand_at(0.2).values()), list(HALF.values())]
    assert table.predicted[table.newest].tolist() == [list(HALF.values())] * 2


def test_saves_of_one_reader_add_up_and_the_last_word_counts(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", HALF, seconds=60, bone_seconds=4)
    room.read(film, "anna", {"Radius": 9}, seconds=10, bone_seconds=3)
    table = ReadingCollector(room.ledger).table()
    (row,) = table.readings_of("anna")
    assert _grades(table, film, "anna") == [9, *list(HALF.values())[1:]]
    assert table.seconds[row] == 70 and table.bone_seconds[row].tolist() == [7.0] + [4.0] * 12


def test_what_is_undone_no_longer_counts_and_what_is_redone_does(room: ReadingRoom) -> None:
    film = room.film()
    collector = ReadingCollector(room.ledger)
    room.read(film, "anna", HALF)
    second = room.read(film, "anna", {"Radius": 9, "Ulna": None})
    room.read(film, "ben", {"Radius": 2})
    undo = room.undo(film, second)
    assert _grades(collector.table(), film, "anna") == list(HALF.values())
    assert _grades(collector.table(), film, "ben")[0] == 2
    room.undo(film, undo)
    assert _grades(collector.table(), film, "anna")[:2] == [9, UNREADABLE]


def test_a_restored_state_replaces_the_whole_reading(room: ReadingRoom) -> None:
    film = room.film()
    first = room.read(film, "anna", {"Radius": 4, "Ulna": 5})
    room.read(film, "anna", {"Radius": 9, "DP5": 8})
    room.restore(film, first, reader="anna")
    assert _grades(ReadingCollector(room.ledger).table(), film, "anna") == [4, 5] + [UNJUDGED] * 11


def test_gold_is_kept_apart_from_readings_and_remembers_who_set_it(room: ReadingRoom) -> None:
    film, other = room.film(), room.film()
    room.read(film, "professor", HALF)
    room.read(film, "anna", HALF)
    room.set_gold(film, shifted(HALF, 1))
    room.set_gold(other, HALF)
    room.clear_gold(other)
    table = ReadingCollector(room.ledger).table()
    assert table.gold[0].tolist() == list(shifted(HALF, 1).values())
    assert set(table.gold[1].tolist()) == {UNJUDGED}
    assert _grades(table, film, "professor") == list(HALF.values())
    assert table.knows_gold[table.readings_of("professor")].tolist() == [True, True]
    assert table.knows_gold[table.readings_of("anna")].tolist() == [False]


def test_an_undone_gold_reading_is_gone_and_a_new_one_replaces_all_bones(room: ReadingRoom) -> None:
    film, other = room.film(), room.film()
    collector = ReadingCollector(room.ledger)
    gold = room.set_gold(film, HALF)
    room.set_gold(other, HALF)
    collector.table()
    room.undo(film, gold)
    room.set_gold(other, {"Radius": 3})
    table = collector.table()
    assert table.gold.tolist() == [[UNJUDGED] * 13, [3] + [UNJUDGED] * 12]
    assert table.knows_gold.tolist() == [True, True]


def test_bit_by_bit_gives_the_same_table_as_all_at_once(room: ReadingRoom) -> None:
    chance = np.random.default_rng(7)
    collector = ReadingCollector(room.ledger)
    films = [room.film("F" if number % 2 else "M") for number in range(6)]
    events = []
    tables = []
    for step in range(60):
        film = films[chance.integers(len(films))]
        reader = ("anna", "ben", "professor")[chance.integers(3)]
        mine = [event for event in events if event.film_id == film and event.reader == reader]
        match chance.integers(7):
            case 0 if mine and mine[-1].id not in {event.target for event in events}:
                events.append(room.undo(film, mine[-1]))
            case 1 if mine:
                room.restore(film, mine[0], reader=reader)
            case 2:
                room.set_gold(film, hand_at(chance.random()), reader=reader)
            case 3:
                room.predict(film, hand_at(chance.random()), weights=f"{step:064x}")
            case 4:
                room.ledger.say(film, "flag", reader=reader, token=str(step))
            case _:
                bones = chance.choice(RUS_BONES, chance.integers(1, 14), replace=False)
                hand = hand_at(chance.random())
                events.append(room.read(film, reader, {bone: hand[bone] for bone in bones}))
        if step % 3 == 0:
            tables.append(collector.table())
    whole = ReadingCollector(room.ledger).table()
    last = collector.table()
    # Undone and redone words are the ledger's to judge: the table agrees with its own reading of every film.
    for film in films:
        for reader, reading in standing(room.ledger, film).readings().items():
            said = [reading[b].grade if b in reading else UNJUDGED for b in RUS_BONES]
            assert _grades(whole, film, reader) == said
        gold = standing(room.ledger, film).gold_reading() or {}
        place = whole.film_ids.tolist().index(film)
        assert whole.gold[place].tolist() == [gold[b].grade if b in gold else UNJUDGED for b in RUS_BONES]
    assert _same(last, whole)
    assert len({table.revision for table in tables}) > 10


def test_nothing_new_is_the_same_table_and_a_given_table_stays_as_it_was(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", HALF)
    collector = ReadingCollector(room.ledger)
    before = collector.table()
    assert collector.table() is before
    room.read(film, "anna", {"Radius": 9})
    after = collector.table()
    assert after is not before
    assert before.grades[0, 0] == HALF["Radius"] and after.grades[0, 0] == 9
    room.predict(film, HALF)
    assert collector.table().newest.tolist() == [0]


def test_who_copies_the_gold_reading_did_not_read_blindly(room: ReadingRoom) -> None:
    film = room.film()
    mine = room.read(film, "anna", HALF)
    gold = room.set_gold(film, shifted(HALF, 1))
    collector = ReadingCollector(room.ledger)
    room.restore(film, mine, reader="anna")
    assert not collector.table().knows_gold[collector.table().readings_of("anna")].any()
    room.restore(film, gold, reader="anna")
    table = collector.table()
    assert _grades(table, film, "anna") == list(shifted(HALF, 1).values())
    assert table.knows_gold[table.readings_of("anna")].tolist() == [True]


def test_an_error_half_way_makes_nothing_count_twice(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.agreement.collector._PAGE", 2)
    films = [room.film() for _ in range(5)]
    events = [room.read(film, "anna", HALF, seconds=50.0) for film in films]
    room.undo(films[0], events[0])
    collector = ReadingCollector(room.ledger)

    def fails_at_the_last_page(share: float) -> None:
        if share > 0.5:
            raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        collector.table(fails_at_the_last_page)
    assert _same(collector.table(), ReadingCollector(room.ledger).table())
    assert collector.table().seconds.tolist() == [50.0] * 5


def test_progress_is_told_in_shares(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.agreement.collector._PAGE", 2)
    for _ in range(5):
        room.read(room.film(), "anna", HALF)
    shares: list[float] = []
    ReadingCollector(room.ledger).table(shares.append)
    assert shares == [0.0, 0.4, 0.8]
