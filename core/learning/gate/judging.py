"""Has two models assess the same hands, film by film, and keeps the answers as arrays to compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.agreement.table import UNJUDGED, ages_of
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.errors import FilmRefused
from core.evaluation.stress.non_hands import NON_HANDS
from core.evaluation.stress.trial import Move, moves, refusals
from core.film.radiograph import Radiograph
from core.hand.hand import Hand
from core.learning.gate.hands import GateHand
from core.standards import age_of_total


@dataclass(frozen=True)
class Answers:
    """One model on n hands. grades: n x 13, the most likely, UNJUDGED where there is none. months: n bone ages, NaN where there
    is none. table_months: n, of the RUS-CHN table, before calibration. interval90: n x 2 months."""

    grades: NDArray[np.int8]
    months: NDArray[np.float64]
    table_months: NDArray[np.float64]
    interval90: NDArray[np.float64]

    @classmethod
    def of(cls, assessments: Sequence[Assessment | None]) -> Self:
        """None stands for a refusal."""
        n = len(assessments)
        grades = np.full((n, len(RUS_BONES)), UNJUDGED, np.int8)
        months, table_months = np.full(n, np.nan), np.full(n, np.nan)
        interval90 = np.full((n, 2), np.nan)
        for row, said in enumerate(assessments):
            if said is None:
                continue
            for position, bone in enumerate(RUS_BONES):
                graded = said.bones[bone]
                grades[row, position] = UNJUDGED if graded is None else graded.grade
            total = said.standards["rus_chn"].expected_total
            if said.bone_age_months is not None and said.interval90_months is not None and total is not None:
                months[row], interval90[row] = said.bone_age_months, said.interval90_months
                table_months[row] = 12 * age_of_total("rus_chn", said.sex, total)
        return cls(grades, months, table_months, interval90)


@dataclass(frozen=True)
class Judged:
    """n hands. gold: n x 13 grades, UNJUDGED where there is none. months: n ages on the radiologists' scale, NaN where there
    is none; table_months: n, by the RUS-CHN table, of whole gold readings."""

    gold: NDArray[np.int8]
    months: NDArray[np.float64]
    table_months: NDArray[np.float64]
    live: Answers
    candidate: Answers


def judge(hands: Sequence[GateHand], live: Assessor, candidate: Assessor, what: str) -> Judged:
    """Has both models assess every hand. what: label of the progress bar.

    The age of a gold reading is its RUS-CHN total's, brought to the radiologists' scale for both models in the live model's
    way.
    """
    answers: list[tuple[Assessment | None, Assessment | None]] = []
    for hand in tqdm(hands, desc=what, mininterval=10):
        radiograph = hand.read()
        found = _found(live, radiograph)
        same = live.weights["localizer"] == candidate.weights["localizer"]
        found_too = found if same else _found(candidate, radiograph)
        answers.append((_assessed(live, found, hand), _assessed(candidate, found_too, hand)))
    gold = np.stack([hand.grades for hand in hands])
    girls = np.array([hand.sex == "F" for hand in hands])
    known = np.array([hand.months for hand in hands])
    of_gold = ages_of(gold, girls, "calibrated", live.grader.radiologists_age).months
    return Judged(
        gold=gold,
        months=np.where(np.isnan(known), of_gold, known),
        table_months=ages_of(gold, girls, "rus_chn").months,
        live=Answers.of([first for first, _ in answers]),
        candidate=Answers.of([second for _, second in answers]),
    )


def _found(assessor: Assessor, radiograph: Radiograph) -> Hand | None:
    try:
        return assessor.find_hand(radiograph)
    except FilmRefused:
        return None


def _assessed(assessor: Assessor, found: Hand | None, hand: GateHand) -> Assessment | None:
    try:
        return None if found is None else assessor.assess_hand(found, hand.sex)
    except FilmRefused:
        return None


@dataclass(frozen=True)
class Stressed:
    """Answers under stress, hands x changed films of each: by how many months the age moved, NaN where it was lost. non_hands:
    number of pictures drawn that show no hand; taken: how many of these got an age without a warning."""

    live: NDArray[np.float64]
    candidate: NDArray[np.float64]
    non_hands: int
    live_taken: int
    candidate_taken: int


def _months(move: Move | None) -> float:
    return float("nan") if move is None else move.months


def stressed(hands: Sequence[GateHand], live: Assessor, candidate: Assessor, pictures_a_kind: int) -> Stressed:
    """Has both models assess other films of the same hands, and pictures that show no hand."""
    by_live: list[list[float]] = []
    by_candidate: list[list[float]] = []
    for hand in tqdm(hands, desc="stress", mininterval=10):
        pixels = hand.read().pixels
        try:
            first, second = (moves(one, pixels, hand.sex) for one in (live, candidate))
        except FilmRefused:  # counted among the unchanged hands
            continue
        if first is not None and second is not None:
            by_live.append([_months(move) for move in first.values()])
            by_candidate.append([_months(second[name]) for name in first])
    taken = [sum(kind.age for kind in refusals(one, pictures_a_kind).values()) for one in (live, candidate)]
    return Stressed(_matrix(by_live), _matrix(by_candidate), pictures_a_kind * len(NON_HANDS), *taken)


def _matrix(rows: list[list[float]]) -> NDArray[np.float64]:
    return np.array(rows, np.float64) if rows else np.zeros((0, 0))
