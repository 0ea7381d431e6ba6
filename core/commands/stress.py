"""python -m core stress: the same hand on other films, and what is not a hand."""

from typing import Annotated

import typer

from core.assessment.assessor import Assessor
from core.cohort.films import read_films
from core.commands.options import Every, Hands, Json, SplitOption
from core.commands.running import run, show
from core.evaluation.stress import trial

app = typer.Typer(add_completion=False)


@app.command()
def stress(
    data: Hands,
    split: SplitOption = None,
    every: Every = 1,
    pictures: Annotated[int, typer.Option(help="Pictures of each kind that shows no hand.", min=1)] = 40,
    as_json: Json = False,
) -> None:
    """Measures how far the age moves when the same hand comes on another film, and whether non-hands are refused."""
    figures = run(lambda: trial.stress(read_films(data, split)[::every], Assessor.from_registry(), pictures))
    show(figures, trial.as_text, as_json)
