"""Gold readings: what may become one, and setting, withdrawing and restoring one, each as an event of the film.

Only readers who may set gold readings may ask here; everybody else is refused with core.access.roles.NotAllowed, and
learns nothing about them (core.annotation.blinding).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.access.roles import Action, Reader, enforce
from core.annotation.blinding import readings_of
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.ledger import Correction, Event, FilmState, Ledger, Reading, StaleRevision, fold

NOTHING_TAKEN_BACK: Final = "No gold reading of this film was taken back, so there is none to put back."
NOT_AGREED: Final = "The readers of this film no longer agree on all 13 bones: reload the page to see what they say."
#: The least number of readers who have graded the whole hand of a film that is agreed on.
LEAST_READERS: Final = 2


class GoldRefused(BoneGradeError):
    """The gold reading cannot be set, or can no longer be set; nothing was changed."""


@dataclass(frozen=True)
class GoldView:
    """One film's gold reading as somebody sees it who may set it.

    revision: the ledger's, of the film; the next request names it. gold: the event that set the gold reading, None
    without one. taken_back: the event that took the last one away, None where one stands or none ever did. own: the
    person's own saved reading. agreed_by: who agrees on the whole hand, see agreed_readers. last_read: when the film's
    readings were last changed.
    """

    film_id: int
    revision: int
    gold: Event | None
    taken_back: Event | None
    own: Reading
    agreed_by: tuple[str, ...]
    last_read: datetime | None

    @property
    def differing(self) -> tuple[str, ...]:
        """The bones on which the person's own reading and the gold reading differ."""
        golden = {} if self.gold is None else {one.bone: one for one in self.gold.corrections}
        return tuple(bone for bone in RUS_BONES if _word(self.own.get(bone)) != _word(golden.get(bone)))


def gold_view(ledger: Ledger, film_id: int, reader: Reader) -> GoldView:
    """What is known of a film's gold reading. Raises NotAllowed, UnknownFilm."""
    enforce(reader, Action.SET_GOLD)
    ledger.film(film_id)
    history = ledger.history(film_id)
    state = fold(history)
    marks = [event for event in history if event.kind in ("gold", "ungold")]
    readings = readings_of(history)
    return GoldView(
        film_id=film_id,
        revision=max((event.revision for event in history), default=0),
        gold=state.gold,
        taken_back=marks[-1] if marks and marks[-1].kind == "ungold" and state.gold is None else None,
        own=state.reading(reader.name),
        agreed_by=agreed_readers(state),
        last_read=readings[-1].made_at if readings else None,
    )


def why_not_gold(reading: Reading) -> str:
    """Why a saved reading cannot be made a film's gold reading, in a sentence; "" where it can, since all 13 bones are
    judged."""
    if not reading:
        return "You have no saved reading of this film: judge all 13 bones and save, then it can be made gold."
    if len(reading) < len(RUS_BONES):
        return (
            f"Your saved reading has {len(reading)} of {len(RUS_BONES)} bones: judge the others and save, then it can be "
            "made gold."
        )
    return ""


def agreed_readers(state: FilmState) -> tuple[str, ...]:
    """Those who graded all 13 bones of a film that is agreed on, by name; empty where it is not.

    A film is agreed on where LEAST_READERS readers or more graded the whole hand, and nobody's word as it stands now
    differs from theirs on any bone. A difference that has been settled since, by one reader taking the other's grade, does
    not count. core.agreement.agreed finds such films in a table of all readings.
    """
    readings = state.readings()
    whole = [name for name, reading in readings.items() if _is_graded_throughout(reading)]
    grades = {(one.bone, one.grade) for reading in readings.values() for one in reading.values()}
    return tuple(sorted(whole)) if len(whole) >= LEAST_READERS and len(grades) == len(RUS_BONES) else ()


def agreed_reading(state: FilmState) -> Reading:
    """What the readers of a film agree on, in the boxes of whoever spoke last; empty where they do not.

    It is nobody's own reading: nothing in it was accepted from the model, took time, or carries a note.
    """
    if not agreed_readers(state):
        return {}
    return {bone: replace(one, accepted=False, note="", seconds=0.0) for bone, one in state.labels("latest").items()}


def make_own_gold(ledger: Ledger, film_id: int, reader: Reader, *, revision: int, token: str) -> Event:
    """Makes the reader's saved reading the film's gold reading.

    revision: as in GoldView. token: a new one for each act; the same act sent again under its token returns its event.
    Raises NotAllowed, UnknownFilm, and GoldRefused where the reading is not whole or the film was changed since.
    """
    enforce(reader, Action.SET_GOLD)
    own = ledger.reading(film_id, reader.name)
    if reason := why_not_gold(own):
        raise GoldRefused(reason)
    return _set(ledger, film_id, own, reader, revision, token)


def make_agreed_gold(ledger: Ledger, film_id: int, reader: Reader, *, revision: int, token: str) -> Event:
    """Makes the reading that its readers agree on the film's gold reading. Arguments and errors as in make_own_gold."""
    enforce(reader, Action.SET_GOLD)
    state = fold(ledger.history(film_id))
    agreed = agreed_reading(state)
    if not agreed:
        raise GoldRefused(NOT_AGREED)
    return _set(ledger, film_id, agreed, reader, revision, token, f"Agreed by {' and '.join(agreed_readers(state))}")


def take_back(ledger: Ledger, film_id: int, reader: Reader, *, revision: int, token: str) -> Event:
    """Leaves the film without a gold reading; `put_back` undoes it. Arguments and errors as in make_own_gold."""
    enforce(reader, Action.SET_GOLD)
    try:
        return ledger.clear_gold(film_id, reader=reader.name, base_revision=revision, token=token)
    except StaleRevision as stale:
        raise _changed(stale) from stale


def put_back(ledger: Ledger, film_id: int, reader: Reader, *, revision: int, token: str) -> Event:
    """Sets the gold reading again that was set last and then taken back. Arguments and errors as in make_own_gold."""
    enforce(reader, Action.SET_GOLD)
    last = next((event for event in reversed(ledger.history(film_id)) if event.kind == "gold"), None)
    if last is None:
        raise GoldRefused(NOTHING_TAKEN_BACK)
    reading = {one.bone: one for one in last.corrections}
    return _set(ledger, film_id, reading, reader, revision, token, f"Put back, as {last.reader} had set it")


def _set(
    ledger: Ledger, film_id: int, reading: Reading, reader: Reader, revision: int, token: str, note: str = ""
) -> Event:
    try:
        return ledger.set_gold(film_id, reading, reader=reader.name, base_revision=revision, token=token, note=note)
    except StaleRevision as stale:
        raise _changed(stale) from stale


def _changed(stale: StaleRevision) -> GoldRefused:
    who = " and ".join(sorted({event.reader for event in stale.conflict.theirs}))
    return GoldRefused(f"Film {stale.conflict.film_id} was changed by {who} meanwhile: reload the page and look again.")


def _is_graded_throughout(reading: Mapping[str, Correction]) -> bool:
    return len(reading) == len(RUS_BONES) and all(one.grade is not None for one in reading.values())


def _word(said: Correction | None) -> object:
    """What was said of a bone, without how it came about."""
    return None if said is None else (said.verdict, said.grade, said.box)
