"""python -m core assess-batch: the bone ages of many films, as tables."""

from pathlib import Path
from typing import Annotated

import typer

from core.assessment.assessor import Assessor
from core.batch import Counts, assess_batch, films_in
from core.batch.engines import EngineName
from core.bones import Sex
from core.commands.running import run
from core.hand.several import HandSide
from core.machine import cores

app = typer.Typer(add_completion=False)


@app.command("assess-batch")
def assess_many(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="A folder of films, a Parquet of paths (path, sex, id, hand), or an fsspec URL."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for films.parquet and failures.parquet.")],
    sex: Annotated[
        Sex | None, typer.Option(help="Of the films whose sex no table says; left out, what a DICOM says.")
    ] = None,
    hand: Annotated[HandSide, typer.Option(help="Which to read where a film shows two and no table says.")] = "left",
    table: Annotated[Path | None, typer.Option(help="A CSV that says the sex of each film of a folder.")] = None,
    engine: Annotated[
        EngineName, typer.Option(help="local: this machine. ray: Ray Data, on one machine or many.")
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(help="Processes, of one thread each; as many as processors if not given.", min=1)
    ] = None,
) -> None:
    """Assesses many films, on this machine or on many: one row per film, failures apart; run again to continue."""

    def assess_all() -> Counts:
        films = films_in(source, sex, hand, table)
        return assess_batch(Assessor.from_registry, films, out, engine, workers or cores())

    done = run(assess_all)
    typer.echo(f"Done now: {done.new}. In {out}: {done.films} assessed, {done.failures} failed. Research use only.")
