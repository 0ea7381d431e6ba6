"""What a person may see of the agreement: readers see their own grades with the model's, reviewers everybody's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.access.roles import Action, Reader
from core.agreement.comparison import GoldScore, ReadingTimes
from core.agreement.pairing import MODEL, Pair, Voice, pairs
from core.agreement.table import ReadingTable

#: All readers among themselves, no names.
POOLED: Final = "pooled"


@dataclass(frozen=True)
class Choice:
    """One of the comparisons. key: what the page sends back. pair: None for all readers pooled."""

    key: str
    pair: Pair | None


def choices(table: ReadingTable, reader: Reader) -> list[Choice]:
    """What this reader may compare, the most telling first; empty if nothing was read, or nothing that they may see."""
    everybody = pairs(table)
    seen = [pair for pair in everybody if may_see(reader, pair)]
    entries = [Choice(_key(pair), pair) for pair in seen]
    of_readers = sum(pair.second != MODEL for pair in seen)
    if any(pair.second != MODEL for pair in everybody):
        entries.insert(of_readers if of_readers else len(entries), Choice(POOLED, None))
    return entries


def chosen(entries: list[Choice], key: str | None) -> Choice | None:
    """The entry that the page asks for, if this reader has it, else the first; None if there is none."""
    return next((entry for entry in entries if entry.key == key), entries[0] if entries else None)


def may_see(reader: Reader, pair: Pair) -> bool:
    """Whether the reader's role shows them both names."""
    if reader.may(Action.SEE_ALL_READINGS):
        return True
    return pair.first == Voice("reader", reader.name) and pair.second == MODEL


def times_for(reader: Reader, times: Sequence[ReadingTimes]) -> list[ReadingTimes]:
    """Everybody's times per film, or this reader's alone."""
    return [one for one in times if reader.may(Action.SEE_ALL_READINGS) or one.reader == reader.name]


def scores_for(reader: Reader, scores: Sequence[GoldScore]) -> list[GoldScore]:
    """Everybody's score against the gold readings, or this reader's alone; the model's next to the reader's own, never by
    itself."""
    if reader.may(Action.SEE_ALL_READINGS):
        return list(scores)
    own = [score for score in scores if score.voice == Voice("reader", reader.name)]
    return [*own, *(score for score in scores if own and score.voice == MODEL)]


def _key(pair: Pair) -> str:
    return json.dumps([pair.first.name, pair.second.name, pair.second.kind])
