"""Options that several commands share."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.errors import BoneGradeError
from core.ledger import LedgerSettings

#: A folder of labelled hands, as core.cohort.films reads it.
Hands = Annotated[
    Path, typer.Option("--data", help="Your folder of labelled hands: labels.csv, the films and, if any, boxes21.csv.")
]
#: The folder that holds what the grader is trained on.
DataOption = Annotated[
    Path, typer.Option("--data", help="Your folder with hands/ (labelled films) and graded_rois/ (graded crops).")
]
SplitOption = Annotated[str | None, typer.Option(help="Rows of this split, e.g. val; all rows if not given.")]
Every = Annotated[int, typer.Option(help="Take every n-th film.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="auto takes the GPU where there is one.")]
WorkersOption = Annotated[
    int | None, typer.Option(help="Processes that cut films; as many as processors if not given.", min=1)
]
LedgerUrl = Annotated[
    str | None,
    typer.Option("--ledger", help="The ledger's data folder, or the URL of its database; the usual one if not given."),
]


def ledger_settings(ledger: str | None) -> LedgerSettings:
    """Returns where the ledger is. ledger: its data folder, or the URL of its database; None: as the environment says.

    Raises BoneGradeError where the folder is not there.
    """
    if ledger is None:
        return LedgerSettings.from_environment()
    if "://" in ledger:
        return LedgerSettings.from_environment({**os.environ, "BONEGRADE_DB": ledger})
    if not Path(ledger).is_dir():
        raise BoneGradeError(f"There is no ledger in {ledger}: name its data folder, or the URL of its database.")
    settings = LedgerSettings.in_folder(Path(ledger).absolute())
    if (settings.folder / "patient_secret").exists():
        return settings
    return replace(settings, secret=LedgerSettings.from_environment().secret)
