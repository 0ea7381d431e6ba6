"""Compares readers with each other, with the model and with the gold readings, and says how long they take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.agreement.measures import (
    AgeDifferences,
    Kappa,
    Times,
    age_differences,
    confusion,
    kappa_of_many,
    kappa_of_two,
    times,
)
from core.agreement.pairing import GOLD, MODEL, Pair, Paired, Voice, VoiceGrades, judged, judged_readings, paired
from core.agreement.table import UNJUDGED, UNREADABLE, Ages, AgeScale, Calibration, ReadingTable, ages_of
from core.bones import RUS_BONES
from core.standards import grade_count

#: A film or a bone that took longer was left open while the reader was away. Bone-by-bone reading takes about 8 minutes
#: per film (King et al. 1994, Br J Radiol 67:848).
LONGEST_FILM_SECONDS: Final = 1800.0
LONGEST_BONE_SECONDS: Final = 300.0


@dataclass(frozen=True)
class BoneAgreement:
    """Two voices on one bone.

    confusion: films by pair of RUS-CHN grades 0..n, rows the first voice's. exact, within_one: of the films that both
    graded, the fraction with the same grade, and with grades at most one apart; None without films. unreadable: films that
    at least one of them called unreadable, which count in nothing else.
    """

    bone: str
    kappa: Kappa
    confusion: NDArray[np.int64]
    exact: float | None
    within_one: float | None
    unreadable: int


@dataclass(frozen=True)
class AgePairs:
    """Both voices' ages, in months, of the films for which both have one.

    film_ids, first, second: n each. incomplete, mature, below: films left out because a bone has no grade, else because a
    total is 1000, else because one is below the table.
    """

    film_ids: NDArray[np.int64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    differences: AgeDifferences
    incomplete: int
    mature: int
    below: int


@dataclass(frozen=True)
class Comparison:
    """Two voices on the films that both judged.

    bones: all 13 in RUS_BONES order. mean_kappa: over the bones that have one, None if none has. exact, within_one: over
    all bones. accepted: fraction of a reader's grades that were taken over from the model unchanged; None between readers.
    """

    pair: Pair
    bones: Mapping[str, BoneAgreement]
    mean_kappa: float | None
    exact: float | None
    within_one: float | None
    accepted: float | None
    ages: AgePairs


@dataclass(frozen=True)
class GoldScore:
    """One voice's blind readings against the gold readings.

    films: judged by both. bones: graded by both. unreadable: bones that have a gold grade and that this voice called
    unreadable. exact, within_one, grade_error (mean absolute difference in grades): over the bones; None without any.
    mean_kappa: over the bones that have one. ages: this voice minus gold.
    """

    voice: Voice
    films: int
    bones: int
    unreadable: int
    exact: float | None
    within_one: float | None
    mean_kappa: float | None
    grade_error: float | None
    ages: AgeDifferences


@dataclass(frozen=True)
class ReadingTimes:
    """How long one reader takes. films: with all 13 bones judged; unfinished: the others. bones: each that was judged."""

    reader: str
    films: Times
    unfinished: int
    bones: Times


def compare(
    table: ReadingTable, first: Voice, second: Voice, scale: AgeScale, calibration: Calibration | None = None
) -> Comparison:
    """Compares a reader (first) with another reader or the model (second); see ages_of for scale and calibration."""
    both = paired(table, first, second)
    bones = {bone: _on_bone(bone, both, place) for place, bone in enumerate(RUS_BONES)}
    apart = _apart(both)
    graded = (both.first.grades >= 0) & (both.second.grades >= 0)
    taken_over = None
    if second == MODEL and both.first.accepted is not None:
        taken_over = _share(both.first.accepted[graded])
    return Comparison(
        pair=Pair(first, second, len(both.film)),
        bones=bones,
        mean_kappa=mean_kappa([one.kappa for one in bones.values()]),
        exact=_share(apart == 0),
        within_one=_share(apart <= 1),
        accepted=taken_over,
        ages=_age_pairs(table, both, scale, calibration),
    )


def pooled_kappas(table: ReadingTable) -> dict[str, Kappa]:
    """By bone, kappa over all pairs of readers without saying whose; each film with at least two readers counts once."""
    rows = np.flatnonzero(judged(table.grades).any(1))
    rows = rows[np.argsort(table.film[rows], kind="stable")]
    films, starts, counts = np.unique(table.film[rows], return_index=True, return_counts=True)
    # Each reading gets the next free place in its film's row.
    line = np.repeat(np.arange(len(films)), counts)
    place = np.arange(len(rows)) - np.repeat(starts, counts)
    grades = np.full((len(films), int(counts.max(initial=1)), len(RUS_BONES)), UNJUDGED, np.int8)
    grades[line, place] = table.grades[rows]
    several = grades[counts >= 2]
    return {bone: kappa_of_many(several[:, :, i]) for i, bone in enumerate(RUS_BONES)}


def gold_scores(table: ReadingTable, scale: AgeScale, calibration: Calibration | None = None) -> list[GoldScore]:
    """Each reader's score on the gold films that this reader read blindly, by name, and then the model's.

    Voices without such a film are left out.
    """
    voices = [*(Voice("reader", name) for name in sorted(table.readers)), MODEL]
    return [
        _gold_score(table, voice, both, scale, calibration)
        for voice, both in ((voice, paired(table, voice, GOLD)) for voice in voices)
        if len(both.film)
    ]


def reading_times(table: ReadingTable) -> list[ReadingTimes]:
    """How long each reader takes, by name; readers who judged nothing are left out."""
    answer = []
    for name in sorted(table.readers):
        rows = judged_readings(table, name)
        if len(rows) == 0:
            continue
        said = judged(table.grades[rows])
        finished = said.all(1)
        answer.append(
            ReadingTimes(
                reader=name,
                films=times(table.seconds[rows[finished]], LONGEST_FILM_SECONDS),
                unfinished=int((~finished).sum()),
                bones=times(table.bone_seconds[rows][said], LONGEST_BONE_SECONDS),
            )
        )
    return answer


def _on_bone(bone: str, both: Paired, place: int) -> BoneAgreement:
    first, second = both.first.grades[:, place], both.second.grades[:, place]
    graded = (first >= 0) & (second >= 0)
    apart = np.abs(first[graded].astype(np.int64) - second[graded])
    return BoneAgreement(
        bone=bone,
        kappa=kappa_of_two(first, second),
        confusion=confusion(first, second, grade_count(bone) + 1),
        exact=_share(apart == 0),
        within_one=_share(apart <= 1),
        unreadable=int(((first == UNREADABLE) | (second == UNREADABLE)).sum()),
    )


def _gold_score(
    table: ReadingTable, voice: Voice, both: Paired, scale: AgeScale, calibration: Calibration | None
) -> GoldScore:
    mine, gold, apart = both.first.grades, both.second.grades, _apart(both)
    return GoldScore(
        voice=voice,
        films=len(both.film),
        bones=len(apart),
        unreadable=int(((mine == UNREADABLE) & (gold >= 0)).sum()),
        exact=_share(apart == 0),
        within_one=_share(apart <= 1),
        mean_kappa=mean_kappa([kappa_of_two(mine[:, i], gold[:, i]) for i in range(len(RUS_BONES))]),
        grade_error=float(apart.mean()) if len(apart) else None,
        ages=_age_pairs(table, both, scale, calibration).differences,
    )


def _apart(both: Paired) -> NDArray[np.int64]:
    """The difference in grades between the two, for every bone that both graded."""
    first, second = both.first.grades, both.second.grades
    graded = (first >= 0) & (second >= 0)
    apart: NDArray[np.int64] = np.abs(first[graded].astype(np.int64) - second[graded])
    return apart


def _share(which: NDArray[np.bool_]) -> float | None:
    return float(which.mean()) if which.size else None


def mean_kappa(kappas: Iterable[Kappa]) -> float | None:
    """The mean kappa over the bones that have one; None if none has."""
    values = [kappa.value for kappa in kappas if kappa.value is not None]
    return float(np.mean(values)) if values else None


def _age_pairs(table: ReadingTable, both: Paired, scale: AgeScale, calibration: Calibration | None) -> AgePairs:
    girls = table.girls[both.film]
    first, second = (_ages(side, girls, scale, calibration) for side in (both.first, both.second))
    incomplete = first.incomplete | second.incomplete
    mature = ~incomplete & (first.mature | second.mature)
    below = ~incomplete & ~mature & (first.below | second.below)
    aged = ~(incomplete | mature | below)
    return AgePairs(
        film_ids=table.film_ids[both.film[aged]],
        first=first.months[aged],
        second=second.months[aged],
        differences=age_differences(first.months[aged], second.months[aged]),
        incomplete=int(incomplete.sum()),
        mature=int(mature.sum()),
        below=int(below.sum()),
    )


def _ages(side: VoiceGrades, girls: NDArray[Any], scale: AgeScale, calibration: Calibration | None) -> Ages:
    """The ages of a side's grades; on the calibrated scale, the model's are the bone ages that it shows."""
    ages = ages_of(side.grades, girls, scale, calibration)
    if scale != "calibrated" or side.shown_months is None:
        return ages
    months = np.where(np.isfinite(ages.months), side.shown_months, np.nan)
    return Ages(months, ages.incomplete, ages.mature, ages.below)
