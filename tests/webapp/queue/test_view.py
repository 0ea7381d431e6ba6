"""The Queue tab's tables."""

from pathlib import Path

import pytest

from core.bones import Sex
from core.ledger.reading_queue import QueueRow
from tests.reading_room import ReadingRoom
from webapp.queue.view import film_table


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
