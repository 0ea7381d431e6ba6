"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.ledger import LedgerSettings

#: A folder of labelled hands, as core.cohort.films reads it.
Hands = Annotated[
    Path, typer.Option("--data", help="Your folder of labelled hands: labels.csv, the films and, if any, boxes21.csv.")
]
#: The folder that holds what the grader is trained on.
Material = Annotated[
    Path, typer.Option("--data", help="Your folder with hands/ (labelled films) and graded_rois/ (graded crops).")
]
Split = Annotated[str | None, typer.Option(help="Rows of this split, e.g. val; all rows if not given.")]
Every = Annotated[int, typer.Option(help="Take every n-th film.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="auto takes the GPU where there is one.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes that cut films; as many as processors if not given.", min=1)
]
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger", help="SQLAlchemy URL of the ledger's database; BONEGRADE_DB, or the data folder's, if not given."
    ),
]


def ledger_settings(url: str | None) -> LedgerSettings:
    """Where the ledger lies. url: of its database; None: as the environment has it."""
    return LedgerSettings.from_environment(os.environ if url is None else {**os.environ, "BONEGRADE_DB": url})
