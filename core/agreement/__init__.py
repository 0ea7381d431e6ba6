"""How far readers agree with each other, with the model and with gold readings, and how long they take."""

from core.agreement.agreed import agreed_films, gold_films
from core.agreement.collector import ReadingCollector
from core.agreement.comparison import (
    LONGEST_BONE_SECONDS,
    LONGEST_FILM_SECONDS,
    AgePairs,
    BoneAgreement,
    Comparison,
    GoldScore,
    ReadingTimes,
    compare,
    gold_scores,
    mean_kappa,
    pooled_kappas,
    reading_times,
)
from core.agreement.look_back import (
    SITTING_FILMS,
    BoneBeside,
    BoneResult,
    FilmBeside,
    LookBack,
    look_back,
    of_sittings_over,
    pictures,
)
from core.agreement.measures import LEAST_FILMS, AgeDifferences, Kappa, Times
from core.agreement.pairing import GOLD, MODEL, Pair, Voice, pairs, read_counts
from core.agreement.table import AgeScale, Calibration, ReadingTable

__all__ = [
    "GOLD",
    "LEAST_FILMS",
    "LONGEST_BONE_SECONDS",
    "LONGEST_FILM_SECONDS",
    "MODEL",
    "SITTING_FILMS",
    "AgeDifferences",
    "AgePairs",
    "AgeScale",
    "BoneAgreement",
    "BoneBeside",
    "BoneResult",
    "Calibration",
    "Comparison",
    "FilmBeside",
    "GoldScore",
    "Kappa",
    "LookBack",
    "Pair",
    "ReadingCollector",
    "ReadingTable",
    "ReadingTimes",
    "Times",
    "Voice",
    "agreed_films",
    "compare",
    "gold_films",
    "gold_scores",
    "look_back",
    "mean_kappa",
    "of_sittings_over",
    "pairs",
    "pictures",
    "pooled_kappas",
    "read_counts",
    "reading_times",
]
