"""Everybody's grades in one compact table for comparisons: who gave which grade to which bone of which film."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.standards import MATURE_TOTAL, STANDARDS, age_of_total, standard

#: In place of a grade 0..n: the bone was not judged; it cannot be read on this film. Both are below 0, as no grade is.
UNJUDGED: Final = -1
UNREADABLE: Final = -2

#: The scale of ages: the tables of one of STANDARDS, or "calibrated", the radiologists' scale of the shown bone age.
AgeScale = Literal["rus_chn", "tw3_rus", "tw3_c_rus", "calibrated"]

#: RUS-CHN ages in years -> ages in years on the radiologists' scale: core.assessment.grading.grader.Grader.radiologists_age.
Calibration = Callable[[NDArray[np.float64], Sex], NDArray[np.float64]]

_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True)
class ReadingTable:
    """F films, R readings (one reader's current word on one film), P predictions; bones in RUS_BONES order.

    revision: of the ledger that the table was made from. readers: names, which `reader` counts in.
    film_ids, girls: F ledger ids, and whether the child is a girl.
    film, reader: R positions in film_ids and readers. grades: R x 13 int8, a grade, UNJUDGED or UNREADABLE.
    accepted: R x 13, the model's grade and box were taken over unchanged. seconds: R, spent on the film in all saves.
    bone_seconds: R x 13. knows_gold: R, the reader has set or copied this film's gold reading, so it was not read blindly.
    blind, blind_at: R x 13 and R, the grades when the reader first had judged all 13 bones, and the event that made it so;
        UNJUDGED and 0 where that never happened, see core.annotation.blinding.blind_reading.
    answers: R positions of the prediction that the reader had before them, -1 if none.
    gold: F x 13, the gold reading, UNJUDGED throughout where there is none.
    newest: F positions of the film's newest prediction, -1 if none.
    predicted: (P + 1) x 13, the most probable grades, UNJUDGED for a bone that was not found; predicted_months: P + 1,
        the bone age as shown, NaN if none. The last row stands for no prediction, so that position -1 finds it.
    """

    revision: int
    readers: tuple[str, ...]
    film_ids: NDArray[np.int64]
    girls: NDArray[np.bool_]
    film: NDArray[np.int32]
    reader: NDArray[np.int32]
    grades: NDArray[np.int8]
    accepted: NDArray[np.bool_]
    seconds: NDArray[np.float32]
    bone_seconds: NDArray[np.float32]
    knows_gold: NDArray[np.bool_]
    blind: NDArray[np.int8]
    blind_at: NDArray[np.int64]
    answers: NDArray[np.int32]
    gold: NDArray[np.int8]
    newest: NDArray[np.int32]
    predicted: NDArray[np.int8]
    predicted_months: NDArray[np.float32]

    def readings_of(self, reader: str) -> NDArray[np.intp]:
        """Positions of the readings of one reader, in the order of their films; none for an unknown name."""
        if reader not in self.readers:
            return np.empty(0, np.intp)
        rows = np.flatnonzero(self.reader == self.readers.index(reader))
        return rows[np.argsort(self.film[rows], kind="stable")]

    def model_of(self, readings: NDArray[np.intp]) -> NDArray[np.int32]:
        """Positions of the predictions to compare readings with: those they answer, else the film's newest.

        The answered one was made before the reader spoke, so it cannot have been learned from the reading.
        """
        answered = self.answers[readings]
        return np.where(answered >= 0, answered, self.newest[self.film[readings]])


@dataclass(frozen=True)
class Ages:
    """Ages of n readings. months: NaN where there is none. incomplete, mature, below: why (n each, at most one is true):
    not all 13 bones have a grade; the total is 1000; the total is below the standard's table."""

    months: NDArray[np.float64]
    incomplete: NDArray[np.bool_]
    mature: NDArray[np.bool_]
    below: NDArray[np.bool_]


def ages_of(
    grades: NDArray[Any], girls: NDArray[np.bool_], scale: AgeScale, calibration: Calibration | None = None
) -> Ages:
    """The ages that grades add up to under a standard.

    grades: n x 13 RUS-CHN grades, negative where there is none; girls: n. calibration: needed for the scale "calibrated",
    which starts from the RUS-CHN age. Raises ValueError without it, or for an unknown scale.
    """
    if scale == "calibrated" and calibration is None:
        raise ValueError("The calibrated scale needs the calibration.")
    key = "rus_chn" if scale == "calibrated" else scale
    complete = np.asarray((grades >= 0).all(1))
    totals = np.where(complete, _totals(grades, girls, key), 0)
    mature = complete & (totals == MATURE_TOTAL)
    months = np.full(len(grades), np.nan)
    below = np.zeros(len(grades), bool)
    sexes: tuple[tuple[Sex, NDArray[np.bool_]], ...] = (("F", girls), ("M", ~girls))
    for sex, of_sex in sexes:
        below |= of_sex & complete & (totals < standard(key).lowest_total(sex))
        aged = of_sex & complete & ~mature & ~below
        if not aged.any():
            continue
        years = age_of_total(key, sex, totals[aged])
        if scale == "calibrated" and calibration is not None:
            years = calibration(years, sex)
        months[aged] = years * _MONTHS_A_YEAR
    return Ages(months, ~complete, mature, below)


def _totals(grades: NDArray[Any], girls: NDArray[np.bool_], key: str) -> NDArray[np.int64]:
    """Sums of the scores of n x 13 grades; a bone without a grade counts as 0."""
    if key not in STANDARDS:
        raise ValueError(f"There is no scale {key!r}; choose one of {', '.join(STANDARDS)} or calibrated.")
    totals = np.zeros(len(grades), np.int64)
    for position, bone in enumerate(RUS_BONES):
        boys_scores, girls_scores = (np.array(standard(key).scores_of_grades(sex, bone)) for sex in ("M", "F"))
        given = np.maximum(grades[:, position], 0)
        totals += np.where(girls, girls_scores[given], boys_scores[given])
    return totals
