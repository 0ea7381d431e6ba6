"""Folding events: random conversations, compared with as plain a definition of undo as possible."""

import random
from datetime import UTC, datetime

import pytest

from core.ledger import Correction, Event, EventKind, fold, state_after, undone

BONES = ("Radius", "Ulna", "MC1")
READERS = ("ann", "bob")


def _counts(event: Event, events: list[Event]) -> bool:
    """An event counts unless an undo that counts takes it back: the definition itself."""
    return not any(other.kind == "undo" and other.target == event.id and _counts(other, events) for other in events)


def _reading(events: list[Event], reader: str) -> dict[str, Correction]:
    """A reader's reading by definition: the last words that count, starting again at each restore."""
    reading: dict[str, Correction] = {}
    for event in events:
        if event.reader == reader and event.kind in ("correction", "restore") and _counts(event, events):
            reading = {} if event.kind == "restore" else dict(reading)
            reading.update({c.bone: c for c in event.corrections})
    return reading


class _Conversation:
    """Says random things as the ledger would let them be said."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.events: list[Event] = []

    def say(
        self, kind: EventKind, reader: str, target: int | None = None, corrections: tuple[Correction, ...] = ()
    ) -> Event:
        number = len(self.events) + 1
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        event = Event(number, 1, number, number - 1, kind, reader, moment, 1.0, None, target, "", corrections)
        self.events.append(event)
        return event

    def go_on(self) -> Event:
        reader = self.chance.choice(READERS)
        kind = self.chance.choice(["correction", "correction", "undo", "undo", "restore", "gold", "ungold", "flag"])
        own = [e for e in self.events if e.reader == reader and e.kind in ("correction", "undo", "restore", "gold")]
        standing = [e for e in own if e.id not in undone(self.events)]
        if kind == "undo" and standing:
            return self.say("undo", reader, self.chance.choice(standing[-4:]).id)
        if kind == "restore" and own:
            target = self.chance.choice([e for e in own if e.kind != "gold"] or own)
            words = tuple(state_after(self.events, target.id).reading(reader).values())
            return self.say("restore", reader, target.id, words)
        if kind in ("gold", "ungold", "flag"):
            return self.say(kind, reader, corrections=self.words() if kind == "gold" else ())  # type: ignore[arg-type]
        return self.say("correction", reader, corrections=self.words())

    def words(self) -> tuple[Correction, ...]:
        bones = self.chance.sample(BONES, self.chance.randint(1, len(BONES)))
        return tuple(Correction(b, "graded", self.chance.randint(1, 9)) for b in BONES if b in bones)


@pytest.mark.parametrize("seed", range(40))
def test_the_fold_is_the_definition(seed: int) -> None:
    talk = _Conversation(seed)
    for _ in range(40):
        talk.go_on()
        state = fold(talk.events)
        expected = {reader: words for reader in READERS if (words := _reading(talk.events, reader))}
        assert state.readings() == expected
        assert undone(talk.events) == {e.id for e in talk.events if not _counts(e, talk.events)}
        gold = [e for e in talk.events if e.kind in ("gold", "ungold") and _counts(e, talk.events)]
        golden = {c.bone: c for c in gold[-1].corrections} if gold and gold[-1].kind == "gold" else None
        assert state.gold_reading() == golden


@pytest.mark.parametrize("seed", range(20))
def test_undo_takes_back_redo_gives_back_restore_brings_back(seed: int) -> None:
    talk = _Conversation(seed)
    for _ in range(15):
        talk.go_on()
    for _ in range(10):
        before = fold(talk.events).readings()
        said = talk.go_on()
        after = fold(talk.events).readings()
        undo = talk.say("undo", said.reader, said.id)
        assert fold(talk.events).readings() == before
        talk.say("undo", said.reader, undo.id)
        assert fold(talk.events).readings() == after
        for earlier in talk.events:
            if earlier.kind in ("correction", "undo", "restore"):
                words = state_after(talk.events, earlier.id).reading(earlier.reader)
                restored = talk.say("restore", "rita", earlier.id, tuple(words.values()))
                assert fold(talk.events).reading("rita") == words
                talk.events.remove(restored)


def test_the_past_does_not_change_with_what_comes_later() -> None:
    talk = _Conversation(3)
    states = []
    for _ in range(60):
        event = talk.go_on()
        states.append((event.id, fold(talk.events).readings()))
    assert all(state_after(talk.events, number).readings() == readings for number, readings in states)


def test_a_skip_lasts_until_the_film_is_read() -> None:
    talk = _Conversation(0)
    talk.say("skip", "ann")
    talk.say("correction", "bob", corrections=talk.words())
    assert fold(talk.events).skipped_by == {"ann"}
    talk.say("correction", "ann", corrections=talk.words())
    assert fold(talk.events).skipped_by == set()
    talk.say("skip", "ann")
    assert fold(talk.events).skipped_by == {"ann"}


def test_flags_and_assignments_are_the_last_word() -> None:
    talk = _Conversation(0)
    talk.say("flag", "ann")
    assert fold(talk.events).flagged
    talk.say("unflag", "bob")
    assert not fold(talk.events).flagged


def test_who_ever_set_gold_cannot_be_blind_again() -> None:
    talk = _Conversation(0)
    gold = talk.say("gold", "rita", corrections=talk.words())
    talk.say("undo", "rita", gold.id)
    state = fold(talk.events)
    assert state.gold is None and state.knows_gold == {"rita"}
