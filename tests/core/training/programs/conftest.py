"""Where programs register what they train."""

import functools
from pathlib import Path

import pytest

from core.training.programs import grader, intervals, localizer, whole_hand
from models import registry


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that takes the new weights instead of the one that ships."""
    folder = tmp_path / "weights"
    for program in (localizer, grader, whole_hand, intervals):
        for name in ("register", "unregister", "register_intervals", "load_grader", "load_whole_hands"):
            if hasattr(program, name):
                there = functools.partial(getattr(registry, name), folder=folder)
                monkeypatch.setattr(program, name, there)
    return folder
