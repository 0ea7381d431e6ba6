"""The orders of a replay: the queue's is the ledger's own, and the others are what they say."""

import numpy as np

from core.bones import RUS_BONES
from core.learning.replay.orders import ORDERS, TITLES, Ordering, Unread
from core.learning.replay.reader import Graded
from core.ledger.reading_queue import Order, queue_rows
from core.standards import GRADE_COUNTS
from tests.stored_films import Store


def _unread(months: list[float], probabilities: np.ndarray | None = None) -> Unread:
    """Boys of these ages; the later, the further apart are their bones and the opinions on them."""
    ages, count = np.array(months), len(months)
    latents = np.linspace(0, 1, 13, dtype=np.float32)[None] * np.arange(1, count + 1, dtype=np.float32)[:, None]
    given = np.zeros((count, 13, 15), np.float32) if probabilities is None else probabilities
    return Unread(Graded(given, ages), latents, np.zeros(count, np.int64), ages + 5.0 * np.arange(count))


def test_the_queues_order_is_that_of_the_ledger(store: Store) -> None:
    films = [store.film(number) for number in range(5)]
    given = np.zeros((len(films), 13, 15), np.float32)
    for row, film in enumerate(films):
        for place, bone in enumerate(RUS_BONES):
            given[row, place, : GRADE_COUNTS[bone] + 1] = store.prediction(film).probabilities[bone]
    offered = [row.film.id for row in queue_rows(store.ledger, "ben", Order.EXPECTED_GAIN)]
    replayed = ORDERS[Ordering.QUEUE](_unread([100.0] * len(films), given), 1)
    assert [films[place].id for place in replayed] == offered


def test_each_order_has_every_film_once() -> None:
    hands = _unread([30, 100, 101, 102, 103, 104, 160])
    assert set(ORDERS) == set(TITLES) == set(Ordering)
    for order in ORDERS.values():
        assert sorted(order(hands, 3).tolist()) == list(range(7))
    assert ORDERS[Ordering.RANDOM](hands, 1).tolist() != ORDERS[Ordering.RANDOM](hands, 2).tolist()


def test_ages_come_in_turns_or_as_often_as_they_are() -> None:
    hands = _unread([30, 100, 101, 102, 103, 104, 160])
    assert {*ORDERS[Ordering.AGES](hands, 1)[:3].tolist()} >= {0, 6}, (
        "the youngest and the oldest are alone in their group"
    )
    assert ORDERS[Ordering.OPINIONS](hands, 1).tolist() == [6, 5, 4, 3, 2, 1, 0]
    by_age = ORDERS[Ordering.OPINIONS_AGE](hands, 1).tolist()
    assert by_age[:2] == [5, 4] and by_age == ORDERS[Ordering.BONES_AGE](hands, 1).tolist()
