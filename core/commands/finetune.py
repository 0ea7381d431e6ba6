"""python -m core finetune: the next model from what readers said."""

import dataclasses
import os
from pathlib import Path
from typing import Annotated

import typer
from accelerate import PartialState

from core.assessment.live_model import live_model
from core.commands.options import Device, LedgerUrl, Seed, WorkersOption, ledger_settings
from core.commands.running import run as run_program
from core.learning.finetuning.finetune import FinetuneRecipe, LessonsAt, Order, finetune
from core.learning.finetuning.hub_job import push_run
from core.learning.lessons.sources import ExportLessons, LedgerLessons, Lessons
from core.learning.run.files import UNPACKED
from core.learning.run.files import WEIGHTS as CANDIDATE
from core.learning.run.record import RunRecord
from core.ledger import Ledger

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The next model out of what readers said.")


@app.command("finetune")
def finetune_command(
    dataset: Annotated[
        Path | None,
        typer.Option(
            help="An export of the ledger, its folder or its zip, with labels and crops; the ledger if not given."
        ),
    ] = None,
    ledger: LedgerUrl = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="Folder of the weights to start from; the live model's if not given.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's folder; run again to resume.")] = Path("runs/finetune"),
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that the start weights learned from, to see again: hands/ and graded_rois/."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop after this many minutes of training and take the best.", min=0.01)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the films at most; 20 for the grader.", min=1)] = None,
    hub: Annotated[
        str | None, typer.Option(help="Also put the run, once it is done, into this private dataset on the hub.")
    ] = None,
    device: Device = "auto",
    seed: Seed = 1,
    workers: WorkersOption = None,
) -> None:
    """Learns from readers' grades and boxes, and leaves candidate weights in the run's folder; the model in use stays."""
    recipe = FinetuneRecipe(seed=seed)
    if epochs is not None:
        paces = {name: dataclasses.replace(getattr(recipe, name), epochs=epochs) for name in ("grader", "localizer")}
        recipe = dataclasses.replace(recipe, **paces)
    if dataset is not None and ledger is not None:
        raise typer.BadParameter("name an export with --dataset, or a ledger with --ledger.")

    def program() -> None:
        order = Order(
            _lessons(dataset, ledger, out),
            start or live_model().folder,
            out,
            recipe,
            data,
            device,
            minutes,
            workers or os.cpu_count() or 1,
        )
        record = finetune(order)
        if PartialState().is_main_process:
            if hub is not None and record.state == "done":
                push_run(out, hub)
            typer.echo(_told(record, out))

    run_program(program)


def _lessons(dataset: Path | None, ledger: str | None, run: Path) -> LessonsAt:
    def of_export(revision: int | None) -> Lessons:
        assert dataset is not None
        return ExportLessons.of_zip(dataset, run / UNPACKED) if dataset.is_file() else ExportLessons(dataset)

    def of_ledger(revision: int | None) -> Lessons:
        return LedgerLessons(Ledger.open(ledger_settings(ledger)), revision)

    return of_export if dataset is not None else of_ledger


def _told(record: RunRecord, out: Path) -> str:
    if record.state == "cancelled":
        return f"Cancelled; the same command continues from the checkpoint in {out}."
    return f"The candidate is in {out / CANDIDATE}; `python -m core promote {out}` compares it with the model in use."
