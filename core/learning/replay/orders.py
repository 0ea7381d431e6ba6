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
from core.ledger.gain import Hardness, PerBone, bone_uncertainty, expected_gain
from core.standards import GRADE_COUNTS


class Ordering(StrEnum):
    """An order to read in.

    QUEUE: expected gain, as core.ledger keeps it of films that nobody has read. AGES: each sex and two years of the model's
    age in turns. BONES_AGE, OPINIONS_AGE: first where the bones differ most in maturity, or the bones' age from the whole
    hand's, as many of each sex and two years of age as there are. OPINIONS: the same without a look at the age.
    """

    QUEUE = "queue"
    RANDOM = "random"
    AGES = "ages"
    BONES_AGE = "bones_age"
    OPINIONS_AGE = "opinions_age"
    OPINIONS = "opinions"


TITLES: Final[Mapping[Ordering, str]] = MappingProxyType(
    {
        Ordering.QUEUE: "queue's order",
        Ordering.RANDOM: "random order",
        Ordering.AGES: "all ages in turns",
        Ordering.BONES_AGE: "bones apart, by age",
        Ordering.OPINIONS_AGE: "opinions apart, by age",
        Ordering.OPINIONS: "opinions apart",
    }
)


@dataclass(frozen=True)
class Unread:
    """N hands that nobody has read, as the start model sees them. latents: N x 13, each bone's maturity in years. female: N.
    opinions: N months of the whole hand, NaN for none."""

    said: Graded
    latents: NDArray[np.float32]
    female: NDArray[np.int64]
    opinions: NDArray[np.float64]

    @property
    def gains(self) -> NDArray[np.float64]:
        """N, as core.ledger keeps them of films that nobody has read."""
        weights, none = Hardness.none().weights(), np.zeros(len(RUS_BONES))
        return np.array([expected_gain(_uncertainty(one), none, weights) for one in self.said.probabilities])

    @property
    def bones_apart(self) -> NDArray[np.float64]:
        """N, how far the bones' maturities scatter, in years."""
        return np.asarray(self.latents.std(1), np.float64)

    @property
    def opinions_apart(self) -> NDArray[np.float64]:
        """N, months between the bones' age and the whole hand's; 0 without an opinion."""
        return np.nan_to_num(np.abs(self.said.months - self.opinions))

    @property
    def groups(self) -> NDArray[np.int64]:
        """N, numbers of the groups of sex and two years of the model's age."""
        return np.asarray(self.said.months // 24 * 2 + self.female, np.int64)


def _uncertainty(probabilities: NDArray[np.float32]) -> PerBone:
    rows = zip(RUS_BONES, probabilities, strict=True)
    return bone_uncertainty({bone: row[: GRADE_COUNTS[bone] + 1] for bone, row in rows})


def _highest_first(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.argsort(-scores, kind="stable")


def _ranks(scores: NDArray[np.float64], groups: NDArray[np.int64], share: bool) -> NDArray[np.float64]:
    """Each one's place in its group, the highest score 0; as a share of the group, if asked."""
    ranks = np.zeros(len(scores))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        places = np.arange(len(rows))
        ranks[rows[_highest_first(scores[rows])]] = (places + 0.5) / len(rows) if share else places
    return ranks


def _random(hands: Unread, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 11]).permutation(len(hands.female))


def _ages(hands: Unread, seed: int) -> NDArray[np.int64]:
    scores = np.random.default_rng([seed, 12]).random(len(hands.female))
    return np.lexsort((-scores, _ranks(scores, hands.groups, share=False)))


def _by_age(scores: NDArray[np.float64], hands: Unread) -> NDArray[np.int64]:
    return np.argsort(_ranks(scores, hands.groups, share=True), kind="stable")


#: Hands and a seed -> the hands' places, the first to be read first.
ORDERS: Final[Mapping[Ordering, Callable[[Unread, int], NDArray[np.int64]]]] = MappingProxyType(
    {
        Ordering.QUEUE: lambda hands, seed: _highest_first(hands.gains),
        Ordering.RANDOM: _random,
        Ordering.AGES: _ages,
        Ordering.BONES_AGE: lambda hands, seed: _by_age(hands.bones_apart, hands),
        Ordering.OPINIONS_AGE: lambda hands, seed: _by_age(hands.opinions_apart, hands),
        Ordering.OPINIONS: lambda hands, seed: _highest_first(hands.opinions_apart),
    }
)
