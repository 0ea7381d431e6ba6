"""The append-only store of films, predictions and what people said of them."""

from core.ledger.checks import consent_given
from core.ledger.errors import (
    DamagedStore,
    InvalidCorrection,
    InvalidFilm,
    LedgerError,
    UnknownFilm,
    UnreachableDatabase,
)
from core.ledger.ledger import Ledger
from core.ledger.readings import FilmState, Said, fold, state_after, undone
from core.ledger.records import (
    VERDICTS,
    Consent,
    Correction,
    Event,
    EventKind,
    FilmRecord,
    LabelRule,
    PredictionRecord,
    Reading,
    Scope,
    Verdict,
    verdict_on,
)
from core.ledger.rows.films import AddedFilm
from core.ledger.rows.predictions import assessment_of
from core.ledger.rows.stages import StageWord
from core.ledger.saying import Conflict, StaleRevision
from core.ledger.store.settings import LedgerSettings

__all__ = [
    "VERDICTS",
    "AddedFilm",
    "Conflict",
    "Consent",
    "Correction",
    "DamagedStore",
    "Event",
    "EventKind",
    "FilmRecord",
    "FilmState",
    "InvalidCorrection",
    "InvalidFilm",
    "LabelRule",
    "Ledger",
    "LedgerError",
    "LedgerSettings",
    "PredictionRecord",
    "Reading",
    "Said",
    "Scope",
    "StageWord",
    "StaleRevision",
    "UnknownFilm",
    "UnreachableDatabase",
    "Verdict",
    "assessment_of",
    "consent_given",
    "fold",
    "state_after",
    "undone",
    "verdict_on",
]
