"""Tries the pipeline hard: how far the age moves on other films of the same hand, and whether non-hands are refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.checks.film_and_age import FILM_DOUBTS
from core.assessment.records import Assessment
from core.bones import Sex
from core.cohort.films import Film
from core.errors import FilmRefused
from core.evaluation.figures import Inline, Table
from core.evaluation.refusals import AnswerCounts, answer, answers, table_of
from core.evaluation.stress.changes import CHANGES, CUTS, forearm_cut_off
from core.evaluation.stress.non_hands import NON_HANDS, Picture
from core.film.radiograph import Radiograph, film_hash, read_radiograph


@dataclass(frozen=True)
class Spread:
    """How far the bone age moved, in months, on n films; None where none kept an age."""

    n: int
    median_months: float | None
    p95_months: float | None


@dataclass(frozen=True)
class ChangeEffect:
    """How far one change of the film moves the age, and how many hands lose their age by it.

    warned: how many of those that keep it have it put in doubt by a check of the film that passed before; unwarned_median: how
    far it moves on the others, in months.
    """

    spread: Inline[Spread]
    lost: int
    warned: int
    unwarned_median: float | None


@dataclass(frozen=True)
class Move:
    """By how many months a change of the film moves the bone age; warned: whether a check that passed before now doubts it."""

    months: float
    warned: bool


@dataclass(frozen=True)
class RealHands:
    """Ids of the films that were refused as they are, or had a bone missing."""

    refused: Sequence[str]
    bone_missing: Sequence[str]


@dataclass(frozen=True)
class StressFigures:
    """Both trials: `hands` films under each change, and what pictures of each kind of core.evaluation.stress.non_hands
    get."""

    hands: int
    real_hands: RealHands
    changes: Mapping[str, ChangeEffect]
    all_changes: Spread
    non_hands: Mapping[str, AnswerCounts]


def _film(pixels: Picture) -> Radiograph:
    whole = np.ascontiguousarray(pixels, np.float32)
    return Radiograph(whole, None, None, film_hash(whole))


def _again(assessor: Assessor, pixels: Picture, sex: Sex) -> Assessment | None:
    """The assessment of the changed film; None where it is refused."""
    try:
        return assessor.assess(_film(pixels), sex)
    except FilmRefused:
        return None


def _doubts(assessment: Assessment) -> set[str]:
    return {check.name for check in assessment.checks if check.name in FILM_DOUBTS and not check.passed}


def moves(assessor: Assessor, pixels: Picture, sex: Sex) -> dict[str, Move | None] | None:
    """How each change of a film moves its bone age; None for a change that costs it its age.

    None for a film that has no age as it is. Raises FilmRefused.
    """
    hand = assessor.find_hand(_film(pixels))
    assessment = assessor.assess_hand(hand, sex)
    months = assessment.bone_age_months
    if months is None:
        return None
    radius, ulna, middle = (np.array(hand.localization.region(bone).centre) for bone in ("Radius", "Ulna", "MC3"))
    wrist = (radius + ulna) / 2
    towards = middle - wrist
    direction = towards / np.linalg.norm(towards)
    changed = {name: change(pixels) for name, change in CHANGES.items()}
    for name, kept in CUTS.items():
        changed[name] = forearm_cut_off(hand.positive, wrist, direction, kept * hand.localization.size)
    moved: dict[str, Move | None] = {}
    for name, picture in changed.items():
        again = _again(assessor, picture, sex)
        if again is None or again.bone_age_months is None:
            moved[name] = None
        else:
            warned = not _doubts(again) <= _doubts(assessment)
            moved[name] = Move(abs(again.bone_age_months - months), warned)
    return moved


def stress(films: Sequence[Film], assessor: Assessor, pictures_a_kind: int) -> StressFigures:
    """The figures of both trials: of the films, and of `pictures_a_kind` pictures of each kind that shows no hand."""
    moved: dict[str, list[float]] = {name: [] for name in (*CHANGES, *CUTS)}
    quietly: dict[str, list[float]] = {name: [] for name in moved}
    lost = dict.fromkeys(moved, 0)
    refused, incomplete = [], []
    for film in tqdm(list(films), desc="hands", mininterval=10):
        try:
            changed = moves(assessor, read_radiograph(film.path).pixels, film.sex)
        except FilmRefused:
            refused.append(film.id)
            continue
        if changed is None:
            incomplete.append(film.id)
            continue
        for name, move in changed.items():
            if move is None:
                lost[name] += 1
                continue
            moved[name].append(move.months)
            if not move.warned:
                quietly[name].append(move.months)
    return StressFigures(
        hands=len(films),
        real_hands=RealHands(refused, incomplete),
        changes={
            name: ChangeEffect(
                _spread(values), lost[name], len(values) - len(quietly[name]), _spread(quietly[name]).median_months
            )
            for name, values in moved.items()
        },
        all_changes=_spread([value for values in moved.values() for value in values]),
        non_hands=refusals(assessor, pictures_a_kind),
    )


def _spread(values: Sequence[float]) -> Spread:
    if not values:
        return Spread(0, None, None)
    return Spread(len(values), round(float(np.median(values)), 2), round(float(np.percentile(values, 95)), 2))


def refusals(assessor: Assessor, pictures_a_kind: int) -> dict[str, AnswerCounts]:
    """The answers to random pictures of each kind of core.evaluation.stress.non_hands."""
    table = {}
    for kind, draw in NON_HANDS.items():
        films = (
            _film(draw(np.random.default_rng([number, *kind.encode()])))
            for number in tqdm(range(pictures_a_kind), desc=kind, mininterval=10)
        )
        table[kind] = answers(answer(assessor, film, ("M",)) for film in films)
    return table


def as_text(figures: StressFigures) -> str:
    """The figures as tables for people."""
    real = figures.real_hands
    moved = [
        (
            name,
            row.spread.n,
            row.lost,
            row.warned,
            row.spread.median_months,
            row.spread.p95_months,
            row.unwarned_median,
        )
        for name, row in figures.changes.items()
    ]
    every = figures.all_changes
    return "\n".join(
        [
            f"{figures.hands} hands: {len(real.refused)} refused {real.refused}, "
            f"{len(real.bone_missing)} with a bone missing {real.bone_missing}",
            "how far the age moves, months:",
            Table(
                ("change", "n", "lost", "warned", "median", "95 %", "unwarned median"),
                [*moved, ("all", every.n, None, None, every.median_months, every.p95_months, None)],
            ).aligned(),
            table_of(figures.non_hands).aligned(),
        ]
    )
