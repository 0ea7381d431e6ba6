"""The made-up film, untrained networks, and a desk over an empty ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.annotation.desk import AnnotateDesk
from core.annotation.saving import Saving
from core.assessment.assessor import Assessor
from core.intake.turns import Turns
from core.ledger import Ledger, LedgerSettings
from tests.made_film import assess, assessment, assessor, film, radiograph  # noqa: F401 - fixtures


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger, in tmp_path."""
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path))
    yield ledger
    ledger.close()


@pytest.fixture
def annotate(ledger: Ledger, assessor: Assessor) -> AnnotateDesk:  # noqa: F811 - a fixture
    """A desk that keeps what readers say."""
    return AnnotateDesk(ledger, lambda: assessor, Turns().now, keeps=True)


@pytest.fixture
def saving(annotate: AnnotateDesk) -> Saving:
    """Saves through that desk."""
    return Saving(annotate)
