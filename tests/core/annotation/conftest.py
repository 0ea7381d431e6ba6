"""The made-up film, networks that were not trained, and a desk over an empty ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.annotation.desk import AnnotateDesk
from core.annotation.saving import Saving
from core.assessment.assessor import Assessor
from core.ledger import Ledger, LedgerSettings
from tests.core.annotation.at_a_desk import desk_of
from tests.made_film import assess, assessment, assessor, film, radiograph  # noqa: F401 - fixtures


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(LedgerSettings.in_folder(tmp_path))
    yield ledger
    ledger.close()


@pytest.fixture
def annotate(ledger: Ledger, assessor: Assessor) -> AnnotateDesk:  # noqa: F811
    return desk_of(ledger, assessor)


@pytest.fixture
def saving(annotate: AnnotateDesk) -> Saving:
    return Saving(annotate)
