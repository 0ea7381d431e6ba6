"""What a person may compare on the Agreement tab: a reader their own grades with the model's, a reviewer everybody's."""

import json
from dataclasses import dataclass
from typing import Final

from core.access.roles import Action, Reader
from core.agreement import MODEL, Pair, ReadingTable, Voice, pairs
from webapp.agreement.words import counted, voice_name

#: All readers among themselves, no names.
POOLED: Final = "pooled"


@dataclass(frozen=True)
class Choice:
    """One entry of the list of comparisons. key: what the page sends back. pair: None for all readers pooled."""

    key: str
    title: str
    pair: Pair | None


def choices(table: ReadingTable, reader: Reader) -> list[Choice]:
    """What this reader may compare, the most telling first; empty if nothing was read, or nothing that they may see."""
    everybody = pairs(table)
    seen = [pair for pair in everybody if may_see(reader, pair)]
    entries = [Choice(_key(pair), _title(pair, reader), pair) for pair in seen]
    of_readers = sum(pair.second != MODEL for pair in seen)
    if any(pair.second != MODEL for pair in everybody):
        pooled = Choice(POOLED, "All readers among themselves, without names", None)
        entries.insert(of_readers if of_readers else len(entries), pooled)
    return entries


def chosen(entries: list[Choice], key: str | None) -> Choice | None:
    """The entry that the page asks for, if this reader has it, else the first; None if there is none."""
    return next((entry for entry in entries if entry.key == key), entries[0] if entries else None)


def may_see(reader: Reader, pair: Pair) -> bool:
    """Whether the reader's role shows them both names."""
    if reader.may(Action.SEE_ALL_READINGS):
        return True
    return pair.first == Voice("reader", reader.name) and pair.second == MODEL


def _key(pair: Pair) -> str:
    return json.dumps([pair.first.name, pair.second.name, pair.second.kind])


def _title(pair: Pair, reader: Reader) -> str:
    names = [f"{voice_name(v)} (you)" if v.name == reader.name else voice_name(v) for v in (pair.first, pair.second)]
    return f"{' and '.join(names)} \N{MIDDLE DOT} {counted(pair.films, 'film')}"
