"""How a command stops over what its caller can put right: one sentence on the error stream, and the exit code."""

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

import typer

from core.errors import BoneGradeError

#: Exit code for what the caller got wrong.
FAILED: Final = 2
_Result = TypeVar("_Result")


def stop(message: str, code: int = FAILED) -> NoReturn:
    """Says why, and exits."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def run(program: Callable[[], _Result]) -> _Result:
    """What the program returns; it stops over data folders, weights, packages and files that are not as they must be."""
    from core.cohort.films import DataFolderError
    from core.composites.hand_average import TooFewHandsError
    from models.registry import WeightsError

    try:
        return program()
    except (BoneGradeError, DataFolderError, TooFewHandsError, WeightsError, ImportError) as error:
        stop(str(error))
    except OSError as error:
        stop(f"{error.filename or 'A file'} cannot be read or written ({error.strerror}): see to it and run again.")
