"""Work that is done again and again: what fails once is tried anew."""

import logging
import threading

import pytest

from core.repeating import keep_doing

_SECONDS = 10


def test_what_failed_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    turns = 0
    done = threading.Event()

    def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise OSError("the disk is full")
        if turns == 3:
            done.set()

    with caplog.at_level(logging.ERROR):
        thread = keep_doing(work, 0.01, "counting")
        assert done.wait(_SECONDS)
    assert thread.daemon and thread.name == "counting"
    assert [record.getMessage() for record in caplog.records] == ["counting failed; it is tried again in 0.01 seconds."]
    assert "the disk is full" in caplog.text
