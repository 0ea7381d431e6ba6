"""Fills a ledger with many films, predictions and readings, bypassing the ledger, which would sync each save to the disk."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from core.bones import RUS_BONES
from core.film.box import Box
from core.hand.geometry import mean_hand
from core.hand.localization import Localization, Region
from core.ledger import Ledger, LedgerSettings
from core.ledger.store import schema
from core.standards import grade_count

READERS: Final = 8
_ROWS_AT_A_TIME: Final = 2000


def _somewhere() -> dict[str, Any]:
    """Where the mean hand has the bones, as a stored prediction holds it."""
    centres = mean_hand().centres * 300 + 900
    regions = tuple(
        Region(bone, Box.about((x, y), 120, 120), (x, y), 0.0, 300.0, 0.9, "found")
        for bone, (x, y) in zip(RUS_BONES, centres.tolist(), strict=False)
    )
    return Localization(regions, False, 0.0, False, 1.0, centres, np.full(len(centres), 0.9), 0.05).to_dict()


_SOMEWHERE: Final = _somewhere()


def filled_ledger(settings: LedgerSettings, films: int) -> Ledger:
    """A new ledger: each film has a prediction and, on average, one reading of all 13 bones, by eight readers; every second
    film is read by two of them, the others by nobody. The queue's tables are made from the events, as they may be at any
    time."""
    Ledger.open(settings).close()
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
    ledger = Ledger.open(settings)
    ledger.rebuild_queue()
    return ledger


def _film(number: int, now: datetime) -> dict[str, Any]:
    return {
        "id": number, "sha256": hashlib.sha256(str(number).encode()).hexdigest(), "width": 1500, "height": 2000,
        "sex": "FM"[number % 2], "patient_key": "", "age_months": None, "source": "import", "laterality": None,
        "row_spacing_mm": None, "column_spacing_mm": None, "added_at": now, "added_by": "benchmark",
    }  # fmt: skip


def _prediction(number: int, now: datetime, chance: np.random.Generator) -> dict[str, Any]:
    share = chance.random()
    odds = {bone: np.exp(-np.abs(np.arange(grade_count(bone) + 1) - share * grade_count(bone))) for bone in RUS_BONES}
    return {
        "id": number, "film_id": number, "weights_key": "benchmark", "weights": {"grader": "0" * 64},
        "localization": _SOMEWHERE, "probabilities": {bone: (one / one.sum()).tolist() for bone, one in odds.items()},
        "bone_age_months": 60 + 120 * share, "low_months": 50.0, "high_months": 190.0, "refusal": None, "made_at": now,
    }  # fmt: skip


def _event(number: int, now: datetime, chance: np.random.Generator) -> dict[str, Any]:
    """Events 1 and 2 are of film 1, 3 and 4 of film 2, each time by the two readers of a pair."""
    film = (number + 1) // 2
    reader = film % (READERS // 2) * 2 + number % 2
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
