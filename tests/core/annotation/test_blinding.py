"""A reader learns nothing of gold readings, neither from the history nor from how many times the film was changed."""

import uuid
from pathlib import Path

import pytest

from core.access.roles import Reader, Role
from core.annotation.blinding import gold_marks, ledger_revision, readings_of, seen_history, seen_revision
from tests.reading_room import ReadingRoom, hand_at

ANNA, OTTO, VERA = Reader("anna", Role.READER), Reader("otto", Role.READER), Reader("vera", Role.VIEWER)
RITA = Reader("rita", Role.REVIEWER)


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


def test_a_gold_mark_is_in_the_history_of_whoever_may_set_it_alone(room: ReadingRoom) -> None:
    film = room.film()
    room.set_gold(film, hand_at(0.5), "rita")
    for reader in (ANNA, VERA):
        seen = seen_history(room.ledger.history(film), reader)
        assert seen.events == () and not seen.blind, "nobody has read it: nothing is held back"
    room.read(film, "anna", hand_at(0.4))
    room.clear_gold(film, "rita")
    history = room.ledger.history(film)
    assert [event.kind for event in seen_history(history, ANNA).events] == ["correction"]
    assert [event.kind for event in seen_history(history, RITA).events] == ["gold", "correction", "ungold"]
    assert seen_history(history, Reader("ada", Role.ADMIN)).events == tuple(history)


def test_what_was_taken_over_from_a_gold_reading_does_not_say_so(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", hand_at(0.4))
    gold = room.set_gold(film, hand_at(0.5), "rita")
    room.restore(film, gold, "rita")
    room.undo(film, gold)
    history = room.ledger.history(film)
    seen = seen_history(history, ANNA).events
    assert [(event.kind, event.reader, event.target) for event in seen] == [
        ("correction", "anna", None),
        ("restore", "rita", None),
    ]
    assert [event.target for event in seen_history(history, RITA).events] == [None, None, gold.id, gold.id]
    assert gold_marks(history) == {gold.id, history[-1].id}


def test_others_words_are_held_back_until_one_has_read_the_whole_film(room: ReadingRoom) -> None:
    film = room.film()
    first = room.read(film, "anna", hand_at(0.4))
    room.ledger.say(film, "flag", reader="otto", token=uuid.uuid4().hex, note="blurred")
    history = room.ledger.history(film)
    held_back = seen_history(history, OTTO)
    assert [event.kind for event in held_back.events] == ["flag"] and held_back.blind
    assert seen_history(history, RITA).events == tuple(history)
    room.read(film, "otto", {"Radius": 5})
    assert seen_history(room.ledger.history(film), OTTO).blind
    mine = room.read(film, "otto", hand_at(0.5))
    assert first in seen_history(room.ledger.history(film), OTTO).events
    room.undo(film, mine)
    assert seen_history(room.ledger.history(film), OTTO).blind


def test_a_page_counts_changes_without_gold_marks(room: ReadingRoom) -> None:
    film = room.film()
    assert seen_revision(room.ledger.history(film)) == 0 == ledger_revision([], 0)
    room.read(film, "anna", hand_at(0.4))
    gold = room.set_gold(film, hand_at(0.5), "rita")
    room.undo(film, gold)
    room.ledger.say(film, "skip", reader="otto", token=uuid.uuid4().hex)
    second = room.read(film, "otto", hand_at(0.5))
    history = room.ledger.history(film)
    assert (room.ledger.revision(film), seen_revision(history)) == (4, 2)
    assert [event.reader for event in readings_of(history)] == ["anna", "otto"]
    assert [ledger_revision(history, seen) for seen in (0, 1, 2)] == [0, 1, second.revision]
    assert ledger_revision(history, 9) == 9, "what never was is left to the ledger to refuse"
