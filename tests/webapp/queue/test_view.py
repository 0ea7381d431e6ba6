"""The Queue tab's tables."""

from pathlib import Path

import pytest

from core.bones import Sex
from core.intake import TakenIn
from core.ledger.queue.reading_queue import QueueRow
from tests.reading_room import ReadingRoom
from webapp.queue.view import film_table, taken_in


@pytest.mark.parametrize(
    ("sex", "months", "shown"),
    [("F", 179.0, "14.9 y"), ("F", 181.0, "mature"), ("M", 181.0, "15.1 y"), ("M", 198.0, "mature")],
)
def test_a_mature_hand_has_no_number_that_looks_like_a_childs_age(
    tmp_path: Path, sex: Sex, months: float, shown: str
) -> None:
    room = ReadingRoom(tmp_path)
    film = room.ledger.film(room.film(sex))
    room.ledger.close()
    table = film_table([QueueRow(film, months, 0.5, 0, False, "", "to_read")], choose=False)
    assert f">{shown}<" in table and table.count(" y<") == shown.count(" y")


def test_the_films_of_a_batch_that_were_refused_are_counted_and_the_first_named_with_the_reason(tmp_path: Path) -> None:
    room = ReadingRoom(tmp_path)
    hand, text = (TakenIn(f"{sex}.png", "added", "", room.ledger.film(room.film(sex))) for sex in ("F", "M"))
    room.ledger.close()
    broken = [TakenIn(f"broken{number}.png", "refused", "It cannot be read.") for number in range(4)]
    assert text.film is not None
    assert "2 films added to the queue." in taken_in([hand, text], {})
    said = taken_in([hand, text, *broken], {text.film.id: "No hand."})
    assert "1 film added to the queue, 5 refused." in said and "warning" in said
    assert ">M.png</code> <span>No hand.<" in said and said.count("It cannot be read.") == 2 and "and 2 more" in said
