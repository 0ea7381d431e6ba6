"""python -m core erase."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.access.log import AccessLog
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Consent, Ledger, LedgerSettings
from core.machine import user


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """With two films of one patient; the command's own."""
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path))
    ledger = Ledger.open(LedgerSettings.from_environment())
    for grey in (0.2, 0.7):
        pixels = np.full((8, 8), grey, np.float32)
        film = Radiograph(pixels, None, None, film_hash(pixels))
        ledger.add_film(film, "F", reader="anna", source="queue", consent=Consent(), patient="4711")
    return ledger


def run(*words: str, typed: str = "") -> tuple[int, str]:
    """Exit code and what the command says."""
    result = CliRunner().invoke(cli, ["erase", *words], input=typed)
    return result.exit_code, result.output


def test_films_a_patient_and_a_reader_are_erased(ledger: Ledger) -> None:
    code, said = run("film", "1")
    assert code == 0 and "Erased 1 film." in said and "Backups" in said
    assert not ledger.film(1).consent and ledger.film(2).consent
    code, said = run("reader", "anna")
    assert code == 0 and "a pseudonym stands there now" in said and ledger.film(2).added_by.startswith("erased ")
    code, said = run("patient", "--labels", "go", typed="4711\n")
    assert code == 0 and "Erased 2 films." in said and list(ledger.films()) == []
    assert run("ended") == (0, "Erased 0 films.\n")
    log = [(one.who, one.film, one.detail) for one in reversed(AccessLog(ledger.folder).latest(9).entries)]
    me, whole = user(), "with its labels; at the command line"
    assert log == [
        (me, 1, "its picture alone; at the command line"),
        (me, None, "a reader's name; at the command line"),
        (me, 1, whole),
        (me, 2, whole),
    ]


def test_what_is_not_there_is_said(ledger: Ledger) -> None:
    code, said = run("film", "1", "9", "--labels", "go")
    assert code == 2 and "no film 9" in said and ledger.film(1).consent, "nothing is done by halves"
    for words in (("film", "9"), ("patient",), ("reader", "nobody")):
        code, said = run(*words, typed="x\n")
        assert code == 2 and said.strip().endswith(".") and "Traceback" not in said
