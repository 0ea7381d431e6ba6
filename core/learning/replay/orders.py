"""The orders in which films are read in a replay: as the queue offers them, at random, and others that were tried."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.learning.replay.reader import Graded
from core.ledger.queue.gain import Hardness, bones_apart, expected_gain
from core.standards import GRADE_COUNTS


class Ordering(StrEnum):
    """An order to read in.

    QUEUE: expected gain, as core.ledger keeps it for films that nobody has read. OPINIONS: first where the bones' age lies
    farthest from the whole hand's. UNSURE: first where the model is least sure of the grades.
    """

    QUEUE = "queue"
    RANDOM = "random"
    OPINIONS = "opinions"
    UNSURE = "unsure"


TITLES: Final[Mapping[Ordering, str]] = MappingProxyType(
    {
        Ordering.QUEUE: "queue's order",
        Ordering.RANDOM: "random order",
        Ordering.OPINIONS: "opinions apart",
        Ordering.UNSURE: "grades unsure",
    }
)


@dataclass(frozen=True)
class Unread:
    """N hands that nobody has read, as the start model sees them. opinions: N ages in months from the whole hand, NaN for
    none."""

    said: Graded
    opinions: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.opinions)

    @property
    def gains(self) -> NDArray[np.float64]:
        """N expected gains, as core.ledger keeps them for films that nobody has read."""
        weights, none = Hardness.none().weights(), np.zeros(len(RUS_BONES))
        return np.array([expected_gain(bones_apart(_by_bone(one)), none, weights) for one in self.said.probabilities])

    @property
    def opinions_apart(self) -> NDArray[np.float64]:
        """N, the months between the bones' age and the whole hand's; 0 without an opinion."""
        return np.nan_to_num(np.abs(self.said.months - self.opinions))

    @property
    def unsure(self) -> NDArray[np.float64]:
        """N, the entropy of the grades as a share of its maximum, averaged over the bones."""
        return np.array([np.mean([_entropy(p) for p in _by_bone(one).values()]) for one in self.said.probabilities])


def _by_bone(probabilities: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    rows = zip(RUS_BONES, probabilities, strict=True)
    return {bone: row[: GRADE_COUNTS[bone] + 1] for bone, row in rows}


def _entropy(shares: NDArray[np.float32]) -> float:
    p = shares.astype(np.float64)
    return -float(np.sum(p * np.log(np.maximum(p, 1e-300)))) / math.log(len(p))


def _highest_first(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.argsort(-scores, kind="stable")


#: Hands and a seed -> the hands' places, the first to be read first.
ORDERS: Final[Mapping[Ordering, Callable[[Unread, int], NDArray[np.int64]]]] = MappingProxyType(
    {
        Ordering.QUEUE: lambda hands, seed: _highest_first(hands.gains),
        Ordering.RANDOM: lambda hands, seed: np.random.default_rng([seed, 11]).permutation(len(hands)),
        Ordering.OPINIONS: lambda hands, seed: _highest_first(hands.opinions_apart),
        Ordering.UNSURE: lambda hands, seed: _highest_first(hands.unsure),
    }
)
