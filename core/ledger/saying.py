"""Turns words into an event: once, on the revision that they were said of, and only if they may be said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from core.ledger.checks import checked_corrections, checked_name, checked_note, checked_seconds
from core.ledger.errors import InvalidCorrection, LedgerError
from core.ledger.queue import projection
from core.ledger.readings import OF_THE_READING, fold, state_after, undone
from core.ledger.records import Correction, Event, FilmRecord
from core.ledger.rows import drafts, events, films, predictions
from core.ledger.rows.events import Words


@dataclass(frozen=True)
class Conflict:
    """Two versions of one film's reading, for a person to choose from.

    base_revision: the one that the reader had before them. revision: the film's now; save on this one after choosing.
    theirs: what was said since the base, oldest first. mine: what was about to be saved.
    """

    film_id: int
    base_revision: int
    revision: int
    theirs: tuple[Event, ...]
    mine: tuple[Correction, ...]


class StaleRevision(LedgerError):
    """The film's reading has been changed, by another reader or in another window, since it was opened."""

    def __init__(self, conflict: Conflict):
        readers = sorted({event.reader for event in conflict.theirs})
        super().__init__(
            f"This film was changed by {' and '.join(readers)} since you opened it: compare both versions and choose."
        )
        self.conflict = conflict


def say(connection: sa.Connection, film_id: int, words: Words) -> Event:
    """Adds an event and all that follows from it, or finds the one that was added under the same token.

    Raises UnknownFilm, InvalidCorrection, or StaleRevision where the film's reading has changed since.
    """
    words = _checked(films.by_id(connection, film_id), words)
    said_before = events.by_token(connection, words.token)
    if said_before is not None:
        return _same(said_before, film_id, words)
    history = events.history(connection, film_id)
    current = max((event.revision for event in history), default=0)
    _check_revision(film_id, words, history, current)
    words = _completed(words, history)
    if words.prediction_id is not None and not predictions.exists(connection, film_id, words.prediction_id):
        raise InvalidCorrection("The prediction that this answers is not one of the film's: open the film again.")
    event = events.insert(connection, film_id, words, current)
    if words.kind == "correction":
        drafts.drop(connection, film_id, words.reader)
    projection.add_event(connection, history, event)
    return event


def _checked(film: FilmRecord, words: Words) -> Words:
    """The words as they will be stored, except for what depends on the film's history."""
    corrections = checked_corrections(film, words.corrections)
    if words.kind == "correction" and not corrections:
        raise InvalidCorrection("There is nothing to save yet: judge at least one bone.")
    if words.kind == "correction" and words.prediction_id is None and any(one.accepted for one in corrections):
        raise InvalidCorrection("A grade was accepted from the model, but no prediction is named: open the film again.")
    if words.kind == "gold" and not corrections:
        raise InvalidCorrection("A gold reading needs at least one bone's verdict: read the film first.")
    if not words.token.strip():
        raise InvalidCorrection("The save has no token: open the film again.")
    return replace(
        words,
        reader=checked_name(words.reader),
        corrections=corrections,
        note=checked_note(words.note),
        seconds=checked_seconds(words.seconds),
    )


def _same(stored: Event, film_id: int, words: Words) -> Event:
    """The stored event, if the same is being said again. Raises InvalidCorrection if it is something else."""
    same = (stored.film_id, stored.kind, stored.reader) == (film_id, words.kind, words.reader)
    if words.kind in ("correction", "gold"):
        same = same and _verdicts(stored.corrections) == _verdicts(words.corrections)
    if words.kind in ("undo", "restore"):
        same = same and stored.target == words.target
    if words.base_revision is None:
        same = same and stored.note == words.note
    if not same:
        raise InvalidCorrection("Something else was saved under this token before: open the film again, then save.")
    return stored


def _verdicts(corrections: Sequence[Correction]) -> list[Correction]:
    """The corrections without their times, which a page may go on counting while it tries again."""
    return [replace(correction, seconds=0.0) for correction in corrections]


def _check_revision(film_id: int, words: Words, history: Sequence[Event], current: int) -> None:
    base = words.base_revision
    if base is None or base == current:
        return
    if not 0 <= base < current:
        raise InvalidCorrection("The film was never at the revision that this refers to: open the film again.")
    theirs = tuple(event for event in history if event.kind in OF_THE_READING and event.revision > base)
    raise StaleRevision(Conflict(film_id, base, current, theirs, words.corrections))


def _completed(words: Words, history: Sequence[Event]) -> Words:
    """The words completed with what follows from the film's history."""
    match words.kind:
        case "undo":
            _check_undo(_target(words, history), words, history)
            return words
        case "restore":
            return _restoring(_target(words, history), words, history)
        case "ungold":
            gold = fold(history).gold
            if gold is None:
                raise InvalidCorrection("The film has no gold reading that could be cleared.")
            return replace(words, target=gold.id)
    return words


def _target(words: Words, history: Sequence[Event]) -> Event:
    for event in history:
        if event.id == words.target:
            return event
    raise InvalidCorrection("This is not in the film's history: open the film again.")


def _check_undo(target: Event, words: Words, history: Sequence[Event]) -> None:
    if target.kind not in OF_THE_READING:
        raise InvalidCorrection("Only saved readings can be undone: set the film's place in the queue again.")
    if target.reader != words.reader:
        raise InvalidCorrection(f"This was said by {target.reader}: only one's own words can be undone.")
    if target.id in undone(history):
        raise InvalidCorrection("This was undone already: undo that to have it back.")


def _restoring(target: Event, words: Words, history: Sequence[Event]) -> Words:
    """The author's reading as it stood after the target, for the prediction that the author had last answered by then."""
    if target.kind == "gold":
        corrections = target.corrections
    elif target.kind in ("correction", "undo", "restore"):
        corrections = tuple(state_after(history, target.id).reading(target.reader).values())
    else:
        raise InvalidCorrection("This did not change a reading, so there is none to restore: choose another state.")
    answered = [event.prediction_id for event in history if event.id <= target.id and event.reader == target.reader]
    prediction_id = next((answer for answer in reversed(answered) if answer is not None), None)
    return replace(words, corrections=corrections, prediction_id=prediction_id)
