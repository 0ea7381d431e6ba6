"""python -m core promote | rollback | compare-models: which model is live, and whether another one is better."""

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from core import machine
from core.access.log import AccessLog
from core.assessment.assessor import Assessor
from core.assessment.live_model import LiveEntry, live_model, weights_folder
from core.bones import Sex
from core.commands.options import Json, LedgerUrl, ledger_settings
from core.commands.running import run as run_program
from core.commands.running import show
from core.commands.stopping import stop
from core.film.radiograph import read_radiograph
from core.learning.gate.hands import labelled_hands
from core.learning.gate.passing import GateSettings
from core.learning.gate.report import GateReport, as_text
from core.learning.promotion.going_live import compare
from core.learning.promotion.models_at_hand import compare_on_film
from core.learning.promotion.side_by_side import SideBySide, as_document
from core.learning.promotion.side_by_side import as_text as beside_as_text
from core.learning.promotion.versions import rollback as bring_back
from core.ledger import Ledger, LedgerSettings

app = typer.Typer(add_completion=False)

#: Exit code for a run that the gate does not let through.
_NOT_PROMOTED: Final = 4


@app.command()
def promote(
    run: Annotated[Path, typer.Argument(help="The folder of a run that `finetune` has finished.")],
    ledger: LedgerUrl = None,
    data: Annotated[
        Path | None, typer.Option(help="A folder of labelled hands, whose `val` hands are compared on as well.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and promote nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Compares a run with the live model on the gold films, and makes it live where nothing is worse and something better."""

    def program() -> GateReport:
        settings = ledger_settings(ledger)
        log = AccessLog.from_environment(settings.folder)
        opened = Ledger.open(settings)
        try:
            judgement = compare(run, opened, None if data is None else lambda: labelled_hands(data), GateSettings())
        finally:
            opened.close()
        if judgement.report.promotes and not dry_run:
            made = judgement.go_live(machine.user())
            log.note_command("promoted", detail=f"version {made.version}")
            typer.echo(
                f"Version {made.version} is live; `python -m core rollback` brings {made.before} back.", err=True
            )
        return judgement.report

    report = run_program(program)
    show(report, as_text, as_json)
    if not report.promotes:
        stop("The live model stays.", _NOT_PROMOTED)


@app.command()
def rollback(
    to: Annotated[
        str | None, typer.Option(help="A version, or `shipped`; the one before the live one if not given.")
    ] = None,
) -> None:
    """Makes the previous model live again."""

    def program() -> LiveEntry:
        log = AccessLog.from_environment(LedgerSettings.from_environment().folder)
        entry = bring_back(weights_folder(), to, machine.user())
        log.note_command("promoted", detail=f"back to version {entry.version}")
        return entry

    made = run_program(program)
    typer.echo(f"Version {made.version} is live.")


@app.command()
def compare_models(
    film: Annotated[Path, typer.Argument(help="A radiograph.")],
    sex: Annotated[Sex, typer.Option(help="The standards have one table for boys and one for girls.")],
    other: Annotated[str, typer.Option("--with", help="A run's folder, or a version that was live before.")],
    as_json: Json = False,
) -> None:
    """Shows what the live model and another one say of one film, side by side."""

    def program() -> SideBySide:
        live = live_model()
        assessor = Assessor.from_folder(live.folder)
        return compare_on_film(read_radiograph(film), sex, assessor, live.version, other)

    found = run_program(program)
    typer.echo(json.dumps(as_document(found), indent=1) if as_json else beside_as_text(found))
