"""Setting a gold reading, taking it back and putting it back; which films are agreed on; and who may not ask."""

import random
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from core.access.roles import NotAllowed, Reader, Role
from core.agreement import ReadingCollector, agreed_films, gold_films
from core.annotation.gold import (
    GoldRefused,
    agreed_readers,
    agreed_reading,
    gold_view,
    make_agreed_gold,
    make_own_gold,
    put_back,
    take_back,
    why_not_gold,
)
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.ledger import Event, fold
from tests.reading_room import ReadingRoom, hand_at, shifted, standing

RITA, OSKAR = Reader("rita", Role.REVIEWER), Reader("oskar", Role.REVIEWER)
HALF = hand_at(0.5)

Act = Callable[..., Event]


@pytest.fixture
def room(tmp_path: Path) -> ReadingRoom:
    return ReadingRoom(tmp_path)


def _act(act: Act, room: ReadingRoom, film: int, reader: Reader = RITA, revision: int | None = None) -> Event:
    now = room.ledger.revision(film) if revision is None else revision
    return act(room.ledger, film, reader, revision=now, token=uuid.uuid4().hex)


def _agreed(room: ReadingRoom, film: int) -> tuple[str, ...]:
    return agreed_readers(fold(room.ledger.history(film)))


def test_gold_is_set_taken_back_and_put_back_and_every_step_is_an_event(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "rita", HALF)
    assert gold_view(room.ledger, film, RITA).gold is None
    gold = _act(make_own_gold, room, film)
    assert (
        standing(room.ledger, film).gold_reading()
        == {one.bone: one for one in gold.corrections}
        == room.ledger.reading(film, "rita")
    )
    view = gold_view(room.ledger, film, RITA)
    assert view.gold == gold and view.differing == () and view.taken_back is None and view.revision == 2
    assert gold_view(room.ledger, film, OSKAR).differing == RUS_BONES, "oskar has read nothing"

    cleared = _act(take_back, room, film, OSKAR)
    view = gold_view(room.ledger, film, RITA)
    assert standing(room.ledger, film).gold_reading() is None and view.gold is None and view.taken_back == cleared
    again = _act(put_back, room, film)
    assert again.corrections == gold.corrections and "rita" in again.note
    assert [event.kind for event in room.ledger.history(film)] == ["correction", "gold", "ungold", "gold"]
    assert gold_view(room.ledger, film, RITA).taken_back is None


def test_a_view_names_the_bones_on_which_one_differs_from_gold(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "rita", HALF)
    _act(make_own_gold, room, film)
    room.read(film, "rita", {"Ulna": None})
    assert gold_view(room.ledger, film, RITA).differing == ("Ulna",)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "You have no saved reading of this film"),
        ({bone: HALF[bone] for bone in RUS_BONES[:12]}, "Your saved reading has 12 of 13 bones"),
    ],
)
def test_only_a_whole_saved_reading_can_be_made_gold(
    room: ReadingRoom, said: dict[str, int | None], reason: str
) -> None:
    film = room.film()
    room.read(film, "otto", HALF)
    if said:
        room.read(film, "rita", said)
    assert why_not_gold(room.ledger.reading(film, "rita")).startswith(reason)
    with pytest.raises(GoldRefused, match=reason):
        _act(make_own_gold, room, film)
    assert standing(room.ledger, film).gold_reading() is None


def test_a_bone_that_cannot_be_read_is_judged_all_the_same(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "rita", {**HALF, "Ulna": None})
    assert _act(make_own_gold, room, film).kind == "gold"


def test_what_was_said_meanwhile_is_looked_at_first(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "rita", HALF)
    room.read(film, "otto", HALF)
    _act(make_own_gold, room, film)
    for act in (make_own_gold, make_agreed_gold, take_back, put_back):
        with pytest.raises(GoldRefused, match=rf"Film {film} was changed by otto and rita meanwhile"):
            _act(act, room, film, OSKAR if act is not make_own_gold else RITA, revision=1)
    assert len(room.ledger.history(film)) == 3


def test_the_same_act_sent_again_is_done_once(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "rita", HALF)
    for act in (make_own_gold, take_back, put_back):
        asked = {"revision": room.ledger.revision(film), "token": uuid.uuid4().hex}
        event = act(room.ledger, film, RITA, **asked)  # type: ignore[arg-type]
        assert act(room.ledger, film, RITA, **asked) == event  # type: ignore[arg-type]
    assert [event.kind for event in room.ledger.history(film)] == ["correction", "gold", "ungold", "gold"]


def test_where_nothing_is_gold_there_is_nothing_to_take_or_put_back(room: ReadingRoom) -> None:
    film = room.film()
    with pytest.raises(BoneGradeError, match="no gold reading that could be cleared"):
        _act(take_back, room, film)
    with pytest.raises(GoldRefused, match="none to put back"):
        _act(put_back, room, film)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.READER])
def test_whoever_may_not_set_gold_is_refused_and_learns_nothing(room: ReadingRoom, role: Role) -> None:
    film, reader = room.film(), Reader("otto", role)
    room.read(film, "otto", HALF)
    room.read(film, "rita", HALF)
    _act(make_own_gold, room, film)
    before = room.ledger.history(film)
    for act in (make_own_gold, make_agreed_gold, take_back, put_back):
        with pytest.raises(NotAllowed, match="does not allow you to set gold readings and settle conflicts"):
            _act(act, room, film, reader)
    with pytest.raises(NotAllowed):
        gold_view(room.ledger, film, reader)
    assert room.ledger.history(film) == before


def test_a_film_is_agreed_on_where_two_whole_readings_are_the_same_and_all_agree(room: ReadingRoom) -> None:
    film = room.film()
    room.read(film, "anna", HALF)
    assert _agreed(room, film) == (), "one reader agrees with nobody"
    room.read(film, "ben", shifted(HALF, 1, ("Radius",)))
    assert _agreed(room, film) == ()
    room.read(film, "ben", {"Radius": HALF["Radius"]})
    assert _agreed(room, film) == ("anna", "ben"), "a difference that was settled is none"
    room.read(film, "cleo", {"Ulna": HALF["Ulna"]})
    assert _agreed(room, film) == ("anna", "ben"), "a reading that is not whole says nothing against it"
    other = room.read(film, "dora", {"MC1": 1})
    assert _agreed(room, film) == ()
    room.undo(film, other)
    assert _agreed(room, film) == ("anna", "ben")


def test_a_bone_without_a_grade_is_not_agreed_on(room: ReadingRoom) -> None:
    film = room.film()
    for reader in ("anna", "ben"):
        room.read(film, reader, {**HALF, "Ulna": None})
    assert _agreed(room, film) == () and agreed_reading(fold(room.ledger.history(film))) == {}


def test_what_readers_agree_on_becomes_gold_as_nobodys_own_reading(room: ReadingRoom) -> None:
    film = room.film()
    prediction = room.predict(film, HALF)
    room.read(film, "anna", HALF, prediction=prediction, accepted=RUS_BONES)
    room.read(film, "ben", HALF)
    event = _act(make_agreed_gold, room, film)
    assert {one.bone: one.grade for one in event.corrections} == HALF
    assert not any(one.accepted or one.seconds for one in event.corrections)
    assert event.reader == "rita" and event.note == "Agreed by anna and ben"
    room.read(film, "ben", shifted(HALF, 1))
    _act(take_back, room, film)
    with pytest.raises(GoldRefused, match="no longer agree on all 13 bones"):
        _act(make_agreed_gold, room, film)


def test_the_table_of_all_readings_finds_the_same_films_as_each_films_history(room: ReadingRoom) -> None:
    chance = random.Random(7)
    films = [room.film() for _ in range(24)]
    for film in films:
        for reader in chance.sample(["ann", "bob", "cleo"], 2):
            room.read(film, reader, HALF)
    collector = ReadingCollector(room.ledger)
    for _ in range(60):
        room.say_something(chance, films)
    table = collector.table()
    states = {film: fold(room.ledger.history(film)) for film in films}
    golden = [film for film in films if states[film].gold is not None]
    agreed = [film for film in films if agreed_readers(states[film]) and film not in golden]
    assert gold_films(table).tolist() == golden and agreed_films(table).tolist() == agreed
    assert golden and agreed and len(agreed) + len(golden) < len(films), "there are films of every kind"
