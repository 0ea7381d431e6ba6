"""Small start weights, and one export of read films, made once for all."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.assessment.assessor import Assessor
from core.dataset.exporting.options import ExportOptions
from core.dataset.split import Shares
from core.learning.lessons.sources import ExportLessons
from core.ledger import Ledger, LedgerSettings
from tests.core.learning.made_lessons import Lessons, exported, fill, start_weights
from tests.stored_films import Store


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights to start from."""
    return start_weights(tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="session")
def read_store(tmp_path_factory: pytest.TempPathFactory, assessor: Assessor) -> Iterator[Store]:
    """A ledger of seven films that were read, with no box moved; nobody writes to it."""
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path_factory.mktemp("read") / "store"))
    store = Store(ledger, assessor)
    fill(store, moved=False)
    yield store
    ledger.close()


@pytest.fixture(scope="session")
def export_folder(read_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its export, in which nearly all films are to learn from."""
    folder = tmp_path_factory.mktemp("exports") / "export"
    exported(read_store, folder, ExportOptions(formats=("labels", "crops"), shares=Shares(99, 0, 1)))
    return folder


@pytest.fixture(scope="session")
def lessons(export_folder: Path) -> Callable[[int | None], Lessons]:
    """The export as a run asks for it."""
    return lambda revision: ExportLessons(export_folder)
