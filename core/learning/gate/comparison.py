"""Computes every difference between two models on the same films, with a bootstrap interval over the films.

The films are drawn with both models' answers (paired bootstrap, percentiles), so that what is hard for both cancels out.
Changed films of one hand, which mostly move together, are drawn with their hand (cluster bootstrap): drawn one by one, 15 to 25
in 100 made-up pairs of models that were alike were called worse under stress; drawn with their hand, for eight hands, it was 5
to 6. Pictures that show no hand are drawn one by one, though those of a kind go together: with so few kinds, only a model that
accepts nearly all of them would be called worse. A measure is better or worse where its whole interval lies on one side of
zero. Intervals are 95 %, except for the 13 bones, which are looked at together: theirs are 1 - 0.05 / 13 (Bonferroni). Of
made-up pairs of models that were alike, on 30 and on 60 films, 8 to 13 in 100 were called worse in something, and so refused:
the gate errs towards the live model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.agreement.measures import LEAST_FILMS, share_beyond_chance
from core.bones import RUS_BONES
from core.evaluation.uncertainty import bootstrap_of_rows
from core.learning.gate.judging import Answers, Judged, Stressed
from core.learning.gate.report import Difference, GateVerdict, Group, kappa_title
from core.standards import INTERVAL_COVERAGE

_LEVEL: Final = 0.95
_LEVEL_OF_A_BONE: Final = 1 - (1 - _LEVEL) / len(RUS_BONES)
#: With this many resamples, about eight lie beyond each end of a bone's interval.
RESAMPLES: Final = 4000
_SEED: Final = 1
#: Differences below this are rounding.
_TINY: Final = 1e-9

#: Positions of films, resamples x films -> one value for each resample.
_Statistic = Callable[[NDArray[np.intp]], NDArray[np.float64]]


@dataclass(frozen=True)
class _Measure:
    """A measure of both models on `rows` films; see Difference."""

    key: str
    group: Group
    title: str
    unit: str
    higher_is_better: bool
    rows: int
    live: _Statistic
    candidate: _Statistic
    level: float = _LEVEL

    def difference(self) -> Difference:
        """Returns the difference with its interval and verdict."""
        everything = np.arange(self.rows)[None]
        live, candidate = (float(of(everything)[0]) for of in (self.live, self.candidate))
        interval = bootstrap_of_rows(
            lambda rows: self.candidate(rows) - self.live(rows),
            self.rows,
            level=self.level,
            resamples=RESAMPLES,
            seed=_SEED,
        )
        low, high = interval if self.higher_is_better else (-interval[1], -interval[0])
        verdict: GateVerdict = "better" if low > _TINY else "worse" if high < -_TINY else "no difference"
        rounded = (round(interval[0], 4), round(interval[1], 4))
        return Difference(
            self.key, self.group, self.title, self.unit, self.higher_is_better, self.rows, round(live, 4),
            round(candidate, 4), round(candidate - live, 4), rounded, self.level, verdict,
        )  # fmt: skip

    def not_compared(self, remark: str) -> Difference:
        """Returns a difference without a verdict, where there is too little to tell."""
        return Difference(
            self.key, self.group, self.title, self.unit, self.higher_is_better, self.rows, None, None, None, None, self.level,
            "not compared", remark,
        )  # fmt: skip


def differences_on_gold(films: Judged) -> tuple[Difference, ...]:
    """Compares ages, grades, intervals and refusals on films with a gold reading."""
    return (
        *_of_ages(films, "gold", "gold films"),
        _age_errors("gold_table_age", "gold", "RUS-CHN age, mean error on gold films", films.table_months,
                    films.live.table_months, films.candidate.table_months),
        _mean_kappa(films),
        *(_kappa(films, position, bone) for position, bone in enumerate(RUS_BONES)),
        _shares(
            "gold_bones_missing", "gold", "Bones of gold films without a grade", films.gold >= 0,
            films.live.grades < 0, films.candidate.grades < 0,
        ),
    )  # fmt: skip


def differences_on_val(films: Judged) -> tuple[Difference, ...]:
    """Compares ages, intervals and refusals on films with a radiologists' age."""
    return _of_ages(films, "val", "labelled hands")


def differences_under_stress(films: Stressed) -> tuple[Difference, ...]:
    """Compares how far the age moves on other films of the same hands, and how many pictures without a hand get an age."""
    sides = (films.live, films.candidate)
    kept = ~np.isnan(films.live) & ~np.isnan(films.candidate)
    moved = _drawn_whole(
        "stress_moved", "stress", "Stress: months that the age moves on another film of the hand", "months", kept.sum(-1),
        *(np.where(kept, months, 0.0).sum(-1) for months in sides),
    )  # fmt: skip
    lost = _drawn_whole(
        "stress_lost", "stress", "Stress: films of the hand without an age", "share",
        np.full(len(films.live), films.live.shape[1]), *(np.isnan(months).sum(-1) for months in sides),
    )  # fmt: skip
    taken = [(np.arange(films.non_hands) < count).astype(float) for count in (films.live_taken, films.candidate_taken)]
    non_hands = _means(
        "stress_non_hands", "stress", "Stress: pictures without a hand that get an age", "share", *taken,
        higher_is_better=False,
    )  # fmt: skip
    return moved, lost, _compared(non_hands)


def _of_ages(films: Judged, group: Group, where: str) -> tuple[Difference, ...]:
    known = ~np.isnan(films.months)
    return (
        _age_errors(f"{group}_age", group, f"Bone age, mean error on {where}", films.months, films.live.months,
                    films.candidate.months),
        _coverage(films, group, where),
        _shares(f"{group}_unanswered", group, f"Films without an age among {where}", known | (films.gold >= 0).any(1),
                np.isnan(films.live.months), np.isnan(films.candidate.months)),
    )  # fmt: skip


def _age_errors(
    key: str,
    group: Group,
    title: str,
    known: NDArray[np.float64],
    live: NDArray[np.float64],
    candidate: NDArray[np.float64],
) -> Difference:
    """Compares the age errors on the films that both models give an age."""
    rows = ~np.isnan(known) & ~np.isnan(live) & ~np.isnan(candidate)
    errors = [np.abs(months[rows] - known[rows]) for months in (live, candidate)]
    return _compared(_means(key, group, title, "months", *errors, higher_is_better=False))


def _coverage(films: Judged, group: Group, where: str) -> Difference:
    """Compares the share of intervals that contain the age. Too few are worse; more is not counted as better, since wider
    intervals contain more."""
    rows = ~np.isnan(films.months) & ~np.isnan(films.live.months) & ~np.isnan(films.candidate.months)
    held = [_held(answers, films.months)[rows] for answers in (films.live, films.candidate)]
    title = f"90 % intervals that contain the age of {where}"
    found = _compared(_means(f"{group}_coverage", group, title, "share", *held, higher_is_better=True))
    if found.verdict == "better":
        return _with(found, "no difference", "Wider intervals contain more ages; that alone is no improvement.")
    if found.verdict == "worse" and found.candidate is not None and found.candidate >= INTERVAL_COVERAGE:
        return _with(found, "no difference", "Fewer than before, but still at least the 90 % required.")
    return found


def _with(found: Difference, verdict: GateVerdict, remark: str) -> Difference:
    return replace(found, verdict=verdict, remark=remark)


def _held(answers: Answers, months: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = answers.interval90.T
    return np.asarray((low <= months) & (months <= high), float)


def _shares(
    key: str,
    group: Group,
    title: str,
    counted: NDArray[np.bool_],
    live: NDArray[np.bool_],
    candidate: NDArray[np.bool_],
) -> Difference:
    """Compares the share without an answer among the n films, or n x 13 bones, that count; films are drawn whole."""
    parts = ((lost & counted).reshape(len(counted), -1).sum(1) for lost in (live, candidate))
    return _drawn_whole(key, group, title, "share", counted.reshape(len(counted), -1).sum(1), *parts)


def _drawn_whole(
    key: str,
    group: Group,
    title: str,
    unit: str,
    counts: NDArray[np.intp],
    live: NDArray[Any],
    candidate: NDArray[Any],
) -> Difference:
    """Compares a mean, the lower the better, over n groups that are drawn whole. counts: the size of each. live, candidate:
    each group's sum; empty groups are omitted."""
    rows = counts > 0
    weight = counts[rows].astype(float)

    def mean(sums: NDArray[Any]) -> _Statistic:
        kept = sums[rows].astype(float)
        return lambda drawn: kept[drawn].sum(-1) / weight[drawn].sum(-1)

    return _compared(_Measure(key, group, title, unit, False, int(rows.sum()), mean(live), mean(candidate)))


def _means(
    key: str,
    group: Group,
    title: str,
    unit: str,
    live: NDArray[np.float64],
    candidate: NDArray[np.float64],
    *,
    higher_is_better: bool,
) -> _Measure:
    return _Measure(
        key, group, title, unit, higher_is_better, len(live),
        lambda rows: live[rows].mean(-1), lambda rows: candidate[rows].mean(-1),
    )  # fmt: skip


def _compared(measure: _Measure) -> Difference:
    return measure.difference() if measure.rows else measure.not_compared("No film to compare on.")


def _kappa(films: Judged, position: int, bone: str) -> Difference:
    rows = np.flatnonzero(_graded_by_both(films)[:, position])
    measure = _Measure(
        f"gold_kappa_{bone}", "bones", kappa_title(bone), "kappa", True, len(rows),
        _kappa_of(films.gold[rows, position], films.live.grades[rows, position]),
        _kappa_of(films.gold[rows, position], films.candidate.grades[rows, position]), _LEVEL_OF_A_BONE,
    )  # fmt: skip
    if not _eligible(films, position):
        return measure.not_compared(
            f"It needs {LEAST_FILMS} gold films with a grade of this bone, of at least two grades."
        )
    return measure.difference()


def _mean_kappa(films: Judged) -> Difference:
    """Compares the mean over the bones for which kappa can be worked out."""
    bones = [position for position in range(len(RUS_BONES)) if _eligible(films, position)]
    graded = _graded_by_both(films)

    def mean(answers: Answers) -> _Statistic:
        each = [
            _kappa_of(films.gold[:, bone], answers.grades[:, bone], graded[:, bone].astype(float)) for bone in bones
        ]
        return lambda rows: np.asarray(np.mean([kappa(rows) for kappa in each], axis=0))

    measure = _Measure(
        "gold_kappa", "gold", "Weighted kappa, mean of the bones", "kappa", True, len(films.gold), mean(films.live),
        mean(films.candidate),
    )  # fmt: skip
    if not bones:
        return measure.not_compared(f"No bone has {LEAST_FILMS} gold films of at least two grades.")
    return measure.difference()


def _graded_by_both(films: Judged) -> NDArray[np.bool_]:
    return (films.gold >= 0) & (films.live.grades >= 0) & (films.candidate.grades >= 0)


def _eligible(films: Judged, position: int) -> bool:
    graded = films.gold[_graded_by_both(films)[:, position], position]
    return len(graded) >= LEAST_FILMS and len(np.unique(graded)) > 1


def _kappa_of(gold: NDArray[np.int8], given: NDArray[np.int8], weight: NDArray[np.float64] | None = None) -> _Statistic:
    """Quadratic-weighted kappa, see core.agreement.measures.kappa_of_two; 1 where both gave only one and the same grade.

    weight: n; 0 omits a film.
    """
    counted = np.ones(len(gold)) if weight is None else weight
    one, other = gold.astype(float), given.astype(float)
    moments = np.stack([(one - other) ** 2, one, other, one**2 + other**2]) * counted

    def kappa(rows: NDArray[np.intp]) -> NDArray[np.float64]:
        total = np.maximum(counted[rows].sum(-1), 1)
        value = share_beyond_chance([_sum(part, rows) / total for part in moments])
        return np.where(np.isnan(value), 1.0, value)

    return kappa


def _sum(part: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(part[rows].sum(-1))
