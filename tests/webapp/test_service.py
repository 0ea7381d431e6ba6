"""The one assessor of a process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import BoneGradeError
from models import registry
from webapp import service


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry whose folder is empty, and nothing loaded before or after."""
    monkeypatch.setattr(registry.load_localizer, "__defaults__", ("localizer", tmp_path))
    service._load.cache_clear()


@pytest.mark.usefixtures("no_weights")
def test_missing_weights_are_told_to_everyone_who_asks_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    service.warm_up().join(timeout=60)
    assert "could not be loaded" in caplog.text
    for _ in range(2):
        with pytest.raises(BoneGradeError, match="fetch the repository again"):
            service.shipped_assessor()


def test_all_who_ask_at_once_share_one_assessor() -> None:
    service._load.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        found = {id(assessor) for assessor in pool.map(lambda _: service.shipped_assessor(), range(4))}
    assert len(found) == 1
