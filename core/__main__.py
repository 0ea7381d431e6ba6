"""The command line: python -m core assess | evaluate | export | finetune | promote | train and others. Try --help."""

import typer

from core.commands.group import CommandGroup

cli = typer.Typer(cls=CommandGroup, no_args_is_help=True, add_completion=False)


@cli.callback()
def bonegrade() -> None:
    """Bone age, bone by bone. Research use only."""


if __name__ == "__main__":
    cli()
