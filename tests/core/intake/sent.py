"""What people send in, for the tests: made-up films and zips, and how they are taken in or refused."""

import zipfile
from pathlib import Path

import cv2
import pytest

from core.access.roles import Reader, Role
from core.assessment.assessor import Assessor
from core.bones import Sex
from core.intake import BatchRefused, Filing, Limits, TakenIn, open_batch, take_in
from core.intake.turns import Turns
from core.ledger import Consent, Ledger
from tests.hands import drawn_hand

ADA = Reader("ada", Role.READER)


#: A patient's name in these tests, which must not appear in the store, the log or an error.
PATIENT = "Zwiebelfisch"


def film_bytes(number: int) -> bytes:
    """A PNG of a drawn hand, different for each number."""
    return bytes(cv2.imencode(".png", drawn_hand(unit=60.0 + number)[0])[1])


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    """A zip with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def nobody(ledger: Ledger) -> Filing:
    """A filing for films about which the model need not be asked."""

    def never() -> Assessor:
        raise AssertionError("the model was asked")

    return Filing(ledger, never, Turns().when_free)


def send(ledger: Ledger, files: list[Path], table: Path | None = None, sex: Sex | None = None) -> list[TakenIn]:
    """Takes films in with consent."""
    with open_batch(files, table, sex) as batch:
        return list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))


def refused(ledger: Ledger, files: list[Path], table: Path | None = None, limits: Limits | None = None) -> str:
    """The sentence with which a batch is refused; afterwards the ledger and its folder hold no film."""
    with pytest.raises(BatchRefused) as caught, open_batch(files, table, None, limits or Limits()) as batch:
        list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))
    assert list(ledger.films()) == []
    sentence = str(caught.value)
    assert sentence.endswith(".") and PATIENT not in sentence and "\n" not in sentence
    return sentence
