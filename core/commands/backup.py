"""python -m core backup | restore: a copy of the whole store, made while the app runs, and the way back."""

from pathlib import Path
from typing import Annotated

import typer

from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.ledger import LedgerSettings
from core.ledger import backup as store

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Copies of the whole store.")


@app.command("backup")
def backup_command(folder: Annotated[Path, typer.Argument(help="A new folder, on another disk.")]) -> None:
    """Copies database, pictures, users, logs and promoted weights into a new folder, while the app may run."""
    try:
        count = store.backup(LedgerSettings.from_environment(), folder)
    except BoneGradeError as error:
        stop(str(error))
    typer.echo(
        f"{count:,} files are in {folder}, with the secret from which pseudonyms are made: keep it as safe as the data "
        "folder, and no longer than you may."
    )


@app.command("restore")
def restore_command(folder: Annotated[Path, typer.Argument(help="As `backup` has written it.")]) -> None:
    """Puts a backup where no ledger is yet; stop the app before."""
    try:
        count = store.restore(LedgerSettings.from_environment(), folder)
    except BoneGradeError as error:
        stop(str(error))
    typer.echo(f"{count:,} files are back. Erase again what was erased since the backup, then start the app.")
