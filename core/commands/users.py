"""python -m core users add | list | role | password | remove: who may sign in, and what they may do."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from core.access.log import AccessLog
from core.access.roles import Role, RoleName
from core.access.users import Users
from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.ledger import LedgerSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The people who may sign in, and their roles.")

Result = TypeVar("Result")
_Name = Annotated[str, typer.Argument(help="The name that the person signs in with.")]


@app.command()
def add(
    name: _Name,
    role: Annotated[RoleName, typer.Option(help="What the person may do.")] = "reader",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For one who signs in with Hugging Face or through a proxy.")
    ] = False,
) -> None:
    """Adds a person; asks for the password, or reads it as a line of the standard input."""

    def work(people: Users) -> str:
        given = Role.named(role)
        people.add(name, given, None if no_password else _password())
        typer.echo(f"{name} is a {given.name.lower()}.")
        return f"added {name}, {given.name.lower()}"

    _change(work)


@app.command("list")
def list_users() -> None:
    """Prints everybody's name and role."""

    for name, role in _run(lambda folder: Users(folder).roles()).items():
        typer.echo(f"{name}\t{role.name.lower()}")


@app.command("role")
def change_role(name: _Name, role: Annotated[RoleName, typer.Argument(help="What the person may do.")]) -> None:
    """Gives a person another role."""

    def work(people: Users) -> str:
        given = Role.named(role)
        people.set_role(name, given)
        return f"role of {name}: {given.name.lower()}"

    _change(work)


@app.command("password")
def change_password(name: _Name) -> None:
    """Gives a person another password."""

    def work(people: Users) -> str:
        people.set_password(name, _password())
        return f"another password of {name}"

    _change(work)


@app.command()
def remove(name: _Name) -> None:
    """Removes a person from the list; what they said stays."""

    def work(people: Users) -> str:
        people.remove(name)
        return f"removed {name}"

    _change(work)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _change(work: Callable[[Users], str]) -> None:
    """Changes the list, and notes in the access log what `work` says that it did."""

    def noted(folder: Path) -> None:
        log = AccessLog.from_environment(folder)
        log.note_command("changed users", detail=work(Users(folder)))

    _run(noted)


def _run(work: Callable[[Path], Result]) -> Result:
    """Runs work, which is given the data folder, and returns its result."""
    try:
        return work(LedgerSettings.from_environment().folder)
    except BoneGradeError as error:
        stop(str(error))
    except OSError as error:
        stop(f"The users file cannot be written: {error.strerror}.")
