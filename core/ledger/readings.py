"""Folds a film's events into its state: each reader's reading, the gold reading, labels by rule, the place in the queue.

Nothing is ever overwritten: every state, current or earlier, is a fold over the events up to it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from core.bones import RUS_BONES
from core.ledger.records import Correction, Event, LabelRule, Reading

#: The kinds of events that make a film's next revision, and can be undone.
OF_THE_READING = frozenset({"correction", "undo", "restore", "gold", "ungold"})


@dataclass(frozen=True)
class Said:
    """One bone's verdict and the event in which it was given."""

    correction: Correction
    event: Event


@dataclass
class FilmState:
    """A film's state after some of its events.

    said: by reader and bone, without readers whose words were all undone. gold: None without a gold reading. skipped_by:
    readers who passed the film on and have not read it since. knows_gold: readers who ever set or cleared the gold
    reading, and so can no longer read the film blindly. withdrawn: a consent to keep its picture was taken back; another
    may have been given since.
    """

    said: dict[str, dict[str, Said]] = field(default_factory=dict)
    gold: Event | None = None
    flagged: bool = False
    assigned_to: str = ""
    skipped_by: set[str] = field(default_factory=set)
    knows_gold: set[str] = field(default_factory=set)
    withdrawn: bool = False

    def reading(self, reader: str) -> Reading:
        """One reader's reading, in RUS_BONES order; empty if there is none."""
        return _in_order({bone: said.correction for bone, said in self.said.get(reader, {}).items()})

    def readings(self) -> dict[str, Reading]:
        """Every reader's reading; only readers who have one."""
        return {reader: self.reading(reader) for reader in self.said}

    def gold_reading(self) -> Reading | None:
        """The gold reading, None without one."""
        return None if self.gold is None else {c.bone: c for c in self.gold.corrections}

    def labels(self, rule: LabelRule, reviewers: Collection[str] = ()) -> Reading:
        """One reading of the film by a rule of LabelRule, bone by bone; bones that nobody judged are not in it.

        reviewers: names of those whose word counts before the others' under "reviewer_first".
        """
        everyone = {bone: [] for bone in RUS_BONES}  # type: dict[str, list[Said]]
        for words in self.said.values():
            for bone, said in words.items():
                everyone[bone].append(said)
        labels: Reading = {}
        gold = self.gold_reading() or {}
        for bone, voices in everyone.items():
            if rule == "reviewer_first" and bone in gold:
                labels[bone] = gold[bone]
            elif voices and rule == "reviewer_first":
                labels[bone] = _latest([v for v in voices if v.event.reader in reviewers] or voices)
            elif voices:
                labels[bone] = _majority(voices) if rule == "majority" else _latest(voices)
        return labels


def undone(events: Iterable[Event]) -> set[int]:
    """The ids of the events that do not count, because an undo that does count takes them back."""
    taken_back: set[int] = set()
    for event in sorted(events, key=lambda event: event.id, reverse=True):
        if event.kind == "undo" and event.target is not None and event.id not in taken_back:
            taken_back.add(event.target)
    return taken_back


def fold(events: Sequence[Event]) -> FilmState:
    """The state of one film after these events, oldest first."""
    state = FilmState()
    taken_back = undone(events)
    for event in events:
        if event.id not in taken_back:
            _apply(state, event)
    state.said = {reader: words for reader, words in state.said.items() if words}
    state.knows_gold = {event.reader for event in events if event.kind in ("gold", "ungold")}
    return state


def state_after(events: Sequence[Event], event_id: int) -> FilmState:
    """The film's state right after an event."""
    return fold([event for event in events if event.id <= event_id])


def _apply(state: FilmState, event: Event) -> None:
    match event.kind:
        case "correction" | "restore":
            words = {c.bone: Said(c, event) for c in event.corrections}
            earlier = state.said.get(event.reader, {}) if event.kind == "correction" else {}
            state.said[event.reader] = {**earlier, **words}
            state.skipped_by.discard(event.reader)
        case "gold":
            # An erasure empties the corrections.
            state.gold = event if event.corrections else None
        case "ungold":
            state.gold = None
        case "skip":
            state.skipped_by.add(event.reader)
        case "flag" | "unflag":
            state.flagged = event.kind == "flag"
        case "assign":
            state.assigned_to = event.note
        case "withdraw":
            state.withdrawn = True


def _latest(voices: Sequence[Said]) -> Correction:
    return max(voices, key=lambda said: said.event.id).correction


def _majority(voices: Sequence[Said]) -> Correction:
    """The latest correction with the most frequent verdict; in a tie, with the verdict given last."""
    camps: dict[tuple[str, int | None], list[Said]] = {}
    for said in voices:
        camps.setdefault((said.correction.verdict, said.correction.grade), []).append(said)
    return _latest(max(camps.values(), key=lambda camp: (len(camp), max(said.event.id for said in camp))))


def _in_order(reading: Reading) -> Reading:
    return {bone: reading[bone] for bone in RUS_BONES if bone in reading}
