"""Opinions on the ages of hands by networks that never saw them: a table, and labels averaged with it."""

import csv
import dataclasses
import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.cohort.crop_store import LabelledHands
from core.cohort.films import DataFolderError, read_table
from core.cohort.settings import keep_settings

_HINT = "Name the table that `python -m core train opinions` wrote."
_COLUMNS = ("id", "months", "unseen_by")
_HASH = frozenset("0123456789abcdef")
_Hands = TypeVar("_Hands", bound=LabelledHands)


@dataclass(frozen=True)
class Opinion:
    """The mean opinion on one hand of networks that were not trained on it. unseen_by: the SHA-256 of their weights.

    Raises ValueError where months is not a number above 0 or no network is named.
    """

    id: str
    months: float
    unseen_by: tuple[str, ...]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.months) and self.months > 0):
            raise ValueError("an opinion is a number of months above 0")
        if not self.unseen_by or any(len(name) != 64 or not set(name) <= _HASH for name in self.unseen_by):
            raise ValueError("an opinion names the SHA-256 of each network, none of which has seen the hand")


@dataclass(frozen=True)
class Opinions:
    """A table of opinions and the weight that they have in labels: (1 - weight) times the reading, weight times the opinion.

    Raises DataFolderError where the weight is not above 0 and at most 1.
    """

    table: Path
    weight: float

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1:
            raise DataFolderError(f"Opinions count with a weight above 0 and up to 1, not {self.weight:g}.")

    def averaged(self, *groups: _Hands) -> tuple[_Hands, ...]:
        """The groups of hands with averaged labels; a hand without an opinion keeps its reading.

        Raises DataFolderError as read_opinions does, and where there is an opinion on none of them.
        """
        said = {opinion.id: opinion.months for opinion in read_opinions(self.table)}
        if not any(film_id in said for hands in groups for film_id in hands.ids.tolist()):
            raise DataFolderError(f"{self.table} has no opinion on any hand that is trained on: name another table.")
        return tuple(self._averaged(hands, said) for hands in groups)

    def _averaged(self, hands: _Hands, said: Mapping[str, float]) -> _Hands:
        readings = zip(hands.ids.tolist(), hands.months.tolist(), strict=True)
        labels = [(1 - self.weight) * months + self.weight * said.get(film_id, months) for film_id, months in readings]
        return dataclasses.replace(hands, months=np.array(labels, np.float32))


def settle_opinions(folder: Path, opinions: Opinions | None) -> None:
    """Records the opinions, if any, that a run folder was begun with; see core.cohort.settings.keep_settings."""
    said: dict[str, str | float | None] = {"table of opinions": None, "weight of opinions": None}
    if opinions is not None:
        read_opinions(opinions.table)
        sha256 = hashlib.sha256(opinions.table.read_bytes()).hexdigest()
        said = {"table of opinions": sha256, "weight of opinions": opinions.weight}
    keep_settings(folder / "opinions.json", said)


def write_opinions(path: Path, opinions: Iterable[Opinion]) -> None:
    """Writes the table: id, months, and the networks' hashes joined by +."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        rows.writerows((one.id, f"{one.months:.2f}", "+".join(one.unseen_by)) for one in opinions)


def read_opinions(path: Path) -> list[Opinion]:
    """Reads what write_opinions wrote. Raises DataFolderError where a row is not an opinion of a network that never saw the
    hand."""
    table = read_table(path, _COLUMNS, _HINT, empty=False)
    opinions = []
    for film_id, months, unseen_by in zip(table["id"], table["months"], table["unseen_by"], strict=True):
        try:
            opinions.append(Opinion(str(film_id), float(months), tuple(filter(None, str(unseen_by).split("+")))))
        except ValueError as error:
            raise DataFolderError(
                f"{path} cannot be used: {error}, which its row of hand {film_id} does not. {_HINT}"
            ) from error
    return opinions
