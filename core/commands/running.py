"""Runs what a command asks for, and prints the figures of one that measures."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import typer

from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.evaluation.figures import as_json
from core.machine import keep_freed
from models.registry import WeightsError

Result = TypeVar("Result")


def run(program: Callable[[], Result]) -> Result:
    """Returns what the program returns; stops with a sentence where data folders, weights, packages or files are not as they
    must be."""
    keep_freed()
    try:
        return program()
    except (BoneGradeError, WeightsError, ImportError) as error:
        stop(str(error))
    except OSError as error:
        stop_over_file(error)


def stop_over_file(error: OSError) -> NoReturn:
    """Stops the command over a file that is not as it must be, or a full disk."""
    stop(f"{error.filename or 'A file'} cannot be read or written ({error.strerror}): correct this and run again.")


def show(figures: Result, as_text: Callable[[Result], str], json: bool) -> None:
    """Prints figures as JSON or as tables for people."""
    typer.echo(as_json(figures) if json else as_text(figures))


def write_figures(file: Path, figures: object) -> None:
    """Writes figures as JSON, for the app to read. Raises BoneGradeError where the file cannot be written."""
    try:
        file.write_text(as_json(figures) + "\n", encoding="utf-8")
    except OSError as error:
        raise BoneGradeError(
            f"The figures cannot be written to {file}: {error.strerror}. Choose another file."
        ) from None
