"""How long saves and questions take in a small and a large ledger on SQLite, and how each grows with it.

    python -m benchmarks.ledger

Prints JSON, in milliseconds: saves by eight readers at once (threads of one process, then eight processes), each of 13 bones,
with a check that none is lost and none doubled; and the queue's and a film's questions, asked for a reader who has read an
eighth of all that was read. `reference` is the same number of bytes written and synced to the same disk, one file a save.
Run it on an idle machine.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.filled_ledger import READERS, filled_ledger
from core.bones import RUS_BONES
from core.evaluation.figures import Inline, as_json
from core.film.box import Box
from core.ledger import Correction, Ledger, LedgerSettings, StaleRevision
from core.ledger.queue.reading_queue import QueueFilter, QueueOrder, counts, next_film, queue_rows

_SIZES: Final = (10_000, 100_000)
_SAVES: Final = 2_000
_ASKED: Final = 50


@dataclass(frozen=True)
class Spread:
    """The spread of some times, in milliseconds."""

    median: float
    p95: float
    slowest: float


@dataclass(frozen=True)
class OfSize:
    """The times of a ledger of one size, by what was asked of it."""

    corrections: int
    times: Inline[Mapping[str, Spread]]


@dataclass(frozen=True)
class Report:
    """By size, and how many times the larger one's median is the smaller one's."""

    sizes: Inline[Mapping[str, OfSize]]
    growth: Inline[Mapping[str, Mapping[str, float]]]


def main() -> None:
    """Prints the figures as JSON."""
    sizes: dict[str, OfSize] = {}
    for films in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            settings = LedgerSettings.in_folder(Path(folder))
            ledger = filled_ledger(settings, films)
            times = {
                "reference": _spread(_synced_writes(Path(folder))),
                **_questions(ledger, films),
                "save, 8 threads": _spread(_saves_of_threads(ledger, films)),
                "save, 8 processes": _spread(_saves_of_processes(ledger, settings, films)),
            }
            sizes[f"{films:,} films"] = OfSize(films * len(RUS_BONES), times)
            ledger.close()
            print(f"{films:,} films measured", file=sys.stderr, flush=True)
    small, large = sizes.values()
    growth = {
        name: round(large.times[name].median / max(spread.median, 1e-3), 2) for name, spread in small.times.items()
    }
    print(as_json(Report(sizes, {"growth of the median": growth})))


def _questions(ledger: Ledger, films: int) -> dict[str, Spread]:
    reader = "reader 1"
    chance = random.Random(0)
    girls = QueueFilter(sex="F", age_months=(84.0, 132.0))
    asked: dict[str, Callable[[], object]] = {
        f"next in the queue, {order.value}": lambda order=order: next_film(ledger, reader, order)  # type: ignore[misc]
        for order in QueueOrder
    }
    asked |= {
        "next in the queue, filtered": lambda: next_film(ledger, reader, QueueOrder.EXPECTED_GAIN, girls),
        "next after the film in hand": lambda: next_film(
            ledger, reader, QueueOrder.EXPECTED_GAIN, after=chance.randrange(1, films)
        ),
        "counts": lambda: counts(ledger, reader),
        "first page of the list": lambda: queue_rows(ledger, reader, QueueOrder.EXPECTED_GAIN, limit=26),
        "page 100 of the list": lambda: queue_rows(ledger, reader, QueueOrder.EXPECTED_GAIN, limit=26, offset=2500),
        "history of a film": lambda: ledger.history(chance.randrange(1, films // 2)),
        "reading of a film": lambda: ledger.reading(chance.randrange(1, films // 2), reader),
    }
    return {name: _spread([_milliseconds(ask) for _ in range(_ASKED)]) for name, ask in asked.items()}


def _saves_of_threads(ledger: Ledger, films: int) -> list[float]:
    before = ledger.ledger_revision()
    with ThreadPoolExecutor(READERS) as pool:
        times = list(pool.map(lambda reader: save_some(ledger, reader, films, _SAVES // READERS), range(READERS)))
    _check(ledger, before, [event for events, _ in times for event in events])
    return [milliseconds for _, some in times for milliseconds in some]


def _saves_of_processes(ledger: Ledger, settings: LedgerSettings, films: int) -> list[float]:
    before = ledger.ledger_revision()
    program = (
        "import json, sys; from pathlib import Path; from core.ledger import Ledger, LedgerSettings;"
        "from benchmarks.ledger import save_some; ledger = Ledger.open(LedgerSettings(Path(sys.argv[1]), sys.argv[2]));"
        "print(json.dumps(save_some(ledger, int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))))"
    )
    store = [str(settings.folder), settings.url]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, *store, str(10 + reader), str(films), str(_SAVES // READERS)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        for reader in range(READERS)
    ]
    said = [json.loads(process.communicate()[0]) for process in running]
    _check(ledger, before, [event for events, _ in said for event in events])
    return [milliseconds for _, some in said for milliseconds in some]


def save_some(ledger: Ledger, reader: int, films: int, saves: int) -> tuple[list[int], list[float]]:
    """Saves whole readings of random films, now and then sending one twice; ids of the events, and milliseconds of each."""
    chance = random.Random(reader)
    events: list[int] = []
    times: list[float] = []
    while len(events) < saves:
        film, token = chance.randrange(1, films + 1), uuid.uuid4().hex
        said = [
            Correction(bone, "graded", chance.randrange(1, 11), Box(1.0, 1.0, 50.0, 50.0), seconds=2.0)
            for bone in RUS_BONES
        ]
        base = ledger.revision(film)
        for _ in range(2 if chance.random() < 0.1 else 1):
            started = time.perf_counter()
            try:
                event = ledger.save(
                    film,
                    said,
                    reader=f"reader {reader}",
                    base_revision=base,
                    token=token,
                    prediction_id=film,
                    seconds=40.0,
                )
            except StaleRevision:  # another of the eight was quicker
                break
            times.append((time.perf_counter() - started) * 1000)
        else:
            events.append(event.id)
    return events, times


def _check(ledger: Ledger, before: int, acknowledged: Sequence[int]) -> None:
    kept = {event.id: len(event.corrections) for event in ledger.events(after=before)}
    if sorted(acknowledged) != sorted(kept) or set(kept.values()) != {len(RUS_BONES)}:
        raise AssertionError(f"{len(acknowledged)} saves were acknowledged and {len(kept)} are there")


def _synced_writes(folder: Path) -> list[float]:
    def write() -> None:
        with (folder / "reference").open("wb") as file:
            file.write(os.urandom(4096))
            file.flush()
            os.fsync(file.fileno())

    return [_milliseconds(write) for _ in range(_ASKED)]


def _milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _spread(times: Sequence[float]) -> Spread:
    return Spread(
        median=round(float(np.median(times)), 2),
        p95=round(float(np.percentile(times, 95)), 2),
        slowest=round(max(times), 2),
    )


if __name__ == "__main__":
    main()
