"""Consents that were taken back after an export and before a run learned from it: whoever ran it could not know."""

from datetime import datetime
from pathlib import Path

from core.learning.candidate import CandidateRefused, run_facts
from core.learning.gate_hands import learned_from
from core.ledger import FilmRecord, Ledger


def check_consents(run: Path, ledger: Ledger) -> None:
    """Raises CandidateRefused where the run learned from films of this ledger whose consent had been taken back when it began,
    or that were erased with all that was said of them. A run from another ledger's export is none of this one's."""
    facts = run_facts(run)
    learned, began = {*facts.get("learned_films", ())}, facts.get("began_at")
    films = {name: film for film in ledger.films() for name in learned_from([film.sha256]) if name in learned}
    if not films or began is None:
        return
    gone = len(learned - films.keys())  # what was erased is known by no name any more
    gone += sum(_taken_back(ledger, film, datetime.fromisoformat(began)) for film in films.values())
    if gone:
        raise CandidateRefused(
            f"The run {run.resolve().name} learned from {gone} film{'s' * (gone != 1)} whose consent was taken back after the "
            "export: export the ledger again, and run `finetune` anew."
        )


def _taken_back(ledger: Ledger, film: FilmRecord, before: datetime) -> bool:
    """Whether it was, and not given again."""
    if film.picture is not None:
        return False
    history = ledger.history(film.id)
    return any(event.kind == "withdraw" and event.made_at.replace(microsecond=0) <= before for event in history)
