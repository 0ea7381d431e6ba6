"""The made-up film, a ledger, and a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from core.ledger import Ledger, LedgerSettings
from tests.made_film import (  # noqa: F401 - fixtures
    assess,
    assessment,
    assessor,
    explanation,
    film,
    out_of_line,
    radiograph,
    without_ulna,
)
from tests.webapp.gate import Gate
from tests.webapp.running_app import ANSWER_MS, chromium

# What a test expects may take as long as any answer: on a busy machine even what follows at once takes seconds.
expect.set_options(timeout=ANSWER_MS)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty one, in tmp_path/data."""
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path / "data"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """What holds up the answers of tests.webapp.slow_app."""
    return Gate(tmp_path_factory.mktemp("gate"))
