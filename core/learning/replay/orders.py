"""In which order films are read in a replay: as the queue offers them, at random, and others that were tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.learning.replay.reader import Graded
from core.ledger.gain import Hardness, bone_uncertainty, expected_gain
from core.standards import GRADE_COUNTS

#: The least certain film first, as the queue offers them.


class Ordering(StrEnum):
    """An order to read in."""

    QUEUE = "queue"
    RANDOM = "random"
    OPINIONS = "opinions"
    OPINIONS_AGE = "opinions_age"
    BONES_AGE = "bones_age"
    AGES = "ages"


TITLES: Final[Mapping[Ordering, str]] = MappingProxyType(
    {
        Ordering.QUEUE: "queue's order",
        Ordering.RANDOM: "random order",
        Ordering.OPINIONS: "opinions apart",
        Ordering.OPINIONS_AGE: "opinions apart, by age",
        Ordering.BONES_AGE: "bones apart, by age",
        Ordering.AGES: "ages even",
    }
)


@dataclass(frozen=True)
class Unread:
    """N hands that nobody has read, as the start model sees them. opinions: N months of the whole hand, NaN for none."""

    said: Graded
    latents: NDArray[np.float32]
    female: NDArray[np.int64]
    opinions: NDArray[np.float64]


#: Hands and a seed -> the hands' places, the first to be read first.
Order = Callable[[Unread, int], NDArray[np.int64]]


def gains(hands: Unread) -> NDArray[np.float64]:
    """N, as core.ledger keeps them of films that nobody has read."""
    weights, none = Hardness.none().weights(), np.zeros(len(RUS_BONES))
    return np.array([expected_gain(uncertainty_of(one), none, weights) for one in hands.said.probabilities])


def uncertainty_of(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
    by_bone = {bone: row[: GRADE_COUNTS[bone] + 1] for bone, row in zip(RUS_BONES, probabilities, strict=True)}
    return bone_uncertainty(by_bone)


def _queue(hands: Unread, seed: int) -> NDArray[np.int64]:
    return np.argsort(-gains(hands), kind="stable")


def _random(hands: Unread, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 11]).permutation(len(hands.female))


def _strata(hands: Unread) -> NDArray[np.int64]:
    return np.asarray(hands.said.months // 24 * 2 + hands.female, np.int64)


def _in_turns(scores: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best of each group, then each group's second, ..."""
    place = np.zeros(len(scores), np.int64)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        place[rows[np.argsort(-scores[rows], kind="stable")]] = np.arange(len(rows))
    return np.lexsort((-scores, place))


def _in_proportion(scores: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The best of each group, as many of each group as it has of all."""
    place = np.zeros(len(scores))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        place[rows[np.argsort(-scores[rows], kind="stable")]] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.argsort(place, kind="stable")


def _bones_apart(hands: Unread) -> NDArray[np.float64]:
    return hands.latents.std(1).astype(float)


def _opinions_apart(hands: Unread) -> NDArray[np.float64]:
    return np.nan_to_num(np.abs(hands.said.months - hands.opinions))


ORDERS: Final[Mapping[Ordering, Order]] = MappingProxyType(
    {
        Ordering.QUEUE: _queue,
        Ordering.RANDOM: _random,
        Ordering.OPINIONS: lambda hands, seed: np.argsort(-_opinions_apart(hands), kind="stable"),
        Ordering.OPINIONS_AGE: lambda hands, seed: _in_proportion(_opinions_apart(hands), _strata(hands)),
        Ordering.BONES_AGE: lambda hands, seed: _in_proportion(_bones_apart(hands), _strata(hands)),
        Ordering.AGES: lambda hands, seed: _in_turns(
            np.random.default_rng([seed, 12]).random(len(hands.female)), _strata(hands)
        ),
    }
)
