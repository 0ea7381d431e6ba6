"""What is said of films in the queue, and who may say it."""

from pathlib import Path

import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.annotation.queue_words import QueueWord, say_of_films
from core.errors import BoneGradeError
from tests.reading_room import ReadingRoom

ANNA, RITA, VERA = Reader("anna", Role.READER), Reader("rita", Role.REVIEWER), Reader("vera", Role.VIEWER)


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


@pytest.mark.parametrize(
    ("word", "reader", "sentence"),
    [
        ("skip", VERA, "Your role (viewer) does not allow you to save corrections"),
        ("flag", VERA, "Your role (viewer) does not allow you to save corrections"),
        ("unflag", VERA, "Your role (viewer) does not allow you to save corrections"),
        ("assign", ANNA, "Your role (reader) does not allow you to assign films to readers"),
    ],
)
def test_who_may_not_changes_nothing(room: ReadingRoom, word: QueueWord, reader: Reader, sentence: str) -> None:
    film = room.film()
    with pytest.raises(NotAllowed) as refused:
        say_of_films(room.ledger, [film], word, reader, "anna")
    assert sentence in str(refused.value) and room.ledger.history(film) == []


def test_the_same_is_said_of_each_film(room: ReadingRoom) -> None:
    films = [room.film(), room.film()]
    say_of_films(room.ledger, films, "flag", ANNA, "two hands")
    say_of_films(room.ledger, films, "assign", RITA, "anna")
    for film in films:
        said = [(event.kind, event.reader, event.note) for event in room.ledger.history(film)]
        assert said == [("flag", "anna", "two hands"), ("assign", "rita", "anna")]
    with pytest.raises(BoneGradeError, match="Tick one or more films"):
        say_of_films(room.ledger, [], "skip", ANNA)
