"""python -m core tokens ..."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.access.log import AccessLog
from core.access.tokens import Tokens
from core.machine import user


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["tokens", *arguments])


def test_a_token_is_made_listed_and_revoked(folder: Path) -> None:
    made = run("make", "pacs", "--role", "reader", "--days", "30", "--only", "add_films", "--only", "look")
    program = Tokens(folder).holder(made.output.strip())
    assert made.exit_code == 0 and program is not None and program.name == "pacs"
    assert run("list").output.strip() == f"pacs\treader\tlook,add_films\tends {program.ends:%Y-%m-%d}"
    assert run("revoke", "pacs").exit_code == 0 and Tokens(folder).programs() == []
    said = [(one.who, one.deed, one.detail) for one in AccessLog(folder).latest(9).entries]
    assert said == [
        (user(), "revoked", "program:pacs; at the command line"),
        (user(), "admitted", "program:pacs, reader, 30 days; at the command line"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("make", "pa cs"), "cannot be a program's name"),
        (("make", "pacs", "--days", "1000"), "1 to 366 days"),
        (("make", "pacs", "--only", "correct"), "A viewer may not save corrections"),
        (("revoke", "pacs"), "There is no program pacs"),
    ],
)
def test_what_is_wrong_gets_a_sentence(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2 and sentence in result.stderr and Tokens(folder).programs() == []
