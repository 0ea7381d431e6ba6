"""python -m core backup and restore, as a person calls them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.ledger import Consent, Ledger, LedgerSettings
from core.machine import user
from tests.stored_films import hand


def test_a_backup_and_its_way_back_are_noted_in_the_access_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BONEGRADE_DB", raising=False)
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "data"))
    ledger = Ledger.open(LedgerSettings.from_environment())
    ledger.add_film(hand(1), "F", reader="anna", source="queue", consent=Consent())
    ledger.close()
    run = CliRunner().invoke
    assert run(cli, ["backup", str(tmp_path / "copy")]).exit_code == 0
    assert run(cli, ["backup", str(tmp_path / "copy")]).exit_code == 2, "it is there already"
    (noted,) = AccessLog(tmp_path / "data").latest(9).entries
    assert (noted.who, noted.deed, noted.detail) == (user(), "exported", "a backup, 3 files; at the command line")
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "new"))
    assert run(cli, ["restore", str(tmp_path / "copy")]).exit_code == 0
    (noted,) = AccessLog(tmp_path / "new").latest(9).entries
    assert (noted.deed, noted.detail) == ("added", "a backup, 3 files; at the command line")
    monkeypatch.setenv("BONEGRADE_LOG_DAYS", "soon")
    refused = run(cli, ["backup", str(tmp_path / "other")])
    assert refused.exit_code == 2 and "must be a number of days" in refused.output and not (tmp_path / "other").exists()


def test_a_list_of_users_that_is_there_is_not_put_back_to_the_day_of_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BONEGRADE_DB", raising=False)
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "data"))
    Ledger.open(LedgerSettings.from_environment()).close()
    Users(tmp_path / "data").add("anna", Role.ADMIN, "the old password")
    run = CliRunner().invoke
    assert run(cli, ["backup", str(tmp_path / "copy")]).exit_code == 0
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "new"))
    Users(tmp_path / "new").add("ben", Role.READER, "the new password")
    restored = run(cli, ["restore", str(tmp_path / "copy")])
    assert restored.exit_code == 0 and "The list of users that was here stays." in restored.output
    assert Users(tmp_path / "new").roles() == {"ben": Role.READER}
    Ledger.open(LedgerSettings.from_environment()).close()
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "another"))
    restored = run(cli, ["restore", str(tmp_path / "copy")])
    assert "Roles and passwords are those of the day of the backup" in restored.output
    assert Users(tmp_path / "another").verify("anna", "the old password")
