"""The command line."""

from typer.testing import CliRunner

from core.__main__ import cli


def test_help() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert all(command in result.stdout for command in ("assess", "evaluate", "train"))
