"""Checks for consents that were taken back after an export and before a run learned from it, which whoever ran it could not
know."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path

from core.learning.run.candidate import CandidateRefused, run_record
from core.learning.run.record import learned_from
from core.ledger import FilmRecord, Ledger


def check_consents(run: Path, ledger: Ledger) -> None:
    """Raises CandidateRefused where the run learned from films of this ledger whose consent had been taken back when it began,
    or that were erased with all that was said of them, or where it does not say what it learned from. A run from another
    ledger's export does not concern this ledger."""
    record = run_record(run)
    began = _moment(record.began_at)
    if record.learned_films is None or began is None:
        raise CandidateRefused(
            f"The run {run.resolve().name} does not say which films it learned from and when, so nobody can tell "
            "whether a consent was withdrawn: run `finetune` again."
        )
    learned = frozenset(record.learned_films)
    films = {name: film for film in ledger.films() for name in learned_from([film.sha256]) if name in learned}
    if not films:
        return
    gone = len(learned - films.keys())  # what was erased is no longer known by any name
    gone += sum(_taken_back(ledger, film, began) for film in films.values())
    if gone:
        raise CandidateRefused(
            f"The run {run.resolve().name} learned from {gone} film{'s' * (gone != 1)} whose consent was withdrawn "
            "after the export: export the ledger again, and run `finetune` again."
        )


def _moment(said: str | None) -> datetime | None:
    """Returns a time with its zone, None for anything else."""
    with suppress(ValueError):
        found = None if said is None else datetime.fromisoformat(said)
        return found if found is not None and found.tzinfo is not None else None
    return None


def _taken_back(ledger: Ledger, film: FilmRecord, before: datetime) -> bool:
    """Returns whether the consent was taken back before then, and not given again."""
    if film.picture is not None:
        return False
    history = ledger.history(film.id)
    return any(event.kind == "withdraw" and event.made_at.replace(microsecond=0) <= before for event in history)
