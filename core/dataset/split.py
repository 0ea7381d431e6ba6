"""Which part of the dataset a film belongs to: decided by its patient alone, the same in every export and every store
with the same patient keys."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from core.errors import BoneGradeError
from core.ledger import FilmRecord

SplitPart = Literal["train", "val", "test"]
PARTS: Final[tuple[SplitPart, ...]] = ("train", "val", "test")

#: Prefixed to the key, so that this split is independent of any other that hashes the same keys.
_SALT: Final = "bonegrade split 1:"


class BadShares(BoneGradeError):
    """The shares of the split do not make sense."""


@dataclass(frozen=True)
class Shares:
    """Percentages of patients in each part; they add up to 100. Raises BadShares."""

    train: int = 80
    val: int = 10
    test: int = 10

    def __post_init__(self) -> None:
        shares = (self.train, self.val, self.test)
        if min(shares) < 0 or sum(shares) != 100 or self.test == 0:
            raise BadShares(
                f"A split of {self} is not possible: give three percentages for train/val/test that add up to 100, with "
                "at least 1 for test, where the gold films go."
            )

    def __str__(self) -> str:
        return f"{self.train}/{self.val}/{self.test}"

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Parses a text like "80/10/10". Raises BadShares."""
        numbers = text.split("/")
        if len(numbers) != 3 or not all(n.strip().isdecimal() for n in numbers):
            raise BadShares(f"{text!r} is not a split: give three percentages for train/val/test, such as 80/10/10.")
        return cls(*map(int, numbers))


def split_key(film: FilmRecord) -> str:
    """What decides a film's part: its patient, or the film itself where no patient was named."""
    return film.patient_key or film.sha256


def part_of(key: str, shares: Shares) -> SplitPart:
    """The part for a patient without a gold film."""
    place = int.from_bytes(hashlib.sha256((_SALT + key).encode()).digest()[:8], "big") / 2**64 * 100
    if place < shares.train:
        return "train"
    return "val" if place < shares.train + shares.val else "test"


@dataclass(frozen=True)
class Split:
    """The split of one export. gold_keys: the keys of patients with a gold film, all of whose films are in `test`, so that
    neither training nor the choice of settings sees them. joined: by key, the one that decides in its place, where films of
    both look the same; it is that of the film that came in first."""

    shares: Shares
    gold_keys: frozenset[str]
    joined: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        shares: Shares,
        gold_films: Iterable[FilmRecord],
        near_copies: Iterable[tuple[FilmRecord, FilmRecord]] = (),
    ) -> Self:
        """The split in which these films are gold, and no two that look the same are separated."""
        joined = _joined(near_copies)
        keys = map(split_key, gold_films)
        return cls(shares, frozenset(joined.get(key, key) for key in keys), joined)

    def part(self, film: FilmRecord) -> SplitPart:
        """The film's part."""
        key = self._first(split_key(film))
        return "test" if key in self.gold_keys else part_of(key, self.shares)

    def keys(self, film: FilmRecord) -> frozenset[str]:
        """The film's key, and those of the patients whose films look the same as one of its patient's."""
        key = split_key(film)
        first = self._first(key)
        return frozenset({key, *(other for other, its_first in self.joined.items() if its_first == first)})

    def _first(self, key: str) -> str:
        return self.joined.get(key, key)


def _joined(pairs: Iterable[tuple[FilmRecord, FilmRecord]]) -> dict[str, str]:
    """By key: that of the earliest film among all that look like one another, directly or through others."""
    first: dict[str, int] = {}
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while above.get(key, key) != key:
            key = above[key]
        return key

    for pair in pairs:
        for film in pair:
            first[split_key(film)] = min(film.id, first.get(split_key(film), film.id))
        earlier, later = sorted((top(split_key(film)) for film in pair), key=first.__getitem__)
        above[later] = earlier
    return {key: top(key) for key in first}
