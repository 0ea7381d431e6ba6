"""The append-only store of films, predictions and what people said of them."""

from core.ledger.records import (
    Correction,
    Event,
    EventKind,
    FilmRecord,
    LabelRule,
    PredictionRecord,
    Reading,
    Verdict,
)

__all__ = ["Correction", "Event", "EventKind", "FilmRecord", "LabelRule", "PredictionRecord", "Reading", "Verdict"]
