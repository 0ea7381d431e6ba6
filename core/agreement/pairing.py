"""Puts two voices' grades side by side: two readers, a reader and the model, or either and the gold reading."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.agreement.table import UNJUDGED, ReadingTable


@dataclass(frozen=True)
class Voice:
    """Who graded. name: a reader's; empty for the model and for gold."""

    kind: Literal["reader", "model", "gold"]
    name: str = ""


MODEL: Final = Voice("model")
GOLD: Final = Voice("gold")


@dataclass(frozen=True)
class Pair:
    """Two voices and the number of films that both judged."""

    first: Voice
    second: Voice
    films: int


@dataclass(frozen=True)
class VoiceGrades:
    """One voice on n films. grades: n x 13, see ReadingTable. shown_months: the model's bone ages as shown, NaN where it
    gives none. accepted: n x 13, which grades a reader took over from the model."""

    grades: NDArray[np.int8]
    shown_months: NDArray[np.float32] | None = None
    accepted: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Paired:
    """n films that both voices judged. film: positions in the table's film_ids."""

    film: NDArray[np.intp]
    first: VoiceGrades
    second: VoiceGrades


def judged(grades: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Which of n x 13 grades say something, be it "unreadable"."""
    return np.asarray(grades != UNJUDGED)


def judged_readings(table: ReadingTable, reader: str) -> NDArray[np.intp]:
    """Positions of one reader's readings that judge at least one bone, in the order of their films."""
    rows = table.readings_of(reader)
    return rows[judged(table.grades[rows]).any(1)]


def read_counts(table: ReadingTable) -> tuple[int, int]:
    """How many readers judged at least one bone, and how many films they did so on."""
    rows = judged(table.grades).any(1)
    return len(np.unique(table.reader[rows])), len(np.unique(table.film[rows]))


def pairs(table: ReadingTable) -> list[Pair]:
    """All pairs of readers, then each reader with the model, that share a film; those with most films first."""
    rows = np.flatnonzero(judged(table.grades).any(1))
    readers = len(table.readers)
    read = np.zeros((len(table.film_ids), readers), np.float32)
    read[table.film[rows], table.reader[rows]] = 1  # as floats, which are multiplied fastest
    shared = read.T @ read
    predicted = judged(table.predicted[table.model_of(rows)]).any(1)
    with_model = np.bincount(table.reader[rows[predicted]], minlength=readers)
    voices = [Voice("reader", name) for name in table.readers]
    by_name = sorted(range(readers), key=lambda reader: table.readers[reader])
    of_readers = [Pair(voices[one], voices[other], int(shared[one, other])) for one, other in combinations(by_name, 2)]
    against_model = [Pair(voice, MODEL, int(films)) for voice, films in zip(voices, with_model, strict=True)]
    return [
        pair
        for group in (of_readers, against_model)
        for pair in sorted(group, key=lambda pair: (-pair.films, pair.first.name, pair.second.name))
        if pair.films
    ]


def paired(table: ReadingTable, first: Voice, second: Voice) -> Paired:
    """The films that both judged. first: a reader or the model; second: a reader, the model or gold.

    Against gold, films whose gold reading the reader has ever set or copied are left out: they were not read blindly.
    On the others the reader's first whole reading counts: before it nobody may learn what is gold, and after it
    everybody may.
    """
    if first.kind == "model":
        film = np.flatnonzero(table.newest >= 0)
        mine = _model(table, table.newest[film])
    else:
        rows = judged_readings(table, first.name)
        if second.kind == "gold":
            rows = rows[~table.knows_gold[rows] & (table.blind_at[rows] > 0)]
        film = table.film[rows].astype(np.intp)
        grades = (table.blind if second.kind == "gold" else table.grades)[rows]
        mine = VoiceGrades(grades, accepted=table.accepted[rows])
    if second.kind == "reader":
        others = judged_readings(table, second.name)
        shared, here, there = np.intersect1d(film, table.film[others], assume_unique=True, return_indices=True)
        return Paired(shared, _at(mine, here), VoiceGrades(table.grades[others[there]]))
    theirs = VoiceGrades(table.gold[film]) if second.kind == "gold" else _model(table, table.model_of(rows))
    both = np.flatnonzero(judged(mine.grades).any(1) & judged(theirs.grades).any(1))
    return Paired(film[both], _at(mine, both), _at(theirs, both))


def _model(table: ReadingTable, predictions: NDArray[np.int32]) -> VoiceGrades:
    return VoiceGrades(table.predicted[predictions], shown_months=table.predicted_months[predictions])


def _at(side: VoiceGrades, positions: NDArray[np.intp]) -> VoiceGrades:
    return VoiceGrades(
        side.grades[positions],
        None if side.shown_months is None else side.shown_months[positions],
        None if side.accepted is None else side.accepted[positions],
    )
