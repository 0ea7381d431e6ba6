"""What a reader may know about a film: others' readings once they have read all of it, and nothing about gold readings.

A film is read blind only if nothing tells the reader that it is gold: neither its history, nor how many times it is said to
have changed. So whatever is sent to a page counts revisions without gold marks, for every role.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.access.roles import Action, Reader
from core.bones import RUS_BONES
from core.ledger import Event, Reading, fold
from core.ledger.readings import OF_THE_READING


@dataclass(frozen=True)
class SeenHistory:
    """The events that a reader may see, oldest first. blind: others' are held back until the reader has saved
    a verdict on every bone."""

    events: tuple[Event, ...]
    blind: bool


def seen_history(history: Sequence[Event], reader: Reader) -> SeenHistory:
    """A film's history as far as the reader may see it yet; gold marks only where they may set them."""
    known = tuple(history) if reader.may(Action.SET_GOLD) else _without_gold(history)
    if not is_blind(history, reader):
        return SeenHistory(known, blind=False)
    shown = tuple(event for event in known if event.reader == reader.name)
    return SeenHistory(shown, blind=len(shown) < len(known))


def is_blind(history: Sequence[Event], reader: Reader) -> bool:
    """Whether the reader may not yet know what others said of the film: while this holds, nothing they said, and no
    conflict with it, goes to the reader's page, whatever the page claims to have been shown before."""
    return not reader.may(Action.SEE_ALL_READINGS) and len(fold(history).reading(reader.name)) < len(RUS_BONES)


def gold_marks(history: Sequence[Event]) -> frozenset[int]:
    """The ids of the events that set or clear a gold reading, and of those that undo such an event."""
    marks: set[int] = set()
    for event in history:
        if event.kind in ("gold", "ungold") or (event.kind == "undo" and event.target in marks):
            marks.add(event.id)
    return frozenset(marks)


def readings_of(history: Sequence[Event]) -> list[Event]:
    """The events that change what readers say of the bones, oldest first: neither gold marks nor the queue's events."""
    marks = gold_marks(history)
    return [event for event in history if event.kind in OF_THE_READING and event.id not in marks]


def seen_revision(history: Sequence[Event]) -> int:
    """How many times the film's readings were changed; 0 before anything was said."""
    return len(readings_of(history))


def rivals(history: Sequence[Event], since: Sequence[Event], reader: Reader) -> list[Event]:
    """The readings in `since`, a part of the film's history, with which a save of the reader may conflict."""
    blind = is_blind(history, reader)
    return [event for event in since if not blind or event.reader == reader.name]


def ledger_revision(history: Sequence[Event], seen: int) -> int:
    """The ledger's revision of the film when its readings had been changed `seen` times.

    A number that the film never reached is passed on as it is, for the ledger to refuse.
    """
    readings = readings_of(history)
    return readings[seen - 1].revision if 0 < seen <= len(readings) else seen


def blind_reading(history: Sequence[Event], reader: str) -> tuple[Event, Reading] | None:
    """The reader's reading as it stood when it first covered all 13 bones, and the event that made it so; None before.

    Only then may the reader learn what is gold, so that nothing they say, undo or restore afterwards changes their result.
    A reading that restored a state from the history before it was whole never counts: it could be somebody else's word.
    """
    for place, event in enumerate(history):
        if event.reader != reader or event.kind not in ("correction", "undo", "restore"):
            continue
        if event.kind == "restore":
            return None
        reading = fold(history[: place + 1]).reading(reader)
        if len(reading) == len(RUS_BONES):
            return event, reading
    return None


def _without_gold(history: Sequence[Event]) -> tuple[Event, ...]:
    """A reading that was restored from a gold one stays, since it is somebody's word; where it came from is removed."""
    marks = gold_marks(history)
    return tuple(
        replace(event, target=None) if event.target in marks else event for event in history if event.id not in marks
    )
