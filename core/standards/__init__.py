"""Scoring standards RUS-CHN, TW3-RUS and TW3-C RUS: from the grades of 13 bones to a total and a bone age."""

from core.standards.card import ScoreCard, score_card
from core.standards.conversion import age_of_total, total_of_age, total_of_grades
from core.standards.distribution import (
    age_distribution,
    central_interval,
    quantiles_of_total,
    scattered,
    total_distribution,
)
from core.standards.tables import (
    GRADE_COUNTS,
    MATURE_TOTAL,
    STANDARDS,
    GradeDescription,
    IncompleteGrades,
    Standard,
    grade_count,
    grade_descriptions,
    grade_label,
    standard,
    tw3_stage,
)

__all__ = [
    "GRADE_COUNTS",
    "MATURE_TOTAL",
    "STANDARDS",
    "GradeDescription",
    "IncompleteGrades",
    "ScoreCard",
    "Standard",
    "age_distribution",
    "age_of_total",
    "central_interval",
    "grade_count",
    "grade_descriptions",
    "grade_label",
    "quantiles_of_total",
    "scattered",
    "score_card",
    "standard",
    "total_distribution",
    "total_of_age",
    "total_of_grades",
    "tw3_stage",
]
