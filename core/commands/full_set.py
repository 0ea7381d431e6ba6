"""python -m core train convert-rsna | all: from a download of the full RSNA set to weights, on one GPU."""

import os
from pathlib import Path
from typing import Annotated

import typer

from core.cohort.films import read_films
from core.cohort.rsna import convert_rsna
from core.commands.options import Device, Seed, WorkersOption
from core.commands.running import run as run_program
from core.commands.stopping import stop
from core.training.loop.device import device_of
from core.training.programs import full_set

app = typer.Typer(add_completion=False)
#: Films left out that are listed one by one; all are in left_out.csv.
_TOLD = 10


@app.command("convert-rsna")
def convert_rsna_command(
    source: Annotated[Path, typer.Option(help="The unpacked download: tables and folders of pictures.")],
    out: Annotated[Path, typer.Option(help="The folder to make; run again to continue where it stopped.")],
    boxes: Annotated[
        Path | None, typer.Option(help="A folder of hands with boxes21.csv, to be scaled to these pictures.")
    ] = None,
    full_size: Annotated[bool, typer.Option("--full-size", help="Keep the resolution, do not halve it.")] = False,
    workers: Annotated[int | None, typer.Option(help="Processes; as many as processors if not given.", min=1)] = None,
) -> None:
    """Turns a download of the RSNA bone age challenge into a folder of labelled films that training reads."""
    _convert(source, out, boxes, full_size, workers)


def _convert(source: Path, out: Path, boxes: Path | None, full_size: bool, workers: int | None) -> None:
    done = run_program(lambda: convert_rsna(source, out, boxes, full_size, workers or os.cpu_count() or 1))
    for note in done.notes:
        typer.echo(note)
    for film, reason in list(done.left_out.items())[:_TOLD]:
        typer.echo(f"Left out: {film}. {reason}")
    counts = ", ".join(f"{done.films.get(split, 0):,} {split}" for split in ("train", "val", "test"))
    typer.echo(
        f"{sum(done.films.values()):,} films are in {out} ({counts}); {len(done.left_out):,} were left out"
        + (f", see {out / 'left_out.csv'}." if done.left_out else ".")
    )


@app.command("all")
def all_command(
    data: Annotated[Path, typer.Option(help="Folder of labelled films, as convert-rsna makes it.")],
    source: Annotated[
        Path | None, typer.Option(help="The unpacked download, to be converted into --data first.")
    ] = None,
    boxes: Annotated[
        Path | None,
        typer.Option(help="With --source: a folder of hands with boxes21.csv, to be scaled to its pictures."),
    ] = None,
    run: Annotated[Path, typer.Option(help="Folder for crops, checkpoints and logs; run again to resume.")] = Path(
        "runs/full_set"
    ),
    device: Device = "auto",
    exemplars: Annotated[Path | None, typer.Option(help="A folder of graded crops with its labels.csv.")] = None,
    hands: Annotated[int, typer.Option(help="Hands a step; fewer need less memory on the GPU.", min=1)] = 64,
    epochs: Annotated[int, typer.Option(help="Passes over the training hands.", min=1)] = 40,
    seed: Seed = 1,
    workers: WorkersOption = None,
) -> None:
    """Trains the localiser, where there are boxes, the grader and the whole hand's network on 12,611 hands; registers them."""
    if source is None and boxes is not None:
        stop("--boxes goes with --source: boxes are scaled to the pictures that are converted.")
    recipe = full_set.full_set_recipe(hands, epochs, seed)
    where = run_program(lambda: device_of(device))
    run_program(lambda: full_set.check_ready(exemplars))
    if source is not None:
        _convert(source, data, boxes, False, workers)
    count = workers or os.cpu_count() or 1
    boxed = run_program(lambda: full_set.make_all(data, run, recipe, where, exemplars, count))
    measured = "test" if any(film.split == "test" for film in read_films(data)) else "val"
    typer.echo(
        f"{'The localiser, the' if boxed else 'The'} grader and the whole hand's network are trained and registered. "
        f"Measure with: python -m core evaluate --data {data} --split {measured}"
    )
