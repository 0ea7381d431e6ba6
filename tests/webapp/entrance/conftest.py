"""The time by which wrong passwords and tokens are counted."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the door, in seconds; a test may move it on."""
    now = [100_000.0]
    monkeypatch.setattr("webapp.entrance.who.sign_ins.time", SimpleNamespace(monotonic=lambda: now[0]))
    return now
