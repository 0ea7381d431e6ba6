"""Gold readings on the Agreement tab: who is answered, and what."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.agreement import ReadingCollector
from core.ledger import Ledger
from tests.reading_room import ReadingRoom, hand_at, shifted
from webapp.agreement.gold import GoldFilms

ANNA, RITA = Reader("anna", Role.READER), Reader("rita", Role.REVIEWER)


HALF = hand_at(0.5)


REFUSED = "Your role (reader) does not allow you to set gold readings and settle conflicts"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[ReadingRoom]:
    room = ReadingRoom(tmp_path)
    yield room
    room.ledger.close()


@pytest.fixture
def gold_films(room: ReadingRoom) -> GoldFilms:
    with gr.Blocks():
        return GoldFilms(room.ledger)


def _shown(gold_films: GoldFilms, ledger: Ledger, reader: Reader) -> str:
    return gold_films.shown(ReadingCollector(ledger).table(), reader)


def test_agreed_films_are_made_gold_from_the_list_and_taken_back(gold_films: GoldFilms, room: ReadingRoom) -> None:
    agreed, not_agreed = room.film(), room.film()
    for film, steps in ((agreed, 0), (not_agreed, 1)):
        room.read(film, "anna", HALF)
        room.read(film, "b<en", shifted(HALF, steps, ("Ulna",)))
    page = _shown(gold_films, room.ledger, RITA)
    assert f'data-gold="agreed" data-film="{agreed}"' in page and f'data-film="{not_agreed}"' not in page
    assert "anna, b&lt;en" in page and "No film has a gold reading." in page

    said = gold_films.change({"gold": "agreed", "film": str(agreed), "revision": "2"}, RITA)
    assert f"Film {agreed} is gold now" in said
    page = _shown(gold_films, room.ledger, RITA)
    assert f'data-gold="back" data-film="{agreed}"' in page and 'data-gold="agreed"' not in page
    assert "<td>rita</td>" in page

    said = gold_films.change({"gold": "back", "film": str(agreed), "revision": "3"}, RITA)
    assert f'data-gold="again" data-film="{agreed}" data-revision="4"' in said
    assert 'data-gold="agreed"' in _shown(gold_films, room.ledger, RITA)
    gold_films.change({"gold": "again", "film": str(agreed), "revision": "4"}, RITA)
    assert 'data-gold="back"' in _shown(gold_films, room.ledger, RITA)


def test_a_reader_sees_no_list_and_is_refused(gold_films: GoldFilms, room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", HALF)
    room.read(film, "ben", HALF)
    room.set_gold(film, HALF, "rita")
    assert _shown(gold_films, room.ledger, ANNA) == ""
    for what in ("agreed", "back", "again"):
        with pytest.raises(NotAllowed, match=re.escape(REFUSED)):
            gold_films.change({"gold": what, "film": str(film), "revision": "3"}, ANNA)
    assert len(room.ledger.history(film)) == 3


def test_of_many_films_the_newest_are_listed(gold_films: GoldFilms, room: ReadingRoom) -> None:
    films = [room.film() for _ in range(52)]
    for film in films:
        room.ledger.set_gold(
            film,
            {"Ulna": room.read(film, "anna", {"Ulna": 5}).corrections[0]},
            reader="rita",
            base_revision=1,
            token=uuid.uuid4().hex,
        )
    page = _shown(gold_films, room.ledger, RITA)
    assert page.count('data-gold="back"') == 50 and "52 films" in page and "The newest 50" in page
    assert f'data-film="{films[-1]}"' in page and f'data-film="{films[0]}"' not in page
