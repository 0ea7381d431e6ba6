"""How long the Agreement tab takes to collect and compare the readings of a large ledger, and how that grows.

    python -m benchmarks.agreement

Stores of 10,000 and 100,000 films are made in a temporary folder; each film has a prediction and, on average, one reading
of all 13 bones: eight readers, every second film read by two of them. The baseline is the same ledger streamed as events.
"""

import tempfile
import time
import uuid
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.filled_ledger import filled_ledger
from core.agreement import MODEL, ReadingCollector, Voice, compare, gold_scores, pairs, pooled_kappas, reading_times
from core.bones import RUS_BONES
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Correction, Ledger, LedgerSettings

_SIZES: Final = (10_000, 100_000)


def main() -> None:
    """Prints seconds for each size."""
    for films in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            settings = LedgerSettings.in_folder(Path(folder))
            ledger = filled_ledger(settings, films)
            print(f"{films:,} films, {films * len(RUS_BONES):,} corrections")
            _measure(ledger)
            ledger.close()


def _measure(ledger: Ledger) -> None:
    started = time.perf_counter()
    corrections = sum(len(event.corrections) for event in ledger.events())
    _print(f"baseline: streaming {corrections:,} corrections as events", started)
    collector = ReadingCollector(ledger)
    started = time.perf_counter()
    table = collector.table()
    _print("first look: collecting all", started)
    started = time.perf_counter()
    collector.table()
    _print("refresh with nothing new", started)
    _save_one(ledger)
    started = time.perf_counter()
    collector.table()
    _print("refresh after one save", started)
    started = time.perf_counter()
    first = pairs(table)[0]
    compare(table, first.first, first.second, "rus_chn")
    compare(table, Voice("reader", table.readers[0]), MODEL, "rus_chn")
    pooled_kappas(table)
    gold_scores(table, "rus_chn")
    reading_times(table)
    _print(f"all comparisons, the first pair on {first.films:,} films", started)


def _save_one(ledger: Ledger) -> None:
    pixels = np.zeros((8, 8), np.float32)
    film = ledger.add_film(
        Radiograph(pixels, None, None, film_hash(pixels)), "F", reader="reader 0", source="import", consent=None
    ).film
    words = [Correction(bone, "graded", 3) for bone in RUS_BONES]
    token = uuid.uuid4().hex
    ledger.save(film.id, words, reader="reader 0", base_revision=0, token=token, prediction_id=None, seconds=90.0)


def _print(what: str, started: float) -> None:
    print(f"  {what}: {time.perf_counter() - started:.3f} s", flush=True)


if __name__ == "__main__":
    main()
