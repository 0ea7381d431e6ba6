"""python -m core users add | list | role | password | remove: who may sign in, and what they may do."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from core.access.roles import Role, RoleName
from core.access.users import Users
from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.ledger import LedgerSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The people who may sign in, and their roles.")

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

    def work(people: Users) -> None:
        given = Role.named(role)
        people.add(name, given, None if no_password else _password())
        typer.echo(f"{name} is a {given.name.lower()}.")

    _run(work)


@app.command("list")
def list_users() -> None:
    """Prints everybody's name and role."""

    def work(people: Users) -> None:
        for name, role in people.roles().items():
            typer.echo(f"{name}\t{role.name.lower()}")

    _run(work)


@app.command("role")
def change_role(name: _Name, role: Annotated[RoleName, typer.Argument(help="What the person may do.")]) -> None:
    """Gives a person another role."""
    _run(lambda people: people.set_role(name, Role.named(role)))


@app.command("password")
def change_password(name: _Name) -> None:
    """Gives a person another password."""
    _run(lambda people: people.set_password(name, _password()))


@app.command()
def remove(name: _Name) -> None:
    """Takes a person off the list; what they said stays."""
    _run(lambda people: people.remove(name))


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _run(work: Callable[[Users], None]) -> None:
    try:
        work(Users(LedgerSettings.from_environment().folder))
    except BoneGradeError as error:
        stop(str(error))
    except OSError as error:
        stop(f"The users file cannot be written: {error.strerror}.")
