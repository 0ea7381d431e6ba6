"""How a reader's work becomes their word in the ledger: save, settle a conflict, undo and redo a save, restore."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from core.access.roles import Action, Reader, enforce
from core.annotation.blinding import ledger_revision, readings_of, rivals, seen_history, seen_revision
from core.annotation.desk import AnnotateDesk
from core.annotation.sitting import Sitting
from core.annotation.work import Disagreement, Work, settled, side_by_side, unsaved
from core.errors import BoneGradeError
from core.ledger import Consent, Correction, Event, Ledger, Reading, StaleRevision, undone

NOTHING_NEW: Final = "There is nothing to save: no grade differs from what you saved before."
NOTHING_TO_UNDO: Final = "There is nothing to undo: you have no unsaved step and no save of your own that counts."
NOTHING_TO_REDO: Final = "There is nothing to redo."
_YOU: Final = "you, in another window"
#: What a note says in place of a name, which would otherwise outlast its erasure.
_ANOTHER: Final = "another reader"
UNSAVED_FIRST: Final = "You have unsaved steps: save or undo them first, so that none of them is lost."


@dataclass(frozen=True)
class Clash:
    """A save that conflicts with someone else's: both versions bone by bone. revision: of the film now, as seen (see
    core.annotation.blinding). who: named in the panel."""

    revision: int
    who: str
    rows: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Saved:
    """The result of a save. event: None where nothing was new. revision: of the film, as seen. clash: None unless a person
    has to choose first."""

    work: Work
    event: Event | None
    waiting: tuple[str, ...]
    reading: Reading
    revision: int
    clash: Clash | None = None


@dataclass(frozen=True)
class HistoryView:
    """The events that a reader may see, and whether others' are held back: see core.annotation.blinding.
    undone: ids of events that no longer count. weights: of the grader, by prediction id."""

    events: tuple[Event, ...]
    blind: bool
    undone: frozenset[int]
    weights: Mapping[int, str]


class Saving:
    """Writes through the ledger of an AnnotateDesk. Every method checks the reader's role."""

    def __init__(self, annotate: AnnotateDesk):
        self._annotate = annotate

    def save(self, work: Work, sitting: Sitting, reader: Reader, *, consent: Consent | None) -> Saved:
        """Saves what differs from the reader's saved reading; a clash is returned, not raised. consent: to keep the film's
        pixels.

        The same token sent again, after a reply was lost, gives the first answer again.
        """
        ledger = self._ledger(reader)
        work = self._annotate.filed(work, sitting, reader, consent=consent)
        assert work.film is not None
        before = ledger.reading(work.film, reader.name)
        new = unsaved(work, before, sitting.assessment)
        if not new.corrections:
            return Saved(work, None, new.waiting, before, self._seen(ledger, work, reader))
        base = ledger_revision(ledger.history(work.film), work.base_revision)
        event, clash = self._written(ledger, work, new.corrections, reader, base, work.token, work.note)
        if event is None:
            return Saved(work, None, new.waiting, before, work.base_revision, clash)
        return self._saved(ledger, work, event, new.waiting, reader)

    def settle(
        self,
        work: Work,
        sitting: Sitting,
        reader: Reader,
        revision: int,
        theirs_for: frozenset[str],
        *,
        consent: Consent | None,
    ) -> Saved:
        """Saves after a person has chosen: first the reader's own version, so that none of it is lost, then, for the bones
        in theirs_for, the others' verdicts as the reader's new ones. revision: the film's, as the panel showed it."""
        ledger = self._ledger(reader)
        work = self._annotate.filed(work, sitting, reader, consent=consent)
        assert work.film is not None
        new = unsaved(work, ledger.reading(work.film, reader.name), sitting.assessment)
        history = ledger.history(work.film)
        since = rivals(history, readings_of(history)[work.base_revision : revision], reader)
        clash = self._clash(ledger, work.film, since, new.corrections, reader)
        taken = settled(list(clash.rows), theirs_for)
        whose = _YOU if clash.who == _YOU else _ANOTHER
        note = f"Kept after a conflict with {whose}" if not taken else "As read before a conflict was settled"
        if not clash.who:  # the page asked for what it was not shown
            note = work.note
        base = ledger_revision(history, revision)
        event, again = self._written(ledger, work, new.corrections, reader, base, work.token, note)
        if event is None:
            return Saved(work, None, new.waiting, {}, revision, again)
        if taken:
            note = f"Taken from {whose} in a conflict"
            token = f"{int(work.token, 16) ^ 1:032x}"
            second, again = self._written(ledger, work, taken, reader, event.revision, token, note, seconds=0.0)
            if second is None:
                return self._saved(ledger, work, event, new.waiting, reader, again)
            event = second
        return self._saved(ledger, work, event, new.waiting, reader)

    def undo(self, film_id: int, reader: Reader, token: str) -> Event:
        """Undoes the reader's last save that counts; it stays in the history. Raises BoneGradeError where there is none."""
        ledger = self._ledger(reader)
        own = self._own(ledger, film_id, reader)
        taken_back = undone(own)
        last = next((e for e in reversed(own) if e.kind != "undo" and e.id not in taken_back), None)
        if last is None:
            raise BoneGradeError(NOTHING_TO_UNDO)
        return ledger.undo(film_id, last.id, reader=reader.name, base_revision=ledger.revision(film_id), token=token)

    def redo(self, film_id: int, reader: Reader, token: str) -> Event:
        """Redoes the save that the reader undid last, unless the reader has said something since. Raises BoneGradeError
        where there is nothing to redo."""
        ledger = self._ledger(reader)
        own = self._own(ledger, film_id, reader)
        last = _last_undo(own)
        if last is None:
            raise BoneGradeError(NOTHING_TO_REDO)
        return ledger.undo(film_id, last.id, reader=reader.name, base_revision=ledger.revision(film_id), token=token)

    def restore(self, film_id: int, event_id: int, reader: Reader, token: str) -> Event:
        """Makes what stood after an event the reader's reading, as a new event. Raises BoneGradeError for an event
        that the reader may not see."""
        ledger = self._ledger(reader)
        if all(event.id != event_id for event in self.history(film_id, reader).events):
            raise BoneGradeError("That state is not in the history that you see: open the film again.")
        return ledger.restore(
            film_id, event_id, reader=reader.name, base_revision=ledger.revision(film_id), token=token
        )

    def history(self, film_id: int, reader: Reader) -> HistoryView:
        """Who said what of a film, as far as the reader may see it yet."""
        ledger = self._annotate.ledger
        assert ledger is not None
        events = ledger.history(film_id)
        seen = seen_history(events, reader)
        weights = {}
        for number in {event.prediction_id for event in seen.events if event.prediction_id is not None}:
            prediction = ledger.prediction(film_id, number)
            if prediction is not None:
                weights[number] = prediction.weights.get("grader", "")
        return HistoryView(seen.events, seen.blind, frozenset(undone(events)), weights)

    def _ledger(self, reader: Reader) -> Ledger:
        ledger = self._annotate.ledger
        if ledger is None or not self._annotate.keeps:
            raise BoneGradeError("This is a demo, where nothing is kept: download your corrections instead.")
        enforce(reader, Action.CORRECT)
        return ledger

    @staticmethod
    def _seen(ledger: Ledger, work: Work, reader: Reader) -> int:
        """The revision that the reader has before them, with saves of their own whose replies were lost."""
        assert work.film is not None
        since = readings_of(ledger.history(work.film))[work.base_revision :]
        only_mine = all(event.reader == reader.name for event in since)
        return work.base_revision + len(since) if only_mine else work.base_revision

    @staticmethod
    def _saved(
        ledger: Ledger,
        work: Work,
        event: Event,
        waiting: tuple[str, ...],
        reader: Reader,
        clash: Clash | None = None,
    ) -> Saved:
        """The state right after an event of the reader's."""
        assert work.film is not None
        seen = seen_revision([earlier for earlier in ledger.history(work.film) if earlier.id <= event.id])
        return Saved(work, event, waiting, ledger.reading(work.film, reader.name), seen, clash)

    @staticmethod
    def _own(ledger: Ledger, film_id: int, reader: Reader) -> list[Event]:
        return [event for event in readings_of(ledger.history(film_id)) if event.reader == reader.name]

    def _written(
        self,
        ledger: Ledger,
        work: Work,
        corrections: Sequence[Correction],
        reader: Reader,
        base_revision: int,
        token: str,
        note: str,
        seconds: float | None = None,
    ) -> tuple[Event | None, Clash | None]:
        """Saves, or returns the conflict. A gold mark set meanwhile is not a rival reading; nor, for a reader who has not
        read the whole film yet, is what others said: their own reading stands alongside it."""
        assert work.film is not None
        spent = round(work.film_seconds if seconds is None else seconds, 1)
        while True:
            try:
                event = ledger.save(
                    work.film,
                    corrections,
                    reader=reader.name,
                    base_revision=base_revision,
                    token=token,
                    prediction_id=work.prediction,
                    seconds=spent,
                    note=note,
                )
            except StaleRevision as stale:
                now = stale.conflict.revision
                history = [event for event in ledger.history(work.film) if event.revision <= now]
                since = [event for event in readings_of(history) if event.revision > base_revision]
                met = rivals(history, since, reader)
                if not met:
                    base_revision = now
                    continue
                return None, self._clash(ledger, work.film, met, corrections, reader, seen_revision(history))
            return event, None

    @staticmethod
    def _clash(
        ledger: Ledger,
        film_id: int,
        theirs: Sequence[Event],
        mine: Sequence[Correction],
        reader: Reader,
        revision: int = 0,
    ) -> Clash:
        said: dict[str, Correction] = {}
        names: list[str] = []
        for event in theirs:
            said.update(ledger.reading(film_id, event.reader))
            name = _YOU if event.reader == reader.name else event.reader
            names = [other for other in names if other != name] + [name]
        whole = ledger.reading(film_id, reader.name) | {one.bone: one for one in mine}
        return Clash(revision, " and ".join(names), tuple(side_by_side(whole, said)))


def _last_undo(own: Sequence[Event]) -> Event | None:
    """The last undo of a save that counts; None if the reader has said something after it."""
    taken_back = undone(own)
    saves = {event.id for event in own if event.kind != "undo"}
    for event in reversed(own):
        if event.kind != "undo":
            return None
        if event.target in saves and event.id not in taken_back:
            return event
    return None


def corrections_file(work: Work, sitting: Sitting, reader: str) -> str:
    """A reader's corrections as a JSON file, for where nothing is kept. Scripts rely on the keys."""
    assessment = sitting.assessment
    kind: Literal["bonegrade corrections"] = "bonegrade corrections"
    document: dict[str, Any] = {
        "kind": kind,
        "film": {"sha256": work.sha256, "width": assessment.width, "height": assessment.height, "sex": sitting.sex},
        "reader": reader,
        "weights": assessment.weights,
        "seconds": round(work.film_seconds, 1),
        "note": work.note,
        "corrections": [
            {**asdict(one), "box": one.box and list(one.box)} for one in unsaved(work, {}, assessment).corrections
        ],
        "notice": "Research use only; not a medical device.",
    }
    return json.dumps(document, indent=2, allow_nan=False)
