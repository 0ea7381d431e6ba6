"""What was collected since a model was made, and what a run leaves out."""

from pathlib import Path

from core.bones import RUS_BONES
from core.learning.collected import collected
from tests.core.learning.made_runs import kept_film
from tests.reading_room import ReadingRoom, hand_at


def test_what_was_said_since_is_counted_and_what_is_left_out_has_its_reason(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    assert collected(room.ledger, 0).films == 0
    first = kept_film(room.ledger, 101)
    room.read(first, "ann", hand_at(0.5))
    since = room.ledger.ledger_revision()
    second, gold, bare = kept_film(room.ledger, 102), kept_film(room.ledger, 103), room.film()
    for film, reader in ((second, "ann"), (gold, "ben"), (bare, "ben")):
        room.read(film, reader, {"Radius": 7, "Ulna": 0, "MC1": None})
    room.set_gold(gold, hand_at(0.5))
    found = collected(room.ledger, since)
    assert (found.films, found.taken, found.grades, found.boxes, found.consent) == (3, 1, 2, 0, 2)
    assert found.by_bone["Radius"][7] == 1 and found.by_bone["Ulna"][0] == 1 and sum(found.by_bone["MC1"]) == 0
    assert found.readers == {"ann": 3, "ben": 6}
    assert sorted(found.left_out.values()) == [1, 1] and any("gold" in reason for reason in found.left_out)
    assert collected(room.ledger, 0).grades == 2 + len(RUS_BONES)
    room.ledger.close()
