"""How a command stops over something that its caller can put right: one sentence on the error stream, and the exit code."""

from typing import Final, NoReturn

import typer

#: Exit code where the caller got something wrong.
FAILED: Final = 2


def stop(message: str, code: int = FAILED) -> NoReturn:
    """Says why, and exits."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
