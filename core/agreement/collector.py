"""Collects the ledger's readings into a ReadingTable: once in full, afterwards only what is new, unless something was
erased."""

import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from core.agreement.table import UNJUDGED, UNREADABLE, ReadingTable
from core.annotation.blinding import blind_reading
from core.bones import RUS_BONES
from core.keeping import lately_erased
from core.ledger import Event, Ledger, Reading, fold
from core.ledger.rows import columns

#: Called with the fraction that is done, 0..1.
Report = Callable[[float], None]

#: Events or predictions that are read at a time; no transaction stays open in between.
_PAGE: Final = 4000

_BONES: Final = len(RUS_BONES)
_PLACE: Final = {bone: place for place, bone in enumerate(RUS_BONES)}
_NOTHING_SAID: Final = array("b", [UNJUDGED] * _BONES)
_NO_SECONDS: Final = array("f", [0.0] * _BONES)
_NONE_ACCEPTED: Final = bytes(_BONES)
#: In place of the event that completed a blind reading: before it, the reader had restored a state from the history.
_NEVER: Final = -1


class ReadingCollector:
    """The readings of one ledger, ready to compare. Safe to use from many threads; tables that it has given stay as they were.

    It reads columns rather than Event objects, which would take most of the time for a million corrections.
    """

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._lock = threading.Lock()
        self._start_over(0)

    def _start_over(self, erasures: int) -> None:
        self._erasures = erasures
        self._table: ReadingTable | None = None
        self._table_is_of = (-1, -1)
        self._revision = 0
        self._undone: set[int] = set()
        self._readings = _Readings()
        self._predictions = _Predictions()

    def table(self, report: Report = lambda share: None) -> ReadingTable:
        """The table at the ledger's present revision; the same object again while nothing new was said."""
        with self._lock:
            erasures = lately_erased.erasures(self._ledger)
            if erasures != self._erasures:
                self._start_over(erasures)
            self._read_events(self._ledger.ledger_revision(), report)
            self._read_predictions()
            now = (self._revision, self._predictions.last)
            if self._table is None or self._table_is_of != now:
                self._table, self._table_is_of = self._readings.table(self._revision, self._predictions), now
            return self._table

    def _read_events(self, revision: int, report: Report) -> None:
        """Takes in what was said since the last time, up to a revision.

        Each page counts as read once it is in, so that an error in the next page makes nothing count twice.
        """
        first = self._revision
        for after in range(first, revision, _PAGE):
            report((after - first) / (revision - first))
            last = min(after + _PAGE, revision)
            self._undone |= self._readings.add(columns.verdicts(self._ledger, after, last))
            self._revision = last
        # What an undo leaves standing depends on the film's whole history, which the ledger folds.
        for film_id in sorted(self._undone):
            history = self._ledger.history(film_id)
            self._readings.replace(film_id, [event for event in history if event.id <= revision])
        self._undone.clear()

    def _read_predictions(self) -> None:
        newest = columns.latest_prediction(self._ledger)
        for after in range(self._predictions.last, newest, _PAGE):
            last = min(after + _PAGE, newest)
            for prediction_id, film_id, probabilities, months in columns.predictions(self._ledger, after, last):
                self._predictions.add(prediction_id, film_id, orjson.loads(probabilities), months)
            self._predictions.last = last


class _Predictions:
    """The model's grades, in the order in which the predictions were made. last: the id up to which they were read."""

    def __init__(self) -> None:
        self.last = 0
        self.ids, self.film_ids = array("q"), array("q")
        self.grades, self.months = array("b"), array("f")

    def add(
        self, prediction_id: int, film_id: int, probabilities: dict[str, Sequence[float]], months: float | None
    ) -> None:
        self.ids.append(prediction_id)
        self.film_ids.append(film_id)
        self.months.append(np.nan if months is None else months)
        grades = array("b", _NOTHING_SAID)
        for bone, given in probabilities.items():
            grades[_PLACE[bone]] = given.index(max(given))
        self.grades.extend(grades)


class _Readings:
    """Who said what of which film, extended as events come in; see ReadingTable for the fields."""

    def __init__(self) -> None:
        self._films: dict[int, int] = {}
        self._readers: dict[str, int] = {}
        self._rows: dict[tuple[int, int], int] = {}
        self._gold_events: set[int] = set()
        self._girls, self._gold = array("b"), array("b")
        self._film, self._reader = array("i"), array("i")
        self._grades, self._accepted = array("b"), bytearray()
        self._seconds, self._bone_seconds = array("f"), array("f")
        self._knows_gold, self._answers = bytearray(), array("q")
        self._blind, self._blind_at = array("b"), array("q")

    def add(self, rows: Iterable[Any]) -> set[int]:
        """Takes in rows of core.ledger.rows.columns.verdicts; returns the films with something undone, which must be
        replaced."""
        undone: set[int] = set()
        last = film = row = 0
        for (
            event_id, film_id, sex, reader, kind, target, seconds, prediction_id, bone, grade, accepted, bone_seconds,
        ) in rows:  # fmt: skip
            if event_id != last:
                self._note_blind(row, last)
                last = event_id
                film = self._film_of(film_id, sex)
                row = self._row_of(film, reader)
                self._begin(kind, film, row, seconds, prediction_id)
                if kind == "undo":
                    undone.add(film_id)
                elif kind == "gold":
                    self._gold_events.add(event_id)
                elif kind == "restore" and target in self._gold_events:
                    self._knows_gold[row] = True
            if bone is None:
                continue
            value = UNREADABLE if grade is None else grade
            if kind == "gold":
                self._gold[film * _BONES + _PLACE[bone]] = value
                continue
            place = row * _BONES + _PLACE[bone]
            self._grades[place] = value
            self._accepted[place] = accepted
            if kind == "correction":
                self._bone_seconds[place] += bone_seconds
        self._note_blind(row, last)
        return undone

    def replace(self, film_id: int, history: Sequence[Event]) -> None:
        """Sets the film's readings and gold reading to what stands after its history; the time that was spent still counts."""
        film, state = self._films[film_id], fold(history)
        for reader, who in self._readers.items():
            row = self._rows.get((film, who))
            if row is None:
                continue
            self._clear(row)
            self._answers[row] = 0
            self._set_blind(row, blind_reading(history, reader))
            newest = 0
            for bone, said in state.said.get(reader, {}).items():
                place = row * _BONES + _PLACE[bone]
                self._grades[place] = UNREADABLE if said.correction.grade is None else said.correction.grade
                self._accepted[place] = said.correction.accepted
                if said.event.id > newest:
                    newest = said.event.id
                    self._answers[row] = said.event.prediction_id or 0
        self._gold[film * _BONES : (film + 1) * _BONES] = _NOTHING_SAID
        for correction in (state.gold_reading() or {}).values():
            value = UNREADABLE if correction.grade is None else correction.grade
            self._gold[film * _BONES + _PLACE[correction.bone]] = value

    def table(self, revision: int, predictions: _Predictions) -> ReadingTable:
        """A copy that later events do not change."""
        film_ids = np.fromiter(self._films, np.int64, len(self._films))
        prediction_ids = np.array(predictions.ids, np.int64)
        answers = np.array(self._answers, np.int64)
        known = answers > 0
        positions = np.full(len(answers), -1, np.int32)
        positions[known] = np.searchsorted(prediction_ids, answers[known])
        return ReadingTable(
            revision=revision,
            readers=tuple(self._readers),
            film_ids=film_ids,
            girls=np.array(self._girls, bool),
            film=np.array(self._film, np.int32),
            reader=np.array(self._reader, np.int32),
            grades=np.array(self._grades, np.int8).reshape(-1, _BONES),
            accepted=np.array(self._accepted, bool).reshape(-1, _BONES),
            seconds=np.array(self._seconds, np.float32),
            bone_seconds=np.array(self._bone_seconds, np.float32).reshape(-1, _BONES),
            knows_gold=np.array(self._knows_gold, bool),
            blind=np.array(self._blind, np.int8).reshape(-1, _BONES),
            blind_at=np.maximum(np.array(self._blind_at, np.int64), 0),
            answers=positions,
            gold=np.array(self._gold, np.int8).reshape(-1, _BONES),
            newest=_newest(film_ids, np.array(predictions.film_ids, np.int64)),
            predicted=np.array(predictions.grades + _NOTHING_SAID, np.int8).reshape(-1, _BONES),
            predicted_months=np.array(predictions.months + array("f", [np.nan]), np.float32),
        )

    def _begin(self, kind: str, film: int, row: int, seconds: float, prediction_id: int | None) -> None:
        """Makes the changes of an event that come before its corrections."""
        if kind in ("gold", "ungold"):
            self._knows_gold[row] = True
            self._gold[film * _BONES : (film + 1) * _BONES] = _NOTHING_SAID
        elif kind == "restore":
            self._clear(row)
            self._blind_at[row] = self._blind_at[row] or _NEVER
        elif kind == "correction":
            self._seconds[row] += seconds
        if kind in ("correction", "restore"):
            self._answers[row] = prediction_id or 0

    def _note_blind(self, row: int, event_id: int) -> None:
        """After an event: keeps the reading as it is if it is whole for the first time."""
        if not event_id or self._blind_at[row]:
            return
        grades = self._grades[row * _BONES : (row + 1) * _BONES]
        if UNJUDGED not in grades:
            self._blind_at[row] = event_id
            self._blind[row * _BONES : (row + 1) * _BONES] = grades

    def _set_blind(self, row: int, blind: tuple[Event, Reading] | None) -> None:
        self._blind_at[row] = 0 if blind is None else blind[0].id
        grades = array("b", _NOTHING_SAID)
        for bone, said in ({} if blind is None else blind[1]).items():
            grades[_PLACE[bone]] = UNREADABLE if said.grade is None else said.grade
        self._blind[row * _BONES : (row + 1) * _BONES] = grades

    def _clear(self, row: int) -> None:
        self._grades[row * _BONES : (row + 1) * _BONES] = _NOTHING_SAID
        self._accepted[row * _BONES : (row + 1) * _BONES] = _NONE_ACCEPTED

    def _film_of(self, film_id: int, sex: str) -> int:
        film = self._films.get(film_id)
        if film is None:
            film = self._films[film_id] = len(self._films)
            self._girls.append(sex == "F")
            self._gold.extend(_NOTHING_SAID)
        return film

    def _row_of(self, film: int, reader: str) -> int:
        who = self._readers.setdefault(reader, len(self._readers))
        row = self._rows.get((film, who))
        if row is None:
            row = self._rows[film, who] = len(self._film)
            self._film.append(film)
            self._reader.append(who)
            self._grades.extend(_NOTHING_SAID)
            self._accepted.extend(_NONE_ACCEPTED)
            self._seconds.append(0.0)
            self._bone_seconds.extend(_NO_SECONDS)
            self._knows_gold.append(False)
            self._blind.extend(_NOTHING_SAID)
            self._blind_at.append(0)
            self._answers.append(0)
        return row


def _newest(film_ids: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int32]:
    """For each film the position of its last prediction, -1 if it has none. predicted: film ids, oldest first."""
    newest = np.full(len(film_ids), -1, np.int32)
    order = np.argsort(film_ids)
    if len(film_ids):
        place = np.minimum(np.searchsorted(film_ids, predicted, sorter=order), len(film_ids) - 1)
        known = film_ids[order[place]] == predicted
        np.maximum.at(newest, order[place[known]], np.flatnonzero(known).astype(np.int32))
    return newest
