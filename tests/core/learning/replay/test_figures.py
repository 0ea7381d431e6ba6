"""The figures of a replay, on errors made up so that they can be worked out by hand."""

import pytest

from core.learning.replay.figures import films_for, replay_chart, replay_figures, replay_text
from core.learning.replay.orders import Ordering
from core.learning.replay.runs import CellOutcome, ReplayCell, Worth


def _outcomes(errors: dict[Ordering, dict[int, tuple[float, ...]]]) -> list[CellOutcome]:
    return [
        CellOutcome(ReplayCell(order, films, seed), Worth(months, 0.5, 0.25, 0.75))
        for order, counts in errors.items()
        for films, seeds in counts.items()
        for seed, months in enumerate(seeds)
    ]


def test_an_order_that_needs_half_the_films_is_told_so() -> None:
    random = {50: (17.0, 19.0), 100: (16.0, 16.0), 200: (14.0, 14.0)}
    queue = {50: (16.0, 16.0), 100: (14.0, 14.0), 200: (15.0, 15.0)}
    figures = replay_figures(Worth(20.0, 0.1, 0.1, 0.4), _outcomes({Ordering.RANDOM: random, Ordering.QUEUE: queue}))
    saved = figures.saved[Ordering.QUEUE]
    assert saved.fewer == {50: 0.5, 100: 0.5, 200: 0.5} and saved.average == 0.5
    assert figures.falls == {Ordering.QUEUE: False, Ordering.RANDOM: True}
    told = replay_text(figures)
    assert (
        "| random order | 50 | 2 | 18.00 ± 1.41 |" in told
        and "| queue's order | no | 50 % | 50 % | 50 % | 50 % |" in told
    )
    first = replay_chart(figures).lines[0]
    assert list(first.x) == [0, 50, 100, 200] and list(first.y) == [20.0, 16.0, 14.0, 15.0]


def test_an_error_that_an_order_never_reaches() -> None:
    errors = {Ordering.RANDOM: {50: (15.0,), 100: (12.0,)}, Ordering.QUEUE: {50: (18.0,), 100: (14.0,)}}
    figures = replay_figures(Worth(20.0, 0.1, 0.1, 0.4), _outcomes(errors))
    assert figures.saved[Ordering.QUEUE].fewer == {50: pytest.approx(-0.75), 100: None}
    assert "not reached" in replay_text(figures)
    assert films_for({0: 20.0, 50: 18.0}, 20.0) == 0.0 and films_for({0: 20.0, 50: 21.0}, 10.0) is None
