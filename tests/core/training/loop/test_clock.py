"""How long a training may take."""

import pytest

from core.training.loop.clock import Clock, TimeLimit, TimeUp


def test_a_time_limit() -> None:
    assert TimeLimit(None).left(1e9) == float("inf")
    limit = TimeLimit(1.0)
    assert 59 < limit.left() <= 60 and 29 < limit.left(30.0) <= 30
    with pytest.raises(TimeUp, match=r"^The 1 minutes were over .* give the same command again\.$"):
        limit.left(60.0)


def test_a_clock_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("core.training.loop.clock.time.monotonic", lambda: now[0])
    clock = Clock(20)
    now[0] += 5
    assert clock.used == 5 and clock.progress == 0.25
    kept = clock.state_dict()
    now[0] += 1000
    again = Clock(10)
    again.load_state_dict(kept)
    now[0] += 2
    assert again.used == 7 and again.total == 15, "fewer seconds are those of this call"
    longer = Clock(60)
    longer.load_state_dict(kept)
    assert longer.total == 20, "those of the first call, which its rate was planned for"
    assert Clock().progress == 0.0
