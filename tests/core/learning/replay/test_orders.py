"""The orders of a replay: the queue's is the ledger's own, and the others are what they say."""

import numpy as np

from core.bones import RUS_BONES
from core.learning.replay.orders import ORDERS, TITLES, Ordering, Unread
from core.learning.replay.reader import Graded
from core.ledger.queue.reading_queue import QueueOrder, queue_rows
from core.standards import GRADE_COUNTS
from tests.stored_films import Store


def _unread(probabilities: np.ndarray) -> Unread:
    """Hands of 100 months; the later, the further away is the opinion on them."""
    ages = np.full(len(probabilities), 100.0)
    return Unread(Graded(probabilities, ages), ages + 5.0 * np.arange(len(ages)))


def _surer_and_surer(count: int) -> np.ndarray:
    """Grade probabilities of hands; the later, the surer."""
    given = np.zeros((count, 13, 15), np.float32)
    for place, bone in enumerate(RUS_BONES):
        doubt = np.linspace(0.9, 0.1, count)[:, None]
        given[:, place, : GRADE_COUNTS[bone] + 1] = doubt / (GRADE_COUNTS[bone] + 1)
        given[:, place, 4] += 1 - doubt[:, 0]
    return given


def test_the_queues_order_is_that_of_the_ledger(store: Store) -> None:
    films = [store.film(number) for number in range(5)]
    given = np.zeros((len(films), 13, 15), np.float32)
    for row, film in enumerate(films):
        for place, bone in enumerate(RUS_BONES):
            given[row, place, : GRADE_COUNTS[bone] + 1] = store.prediction(film).probabilities[bone]
    offered = [row.film.id for row in queue_rows(store.ledger, "ben", QueueOrder.EXPECTED_GAIN)]
    replayed = ORDERS[Ordering.QUEUE](_unread(given), 1)
    assert [films[place].id for place in replayed] == offered


def test_each_order_has_every_film_once() -> None:
    hands = _unread(_surer_and_surer(7))
    assert set(ORDERS) == set(TITLES) == set(Ordering)
    for order in ORDERS.values():
        assert sorted(order(hands, 3).tolist()) == list(range(7))
    assert ORDERS[Ordering.RANDOM](hands, 1).tolist() != ORDERS[Ordering.RANDOM](hands, 2).tolist()


def test_what_is_farthest_apart_or_least_sure_comes_first() -> None:
    hands = _unread(_surer_and_surer(7))
    assert ORDERS[Ordering.OPINIONS](hands, 1).tolist() == [6, 5, 4, 3, 2, 1, 0]
    assert ORDERS[Ordering.UNSURE](hands, 1).tolist() == [0, 1, 2, 3, 4, 5, 6]
