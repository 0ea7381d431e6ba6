"""Every command under its name, imported when it is called and not before."""

import importlib
import subprocess
import sys

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from core.__main__ import cli
from core.commands.group import COMMANDS, command_of


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_list_says_of_a_command_is_how_its_own_help_begins(name: str) -> None:
    assert (command_of(name).help or "").startswith(COMMANDS[name][1])


def test_the_list_has_every_command() -> None:
    result = CliRunner().invoke(cli, ["--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    shown = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("│") and len(line.split()) > 3]
    assert [name for name in shown if name in COMMANDS] == list(COMMANDS)


def test_no_module_has_a_command_that_the_list_lacks() -> None:
    for module in {module for module, _ in COMMANDS.values()}:
        built = get_command(importlib.import_module(f"core.commands.{module}").app)
        if isinstance(built, TyperGroup) and module not in COMMANDS:  # else the group is the command, as `users` is
            assert built.commands.keys() <= COMMANDS.keys(), module


@pytest.mark.parametrize("module", sorted({module for module, _ in COMMANDS.values()}))
def test_no_module_offers_to_change_the_shell_s_settings(module: str) -> None:
    options = {one.name for one in get_command(importlib.import_module(f"core.commands.{module}").app).params}
    assert options.isdisjoint({"install_completion", "show_completion"})


def test_a_command_that_does_not_exist() -> None:
    result = CliRunner().invoke(cli, ["asses"])
    assert result.exit_code == 2 and "Did you mean" in result.stderr and "'assess'" in result.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["users", "--help"], ["users", "list"]])
def test_what_needs_no_network_does_not_wait_for_torch(arguments: list[str]) -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from core.__main__ import cli\n"
        "result = CliRunner().invoke(cli, sys.argv[1:]); print(result.exit_code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]
