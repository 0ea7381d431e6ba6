"""python -m core erase film | patient | reader | ended: removes from the ledger what somebody no longer agrees to."""

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from core.access.log import AT_THE_COMMAND_LINE, AccessLog
from core.access.roles import OPERATOR
from core.commands.stopping import stop
from core.errors import BoneGradeError
from core.keeping.erasing import (
    NAME_ELSEWHERE,
    copies_elsewhere,
    erase_films,
    erase_past_consents,
    erase_patient,
    erase_reader,
    note_erased,
)
from core.ledger import Ledger, LedgerSettings
from core.machine import user

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Removes from the ledger what somebody no longer agrees to."
)


class Labels(StrEnum):
    """What happens to what the model and people said of a film."""

    STAY = "stay"
    GO = "go"


_Labels = Annotated[Labels, typer.Option(help="What becomes of grades, boxes, notes and the model's words.")]
_Reason = Annotated[str, typer.Option(help="Goes into the film's history; no names.")]


@app.command()
def film(
    numbers: Annotated[list[int], typer.Argument(help="The films' numbers, as Annotate shows them.")],
    labels: _Labels = Labels.STAY,
    reason: _Reason = "",
) -> None:
    """Removes films' pixels and all that was made of them."""
    go = labels == "go"
    _erased(lambda ledger: erase_films(ledger, numbers, OPERATOR, labels_too=go, reason=reason), labels_too=go)


@app.command()
def patient(labels: _Labels = Labels.STAY, reason: _Reason = "") -> None:
    """Removes all films of a patient, whose own id is asked for, or read as a line of the standard input."""
    named = typer.prompt("The patient's id", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    go = labels == "go"
    _erased(lambda ledger: erase_patient(ledger, named, OPERATOR, labels_too=go, reason=reason), labels_too=go)


@app.command()
def reader(name: Annotated[str, typer.Argument(help="As the person signed in.")]) -> None:
    """Puts a pseudonym in the place of a reader's name; what they said stays."""

    def work(ledger: Ledger, log: AccessLog) -> str:
        places = erase_reader(ledger, name, OPERATOR)
        log.note_command("erased", detail="a reader's name")
        return f"{name} stood in {places} places; a pseudonym stands there now. {NAME_ELSEWHERE}"

    _run(work)


@app.command()
def ended() -> None:
    """Removes the pixels of films whose consent has come to its end, as the app does every hour."""
    _erased(lambda ledger: erase_past_consents(ledger, OPERATOR), labels_too=False)


def _erased(work: Callable[[Ledger], list[int]], *, labels_too: bool) -> None:
    """Erases films, and says how many."""

    def films(ledger: Ledger, log: AccessLog) -> str:
        erased = work(ledger)
        note_erased(log, erased, user(), labels_too=labels_too, remark=AT_THE_COMMAND_LINE)
        count = f"Erased {len(erased)} film{'' if len(erased) == 1 else 's'}."
        return f"{count} {copies_elsewhere(ledger)}" if erased else count

    _run(films)


def _run(work: Callable[[Ledger, AccessLog], str]) -> None:
    try:
        ledger = Ledger.open(LedgerSettings.from_environment())
        try:
            typer.echo(work(ledger, AccessLog.from_environment(ledger.folder)))
        finally:
            ledger.close()
    except BoneGradeError as error:
        stop(str(error))
