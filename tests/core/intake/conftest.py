"""Films on disk, an empty ledger, and a way to write a CSV."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ledger import Ledger, LedgerSettings
from tests.core.intake.sent import film_bytes


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Two films on disk, a.png and b.png."""
    for number, name in enumerate(("a.png", "b.png")):
        (tmp_path / name).write_bytes(film_bytes(number))
    return [tmp_path / "a.png", tmp_path / "b.png"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = Ledger.open(LedgerSettings.from_environment({"BONEGRADE_DATA": str(tmp_path / "store")}))
    yield ledger
    ledger.close()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a CSV."""

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write
