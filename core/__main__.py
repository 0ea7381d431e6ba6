"""The command line: python -m core --help names its commands."""

import typer

from core.commands.group import CommandGroup
from core.machine import keep_private

cli = typer.Typer(cls=CommandGroup, no_args_is_help=True, add_completion=False)


@cli.callback()
def bonegrade() -> None:
    """Bone age, bone by bone. Research use only."""
    keep_private()


if __name__ == "__main__":
    cli()
