"""python -m core users ..."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.access.log import AccessLog
from core.access.roles import Role
from core.access.users import Users
from core.machine import user


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path))
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["users", *arguments], input=typed)


def test_a_person_is_added_listed_changed_and_removed(folder: Path) -> None:
    added = run("add", "anna", "--role", "reviewer", typed="correct horse\n")
    assert added.exit_code == 0 and "anna is a reviewer" in added.output and "correct" not in added.output
    assert Users(folder).verify("anna", "correct horse")
    assert run("add", "carl", "--no-password").exit_code == 0
    assert run("list").output.splitlines() == ["anna\treviewer", "carl\treader"]
    assert run("role", "carl", "admin").exit_code == 0 and Users(folder).role("carl") is Role.ADMIN
    assert run("password", "carl", typed="something long\n").exit_code == 0 and Users(folder).verify(
        "carl", "something long"
    )
    assert run("remove", "anna").exit_code == 0 and set(Users(folder).roles()) == {"carl"}


def test_what_changes_who_may_come_in_is_noted_and_nothing_else(folder: Path) -> None:
    run("add", "anna", "--role", "reviewer", typed="correct horse\n")
    run("add", "anna", typed="correct horse\n")
    run("list")
    run("role", "anna", "admin")
    run("password", "anna", typed="something long\n")
    run("password", "anna", typed="short\n")
    run("remove", "anna")
    noted = AccessLog(folder).latest(9).entries
    assert {(entry.who, entry.deed) for entry in noted} == {(user(), "changed users")}
    assert [entry.detail.removesuffix("; at the command line") for entry in reversed(noted)] == [
        "added anna, reviewer", "role of anna: admin", "another password of anna", "removed anna",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "typed", "sentence"),
    [
        (("add", "anna"), "short\n", "has 5 characters"),
        (("add", "anna"), "", "has 0 characters"),
        (("add", "an na"), "correct horse\n", "cannot be a user's name"),
        (("remove", "anna"), "", "There is no user anna"),
        (("role", "anna", "admin"), "", "There is no user anna"),
    ],
)
def test_what_is_wrong_gets_a_sentence(folder: Path, arguments: tuple[str, ...], typed: str, sentence: str) -> None:
    result = run(*arguments, typed=typed)
    assert result.exit_code == 2 and sentence in result.stderr and result.stderr.strip().endswith(".")
    assert Users(folder).roles() == {}


@pytest.mark.parametrize("arguments", [("add", "anna", "--role", "chief"), ("role", "anna", "chief")])
def test_a_role_that_does_not_exist(folder: Path, arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, ["users", *arguments], input="correct horse\n", env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "'chief' is not one of 'viewer', 'reader', 'reviewer', 'admin'." in result.stderr
    assert Users(folder).roles() == {}
