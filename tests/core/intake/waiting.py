"""Tells when threads wait for a turn, for tests that must not continue earlier."""

import time

from core.intake.turns import Turns


def await_waiting(turns: Turns, count: int) -> None:
    """Returns when this many threads wait for a turn."""
    end = time.monotonic() + 30
    while len(turns._changed._waiters) < count:
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.001)
