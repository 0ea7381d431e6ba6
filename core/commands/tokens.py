"""python -m core tokens make | list | revoke: the programs that may use the API, and what each may do."""

from collections.abc import Callable
from typing import Annotated

import typer

from core.access.log import AccessLog
from core.access.roles import Role, RoleName
from core.access.tokens import MOST_DAYS, Power, Tokens
from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.ledger import LedgerSettings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The programs that may come in by the API, and what each may do."
)

_Name = Annotated[str, typer.Argument(help="The program's name, under which the logs and the ledger have it.")]


@app.command()
def make(
    name: _Name,
    role: Annotated[RoleName, typer.Option(help="What the program may do at most.")] = "viewer",
    days: Annotated[int, typer.Option(help=f"Days for which the token is valid, {MOST_DAYS} at most.")] = 90,
    only: Annotated[list[Power] | None, typer.Option(help="Of that, only this; may be repeated.")] = None,
) -> None:
    """Makes a program's token and prints it, this once."""

    def work(tokens: Tokens, log: AccessLog) -> None:
        token = tokens.make(name, Role.named(role), days, only or ())
        log.note_command("admitted", detail=f"program:{name}, {role}, {days} days")
        typer.echo(token)

    _run(work)


@app.command("list")
def list_tokens() -> None:
    """Prints the programs' names, roles, what these are narrowed to, and when their tokens end."""

    def work(tokens: Tokens, log: AccessLog) -> None:
        for one in tokens.programs():
            ends = f"{'ended' if one.has_ended() else 'ends'} {one.ends:%Y-%m-%d}"
            typer.echo("\t".join([one.name, one.role.name.lower(), ",".join(one.only) or "all", ends]))

    _run(work)


@app.command()
def revoke(name: _Name) -> None:
    """Ends a program's token now; what the program said stays."""

    def work(tokens: Tokens, log: AccessLog) -> None:
        tokens.revoke(name)
        log.note_command("revoked", detail=f"program:{name}")

    _run(work)


def _run(work: Callable[[Tokens, AccessLog], None]) -> None:
    folder = LedgerSettings.from_environment().folder
    try:
        work(Tokens(folder), AccessLog.from_environment(folder))
    except BoneGradeError as error:
        stop(str(error))
    except OSError as error:
        stop(f"The file of tokens cannot be written: {error.strerror}.")
