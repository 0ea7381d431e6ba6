"""How long the Agreement tab takes to collect and compare the readings of a large ledger, and how that grows.

    python -m benchmarks.agreement

Stores of 10,000 and 100,000 films are made in a temporary folder; each film has a prediction and, on average, one reading
of all 13 bones: eight readers, every second film read by two of them. The baseline is the same ledger streamed as events.
"""

import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.agreement import MODEL, ReadingCollector, Voice, compare, gold_scores, pairs, pooled_kappas, reading_times
from core.bones import RUS_BONES
from core.ledger import Correction, Ledger, LedgerSettings, schema
from core.radiograph import Radiograph, film_hash
from core.standards import grade_count

_SIZES: Final = (10_000, 100_000)
_READERS: Final = 8
_ROWS_AT_A_TIME: Final = 2000


def main() -> None:
    """Prints seconds for each size."""
    for films in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            settings = LedgerSettings.in_folder(Path(folder))
            ledger = Ledger.open(settings)
            _fill(settings, films)
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
        Radiograph(pixels, None, None, film_hash(pixels)), "F", reader="reader 0", source="import", consent=False
    ).film
    words = [Correction(bone, "graded", 3) for bone in RUS_BONES]
    token = uuid.uuid4().hex
    ledger.save(film.id, words, reader="reader 0", base_revision=0, token=token, prediction_id=None, seconds=90.0)


def _print(what: str, started: float) -> None:
    print(f"  {what}: {time.perf_counter() - started:.3f} s", flush=True)


def _fill(settings: LedgerSettings, films: int) -> None:
    """Writes the rows past the ledger, which would sync each save to the disk."""
    chance, now = np.random.default_rng(0), datetime.now(UTC)
    engine = sa.create_engine(settings.url)
    with engine.begin() as connection:
        for first in range(1, films + 1, _ROWS_AT_A_TIME):
            ids = range(first, min(first + _ROWS_AT_A_TIME, films + 1))
            connection.execute(sa.insert(schema.film), [_film(i, now) for i in ids])
            connection.execute(sa.insert(schema.prediction), [_prediction(i, now, chance) for i in ids])
            connection.execute(sa.insert(schema.event), [_event(i, now, chance) for i in ids])
            connection.execute(sa.insert(schema.correction), [row for i in ids for row in _corrections(i, chance)])
    engine.dispose()


def _film(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number, "sha256": f"{number:064x}", "width": 1500, "height": 2000, "sex": "FM"[number % 2],
        "patient_key": "", "age_months": None, "source": "import", "laterality": None, "row_spacing_mm": None,
        "column_spacing_mm": None, "added_at": now, "added_by": "benchmark",
    }  # fmt: skip


def _prediction(number: int, now: datetime, chance: np.random.Generator) -> dict[str, Any]:
    share = chance.random()
    odds = {bone: np.exp(-np.abs(np.arange(grade_count(bone) + 1) - share * grade_count(bone))) for bone in RUS_BONES}
    return {
        "id": number, "film_id": number, "weights_key": "benchmark", "weights": {"grader": "0" * 64},
        "localization": None, "probabilities": {bone: (one / one.sum()).tolist() for bone, one in odds.items()},
        "bone_age_months": 60 + 120 * share, "low_months": 50.0, "high_months": 190.0, "refusal": None, "made_at": now,
    }  # fmt: skip


def _event(number: int, now: datetime, chance: np.random.Generator) -> dict[str, Any]:
    """Events 1 and 2 are of film 1, 3 and 4 of film 2, each time by the two readers of a pair."""
    film = (number + 1) // 2
    reader = film % (_READERS // 2) * 2 + number % 2
    return {
        "id": number, "film_id": film, "revision": 2 - number % 2, "base_revision": 1 - number % 2,
        "kind": "correction", "reader": f"reader {reader}", "made_at": now, "seconds": chance.uniform(60, 400),
        "prediction_id": film, "target": None, "note": "", "token": uuid.uuid4().hex,
    }  # fmt: skip


def _corrections(number: int, chance: np.random.Generator) -> Iterator[dict[str, Any]]:
    share = (number + 1) // 2 * 7919 % 1000 / 1000
    for bone in RUS_BONES:
        grade = int(np.clip(round(share * grade_count(bone) + chance.normal(0, 0.6)), 1, grade_count(bone)))
        yield {
            "event_id": number, "bone": bone, "verdict": "graded", "grade": grade, "xmin": 1.0, "ymin": 1.0,
            "xmax": 50.0, "ymax": 50.0, "accepted": False, "note": "", "seconds": chance.uniform(3, 20),
        }  # fmt: skip


if __name__ == "__main__":
    main()
