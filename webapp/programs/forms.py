"""How programs are told what stands in the ledger: as JSON that holds only what is named here."""

from typing import Any, Final

from core.access.roles import Reader
from core.annotation.saving import Clash, Saved
from core.ledger import Correction, Event, FilmRecord, Reading
from core.ledger.queue.reading_queue import QueueRow
from webapp.shared.words import counted

_REASONS: Final = {
    "assessing": "the model has not seen it yet",
    "refused": "the model refused it",
    "skipped": "you skipped it",
    "read_by_me": "you have read it",
}


def saved_form(saved: Saved) -> dict[str, Any]:
    """What came of a save, as webapp.programs.ledger.LedgerEndpoints.correct says."""
    return {
        "saved": 0 if saved.event is None else len(saved.event.corrections),
        "event": None if saved.event is None else saved.event.id,
        "revision": saved.revision,
        "waiting": list(saved.waiting),
        "reading": reading_form(saved.reading),
        "conflict": None if saved.clash is None else _clash(saved.clash),
    }


def film_form(film: FilmRecord) -> dict[str, Any]:
    """What may be told about a film: neither its file's name nor its patient's pseudonym."""
    return {
        "film": film.id,
        "sha256": film.sha256,
        "width": film.width,
        "height": film.height,
        "sex": film.sex,
        "age_months": film.age_months,
        "laterality": film.laterality,
        "pixels_kept": film.consent,
        "added_at": film.added_at.isoformat(),
    }


def reading_form(reading: Reading) -> dict[str, Any]:
    """A reader's word by bone."""
    return {bone: _word(one) for bone, one in reading.items()}


def _word(one: Correction) -> dict[str, Any]:
    box = None if one.box is None else [round(edge, 1) for edge in one.box]
    return {"verdict": one.verdict, "grade": one.grade, "box": box, "note": one.note}


def event_form(event: Event) -> dict[str, Any]:
    """One entry of a film's history."""
    return {
        "event": event.id,
        "kind": event.kind,
        "reader": event.reader,
        "made_at": event.made_at.isoformat(),
        "note": event.note,
        "target": event.target,
        "reading": reading_form({one.bone: one for one in event.corrections}),
    }


def _clash(clash: Clash) -> dict[str, Any]:
    return {
        "revision": clash.revision,
        "who": clash.who,
        "bones": {
            row.bone: {"mine": row.mine and _word(row.mine), "theirs": row.theirs and _word(row.theirs)}
            for row in clash.rows
            if row.differs
        },
    }


def row_form(row: QueueRow, reader: Reader) -> dict[str, Any]:
    """A film of the queue's list, with the reasons for its place."""
    return {
        "film": row.film.id,
        "sex": row.film.sex,
        "bone_age_months": row.bone_age_months,
        "gain": round(row.gain, 4),
        "state": row.state,
        "reasons": _reasons(row, reader),
    }


def _reasons(row: QueueRow, reader: Reader) -> list[str]:
    """Why a film stands where it does, for this reader."""
    reasons = [_REASONS[row.state]] if row.state in _REASONS else [f"reading it should teach {row.gain:.2f} of 2"]
    reasons.append(f"{counted(row.readers, 'reader')} so far" if row.readers else "nobody has read it")
    if row.flagged:
        reasons.append("it is flagged")
    if row.assigned_to:
        reasons.append(
            "it is assigned to you" if row.assigned_to == reader.name else "it is assigned to another reader"
        )
    return reasons
