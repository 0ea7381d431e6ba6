"""How a reader did on hidden gold films: what is shown, when, and that it reveals nothing of a film not yet read whole."""

from pathlib import Path

import numpy as np
import pytest

from core.access.roles import Reader, Role
from core.agreement import (
    SITTING_FILMS,
    LookBack,
    ReadingCollector,
    Voice,
    gold_scores,
    look_back,
    of_sittings_over,
    pictures,
)
from core.agreement.table import UNREADABLE
from core.bones import RUS_BONES
from core.film.radiograph import read_radiograph
from core.ledger import Consent, Correction
from tests.hands import Assess, Example
from tests.reading_room import ReadingRoom, hand_at, shifted

ANNA = Reader("anna", Role.READER)
HALF = hand_at(0.5)


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


def gold_film(room: ReadingRoom) -> int:
    """A film with a gold reading, ready to be read."""
    film = room.film()
    room.predict(film, HALF)
    room.set_gold(film, HALF)
    return film


def seen(room: ReadingRoom, reader: Reader = ANNA) -> LookBack:
    """What the reader sees now."""
    return look_back(ReadingCollector(room.ledger).table(), room.ledger, reader)


def finish(room: ReadingRoom, films: int, grades: dict[str, int | None] = HALF) -> None:
    """Anna reads this many more films whole, none of them gold; one more waits in the queue."""
    for _ in range(films):
        film = room.film()
        room.predict(film, HALF)
        room.read(film, "anna", grades)
    room.predict(room.film(), HALF)


def test_a_sitting_is_over_after_ten_whole_films_and_shows_its_gold_ones(room: ReadingRoom) -> None:
    film = gold_film(room)
    room.read(film, "anna", {**shifted(HALF, 1, ("Radius",)), "Ulna": None})
    finish(room, SITTING_FILMS - 2)
    assert (seen(room).whole, seen(room).to_go, seen(room).films) == (9, 1, ())
    finish(room, 1)
    (one,) = seen(room).films
    assert one.film_id == film and [bone.bone for bone in one.bones] == list(RUS_BONES)
    assert [bone.difference for bone in one.bones] == [1, None, *[0] * 11] and one.differing == 1
    assert one.bones[1].own == UNREADABLE and one.bones[1].gold == HALF["Ulna"]
    assert seen(room).to_go == SITTING_FILMS
    # Others learn nothing of it, and whoever set the gold reading has not read it blindly.
    assert seen(room, Reader("ben", Role.READER)) == seen(room, Reader("nobody", Role.READER))
    assert seen(room, Reader("professor", Role.REVIEWER)).films == ()


def test_a_gold_film_not_read_whole_is_never_shown(room: ReadingRoom) -> None:
    film = gold_film(room)
    finish(room, SITTING_FILMS)
    room.read(film, "anna", {bone: HALF[bone] for bone in RUS_BONES[:12]})
    assert seen(room).films == () and seen(room).whole == SITTING_FILMS
    scores = gold_scores(ReadingCollector(room.ledger).table(), "rus_chn")
    assert Voice("reader", "anna") not in [score.voice for score in scores]
    # Whole, it is the first of the next ten.
    room.read(film, "anna", {RUS_BONES[12]: 0})
    assert seen(room).films == () and seen(room).whole == SITTING_FILMS + 1


def test_neither_does_a_score_tell_of_a_film_whose_sitting_goes_on(room: ReadingRoom) -> None:
    film = gold_film(room)
    finish(room, 1)
    room.read(film, "anna", HALF)
    table = ReadingCollector(room.ledger).table()
    mine = Voice("reader", "anna")
    assert mine in [score.voice for score in gold_scores(table, "rus_chn")]
    assert mine not in [score.voice for score in gold_scores(of_sittings_over(table, room.ledger, ANNA), "rus_chn")]


def test_a_queue_that_is_finished_ends_the_sitting(room: ReadingRoom) -> None:
    film = gold_film(room)
    room.read(film, "anna", HALF)
    assert [one.film_id for one in seen(room).films] == [film]
    room.predict(room.film(), HALF)
    assert seen(room).films == ()


def test_what_is_said_after_the_first_whole_word_makes_nobody_better(room: ReadingRoom) -> None:
    film = gold_film(room)
    wrong = room.read(film, "anna", shifted(HALF, 2))
    before = seen(room).films
    room.read(film, "anna", HALF)
    assert seen(room).films == before and before[0].differing == 13
    (score,) = (s for s in gold_scores(ReadingCollector(room.ledger).table(), "rus_chn") if s.voice.name == "anna")
    assert score.grade_error == 2
    # Nor does taking it back, read at once or bit by bit.
    collector = ReadingCollector(room.ledger)
    collector.table()
    room.undo(film, wrong)
    assert look_back(collector.table(), room.ledger, ANNA).films == before == seen(room).films


def test_a_word_undone_before_the_reading_was_whole_is_none_of_it(room: ReadingRoom) -> None:
    film = gold_film(room)
    room.undo(film, room.read(film, "anna", {bone: HALF[bone] for bone in RUS_BONES[:12]}))
    room.read(film, "anna", {RUS_BONES[12]: HALF[RUS_BONES[12]]})
    assert seen(room).whole == 0
    room.read(film, "anna", HALF)
    assert seen(room).whole == 1


def test_taking_over_what_somebody_else_said_is_no_reading_of_ones_own(room: ReadingRoom) -> None:
    film = gold_film(room)
    theirs = room.read(film, "ben", HALF)
    room.read(film, "anna", {"Radius": 9})
    room.restore(film, theirs, "anna")
    assert seen(room).whole == 0 and seen(room).films == ()


def test_results_by_bone(room: ReadingRoom) -> None:
    for number, share in enumerate(np.linspace(0.25, 0.85, 10)):
        film = room.film()
        room.predict(film, HALF)
        room.set_gold(film, hand_at(share))
        room.read(film, "anna", shifted(hand_at(share), number % 2, ("Radius",)))
    radius, ulna = seen(room).bones[:2]
    assert (radius.bone, radius.exact, radius.bias, radius.kappa.films) == ("Radius", 0.5, 0.5, 10)
    assert radius.kappa.value is not None and 0.8 < radius.kappa.value < 1
    assert (ulna.exact, ulna.bias, ulna.kappa.value) == (1.0, 0.0, 1.0)


def test_pictures_where_the_pixels_are_kept(room: ReadingRoom, example: Example, assessed: Assess) -> None:
    without = gold_film(room)
    room.read(without, "anna", HALF)
    film = room.ledger.add_film(
        read_radiograph(example.path), example.sex, reader="desk", source="queue", consent=Consent()
    ).film.id
    room.ledger.add_prediction(film, assessed(example))
    gold = {bone: Correction(bone, "graded", 5) for bone in RUS_BONES}
    room.ledger.set_gold(film, gold, reader="rita", base_revision=0, token="a" * 32)
    room.read(film, "anna", HALF)
    kept, unkept = seen(room).films
    assert (kept.film_id, unkept.film_id) == (film, without)
    assert pictures(room.ledger, unkept) == {}
    crops = pictures(room.ledger, kept)
    assert list(crops) == list(RUS_BONES)
    assert all(png.startswith(b"\x89PNG") for png in crops.values())
