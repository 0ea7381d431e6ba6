"""How much can be learned from reading a film: most where its bones contradict one another or readers disagree, above
all on the hard bones."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.ledger.records import Correction, Reading
from core.standards.maturity import grade_starts

#: 13 numbers, one for each bone in RUS_BONES order.
PerBone = NDArray[np.float64]
#: A number for each grade 0..n of a bone.
PerGrade = NDArray[np.float64]

#: Years of maturity between a bone and its hand beyond which a greater difference no longer matters.
FARTHEST: Final = 5.0

#: What readers found hard counts against this many comparisons, and timed readings, in which all bones were alike; so
#: the weights are equal at first and change slowly.
_PRIOR = 20.0


@dataclass(frozen=True)
class Hardness:
    """Sums over the whole ledger, by bone. pairs: comparisons of two readers on one film. disagreement: summed over them.
    timed: verdicts that took some time. seconds: summed over these."""

    pairs: PerBone
    disagreement: PerBone
    timed: PerBone
    seconds: PerBone

    @classmethod
    def none(cls) -> Self:
        """All sums zero: nobody has read anything yet."""
        return cls(*(np.zeros(len(RUS_BONES)) for _ in range(4)))

    def __add__(self, other: Self) -> Self:
        return type(self)(*(mine + theirs for mine, theirs in zip(self._sums(), other._sums(), strict=True)))

    def __sub__(self, other: Self) -> Self:
        return type(self)(*(mine - theirs for mine, theirs in zip(self._sums(), other._sums(), strict=True)))

    def to_list(self) -> list[list[float]]:
        """The four sums as JSON-ready values."""
        return [sums.tolist() for sums in self._sums()]

    @classmethod
    def from_list(cls, sums: Sequence[Sequence[float]]) -> Self:
        """The sums that `to_list` gave."""
        return cls(*(np.array(one, np.float64) for one in sums))

    def weights(self) -> PerBone:
        """How much each bone counts, 13 numbers that sum to 1: half by how much readers disagree on it, half by how long
        it takes them, each relative to the average bone. All equal before there are readings."""
        relative = (_relative(self.disagreement, self.pairs) + _relative(self.seconds, self.timed)) / 2
        weights: PerBone = relative / relative.sum()
        return weights

    def _sums(self) -> tuple[PerBone, PerBone, PerBone, PerBone]:
        return self.pairs, self.disagreement, self.timed, self.seconds


def bones_apart(probabilities: Mapping[str, Sequence[float] | NDArray[np.floating[Any]]]) -> PerBone:
    """How far each bone's maturity lies from the hand's, the median of its bones: 0 in line, 1 for FARTHEST years or more and
    for a bone that was not found. probabilities: of the grades 0..n, by bone.

    Grade 0 and the last grade are open-ended: each stands for the maturity nearest to the hand's that it allows.
    """
    apart = np.ones(len(RUS_BONES))
    graded = {place: np.array(probabilities[bone]) for place, bone in enumerate(RUS_BONES) if bone in probabilities}
    if not graded:
        return apart
    middles = _middles()
    hand = float(np.median([shares @ middles[place] for place, shares in graded.items()]))
    for place, shares in graded.items():
        starts = grade_starts(RUS_BONES[place])
        stands_for = np.concatenate([[min(hand, starts[0])], middles[place][1:-1], [max(hand, starts[-1])]])
        apart[place] = min(abs(float(shares @ stands_for) - hand) / FARTHEST, 1.0)
    return apart


@functools.cache
def _middles() -> tuple[PerGrade, ...]:
    """The maturity in the middle of each grade 0..n of each bone; open-ended grades count as wide as their neighbour."""
    middles = []
    for bone in RUS_BONES:
        starts = np.array(grade_starts(bone))
        edges = np.concatenate([[2 * starts[0] - starts[1]], starts, [2 * starts[-1] - starts[-2]]])
        middles.append((edges[1:] + edges[:-1]) / 2)
    return tuple(middles)


def disagreement_of(mine: Correction, theirs: Correction) -> float:
    """How far apart two verdicts on one bone are, 0..1: n grades are n / (n + 1); "cannot be read" against a grade is 1."""
    if mine.grade is None or theirs.grade is None:
        return float(mine.grade != theirs.grade)
    steps = abs(mine.grade - theirs.grade)
    return steps / (steps + 1)


def comparisons(readings: Mapping[str, Reading]) -> Hardness:
    """All comparisons of two readers on one film; without times."""
    found = Hardness.none()
    for mine, theirs in combinations(readings.values(), 2):
        for place, bone in enumerate(RUS_BONES):
            if bone in mine and bone in theirs:
                found.pairs[place] += 1
                found.disagreement[place] += disagreement_of(mine[bone], theirs[bone])
    return found


def reading_times(corrections: Sequence[Correction]) -> Hardness:
    """Sums of the verdicts' seconds; verdicts that took none say nothing about how hard a bone is."""
    found = Hardness.none()
    for correction in corrections:
        if correction.seconds > 0:
            found.timed[RUS_BONES.index(correction.bone)] += 1
            found.seconds[RUS_BONES.index(correction.bone)] += correction.seconds
    return found


def mean_disagreement(compared: Hardness) -> PerBone:
    """The mean disagreement by bone, 0..1; 0 where fewer than two readers judged it."""
    mean: PerBone = compared.disagreement / np.maximum(compared.pairs, 1.0)
    return mean


def expected_gain(apart: PerBone, disagreement: PerBone, weights: PerBone) -> float:
    """What reading a film once more should teach: the weighted mean over the bones of how far apart they lie (0..1) times one
    plus the readers' disagreement (0..1). 0..2; weights as `Hardness.weights` gives them.

    The model's uncertainty about a grade is not used: it is greatest at the ages at which grades lie close together,
    whether the model is right or not, and films chosen by it teach a model less (docs/learning_measured.md, "Replay")."""
    return float(weights @ (apart * (1.0 + disagreement)))


def _relative(sums: PerBone, counts: PerBone) -> PerBone:
    """Each bone's mean relative to the mean of all, drawn towards 1 where there are few counts."""
    if counts.sum() == 0 or sums.sum() <= 0:
        return np.ones(len(RUS_BONES))
    overall = sums.sum() / counts.sum()
    mean: PerBone = (sums + _PRIOR * overall) / (counts + _PRIOR)
    relative: PerBone = mean / overall
    return relative
