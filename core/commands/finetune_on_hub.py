"""python -m core finetune-on-hub: the next model, learned on a machine of Hugging Face."""

from pathlib import Path
from typing import Annotated

import typer

from core.assessment.live_model import live_model
from core.commands.options import LedgerUrl, Seed, ledger_settings
from core.commands.running import run as run_program
from core.learning.finetuning.hub_job import JobOrder, finetune_on_hub
from core.ledger import Ledger

app = typer.Typer(add_completion=False)


@app.command("finetune-on-hub")
def finetune_on_hub_command(
    dataset: Annotated[
        str, typer.Argument(help="OWNER/NAME of a private dataset on the hub, by way of which it goes; its owner pays.")
    ],
    ledger: LedgerUrl = None,
    start: Annotated[
        Path | None, typer.Option("--from", help="Folder of the weights to start from; the live model's if not given.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's folder; run again to continue.")] = Path("runs/finetune"),
    hardware: Annotated[str, typer.Option(help="The machine, as `hf jobs hardware` names it.")] = "t4-small",
    hours: Annotated[float, typer.Option(help="The hub ends the job after this many hours.", min=0.1)] = 6.0,
    minutes: Annotated[
        float | None, typer.Option(help="Stop after this many minutes of training and take the best.", min=0.01)
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the films at most; 20 for the grader.", min=1)] = None,
    seed: Seed = 1,
) -> None:
    """Runs `finetune` as a Hugging Face Job, follows it, and fetches the candidate; only films that may be shared are sent."""
    given = {"minutes": minutes, "epochs": epochs, "seed": seed}
    settings = [part for name, value in given.items() if value is not None for part in (f"--{name}", str(value))]

    def program() -> str:
        opened = Ledger.open(ledger_settings(ledger))
        try:
            order = JobOrder(dataset, start or live_model().folder, out, hardware, hours, tuple(settings))
            return finetune_on_hub(order, opened).state
        finally:
            opened.close()

    if run_program(program) == "cancelled":
        typer.echo("Cancelled; the same command starts another job.")
    else:
        typer.echo(f"The candidate is in {out}; `python -m core promote {out}` compares it with the model in use.")
