"""Which films of the queue a person wants to see, as passed to the ledger's queue."""

import pytest

from core.access.roles import Reader, Role
from core.annotation.queue_wish import OLDEST, Wish
from core.ledger.queue.reading_queue import QueueFilter, QueueOrder

_INES = Reader("ines", Role.READER)


def test_nothing_said_hides_nothing_but_what_is_read() -> None:
    wish = Wish()
    assert wish.filter(_INES) == QueueFilter(None, None, "to_read", None)
    assert not wish.narrows and wish.in_order is QueueOrder.EXPECTED_GAIN


@pytest.mark.parametrize(
    ("youngest", "oldest", "months"),
    [
        (0.0, OLDEST, None), (None, None, None), (5.0, None, (60.0, 240.0)), (None, 7.5, (0.0, 90.0)),
        (3.0, 3.0, (36.0, 36.0)), (0.0, 0.0, (0.0, 0.0)),
    ],
)  # fmt: skip
def test_ages_are_asked_for_in_months(
    youngest: float | None, oldest: float | None, months: tuple[float, float] | None
) -> None:
    wish = Wish(youngest=youngest, oldest=oldest)
    assert wish.filter(_INES) == QueueFilter(None, months, "to_read", None)
    assert wish.narrows is (months is not None)


def test_one_s_own_films_and_those_of_one_sex() -> None:
    wish = Wish(QueueOrder.OLDEST.value, "flagged", "F", mine=True)
    assert wish.filter(_INES) == QueueFilter("F", None, "flagged", "ines")
    assert wish.narrows and wish.in_order is QueueOrder.OLDEST
