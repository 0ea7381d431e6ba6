"""Work that waits for a pause."""

import threading
import time

from core.networks.rest import Rest


def test_the_work_is_done_once_after_the_last_call() -> None:
    done, over = [], threading.Event()

    def work() -> None:
        done.append(time.monotonic())
        over.set()

    rest = Rest(0.3, work)
    for _ in range(3):
        rest.put_off()
        called = time.monotonic()
        assert not over.wait(0.02)
    assert over.wait(30)
    assert len(done) == 1 and done[0] - called >= 0.29
    over.clear()
    rest.put_off()
    assert over.wait(30), "and again after the next"
