"""python -m core backup | restore: makes a copy of the whole store while the app runs, and restores one."""

from pathlib import Path
from typing import Annotated

import typer

from core.access.log import AccessLog
from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.keeping import backup as store
from core.ledger import LedgerSettings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Copies of the whole store.")


@app.command("backup")
def backup_command(folder: Annotated[Path, typer.Argument(help="A new folder, on another disk.")]) -> None:
    """Copies database, pictures, users, logs and promoted weights into a new folder, while the app may run."""
    try:
        settings = LedgerSettings.from_environment()
        log = AccessLog.from_environment(settings.folder)
        count = store.backup(settings, folder)
    except BoneGradeError as error:
        stop(str(error))
    log.note_command("exported", detail=f"a backup, {count} files")
    typer.echo(
        f"{count:,} files are in {folder}, with the secret from which pseudonyms are made: keep it as safe as the data "
        "folder, and no longer than you may."
    )


@app.command("restore")
def restore_command(folder: Annotated[Path, typer.Argument(help="As `backup` has written it.")]) -> None:
    """Restores a backup where there is no ledger yet; stop the app first."""
    try:
        settings = LedgerSettings.from_environment()
        log = AccessLog.from_environment(settings.folder)
        users_stay = (settings.folder / store.USERS).exists()
        count = store.restore(settings, folder)
    except BoneGradeError as error:
        stop(str(error))
    log.note_command("added", detail=f"a backup, {count} files")
    users = (
        "The list of users that was here stays."
        if users_stay
        else "Roles and passwords are those of the day of the backup: remove again who was removed since, and change again "
        "what was changed (`python -m core users`)."
    )
    typer.echo(
        f"{count:,} files are restored. {users} Erase again what was erased since the backup, then start the app."
    )
