"""Where the environment puts the store."""

import sys
from pathlib import Path

import pytest

from core.ledger import Ledger, LedgerSettings


def test_the_environment_names_folder_and_database(tmp_path: Path) -> None:
    settings = LedgerSettings.from_environment({"BONEGRADE_DATA": str(tmp_path)})
    assert settings.folder == tmp_path and settings.url == f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    other = LedgerSettings.from_environment({"BONEGRADE_DATA": str(tmp_path), "BONEGRADE_DB": "sqlite:////x/y.db"})
    assert other.folder == tmp_path and other.url == "sqlite:////x/y.db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_the_installed_driver(scheme: str) -> None:
    settings = LedgerSettings.from_environment({"BONEGRADE_DB": f"{scheme}://ann:pw@host/db"})
    assert settings.url == "postgresql+psycopg://ann:pw@host/db"
    assert "pw" not in repr(settings)


@pytest.mark.skipif(sys.platform != "linux", reason="the usual folder is another on this system")
def test_the_usual_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert LedgerSettings.from_environment({}).folder == tmp_path / ".local/share/bonegrade"
    assert LedgerSettings.from_environment({"XDG_DATA_HOME": "/d", "BONEGRADE_DATA": ""}).folder == Path("/d/bonegrade")
    assert LedgerSettings.from_environment({"BONEGRADE_DATA": "~/films"}).folder == tmp_path / "films"


def test_a_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = LedgerSettings.from_environment({"BONEGRADE_DATA": "data"})
    Ledger.open(settings).close()
    assert (tmp_path / "data" / "ledger.sqlite").is_file()
