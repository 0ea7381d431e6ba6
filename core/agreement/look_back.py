"""How a reader did on the gold films that were hidden among theirs: their own grades next to gold's, bone by bone.

A gold film is revealed to its reader only after a sitting: every ten films that the reader has judged whole make one,
in the order in which they became whole; so do those that remain when the queue has nothing more for the reader. What is
compared is the reading as it was when it first was whole. So nobody learns anything about a film that they have not
read, closing and opening the page changes nothing, and nothing said later improves a reader's results.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.access.roles import Reader
from core.agreement.measures import Kappa, kappa_of_two
from core.agreement.pairing import judged
from core.agreement.table import ReadingTable
from core.bones import RUS_BONES
from core.intake.crop_shelf import CropShelf
from core.ledger import Ledger, fold
from core.ledger.queue.reading_queue import counts

#: Films judged whole that make a sitting.
SITTING_FILMS: Final = 10


@dataclass(frozen=True)
class BoneBeside:
    """One bone on one film. own, gold: RUS-CHN grades, or UNREADABLE, or, for gold only, UNJUDGED."""

    bone: str
    own: int
    gold: int

    @property
    def difference(self) -> int | None:
        """Own grade minus gold's; None where either has none."""
        return self.own - self.gold if self.own >= 0 and self.gold >= 0 else None


@dataclass(frozen=True)
class FilmBeside:
    """One gold film, all 13 bones in RUS_BONES order."""

    film_id: int
    bones: tuple[BoneBeside, ...]

    @property
    def differing(self) -> int:
        """How many bones were graded differently."""
        return sum(bool(one.difference) for one in self.bones)


@dataclass(frozen=True)
class BoneResult:
    """One bone over the gold films. kappa: own grades against gold's, and how many films both graded. exact: fraction with
    the same grade; bias: mean of own grade minus gold's, in grades; None without such a film."""

    bone: str
    kappa: Kappa
    exact: float | None
    bias: float | None


@dataclass(frozen=True)
class LookBack:
    """What a reader may see. whole: how many films they have judged whole. to_go: how many more will end the current
    sitting. films: gold films of the sittings that are over, the last one first. bones: over all of them, in RUS_BONES
    order."""

    whole: int
    to_go: int
    films: tuple[FilmBeside, ...]
    bones: tuple[BoneResult, ...]


def look_back(table: ReadingTable, ledger: Ledger, reader: Reader) -> LookBack:
    """The reader's own results on hidden gold films; nobody sees another's here."""
    whole, over = _whole(table, reader), _over(table, ledger, reader)
    golden = over[~table.knows_gold[over] & judged(table.gold[table.film[over]]).any(1)]
    own, gold = table.blind[golden], table.gold[table.film[golden]]
    films = [
        FilmBeside(
            int(film_id),
            tuple(BoneBeside(bone, int(o), int(g)) for bone, o, g in zip(RUS_BONES, mine, theirs, strict=True)),
        )
        for film_id, mine, theirs in zip(table.film_ids[table.film[golden]], own, gold, strict=True)
    ]
    return LookBack(
        whole=len(whole),
        to_go=SITTING_FILMS - len(whole) % SITTING_FILMS,
        films=tuple(reversed(films)),
        bones=tuple(_result(bone, own[:, place], gold[:, place]) for place, bone in enumerate(RUS_BONES)),
    )


def of_sittings_over(table: ReadingTable, ledger: Ledger, reader: Reader) -> ReadingTable:
    """The table with only those of the reader's blind readings whose sitting is over, so that no score on gold films
    reveals whether the film just read is one."""
    blind_at = table.blind_at.copy()
    blind_at[np.setdiff1d(_whole(table, reader), _over(table, ledger, reader))] = 0
    return replace(table, blind_at=blind_at)


def pictures(ledger: Ledger, film: FilmBeside) -> Mapping[str, bytes]:
    """Crops of the film's bones as PNG files, cut where the gold reading has them; none where pixels are not kept.

    film: of a LookBack, so of one that its reader may see. Raises core.ledger.DamagedStore.
    """
    gold = fold(ledger.history(film.film_id)).gold_reading() or {}
    kept = CropShelf(ledger).crops(ledger.film(film.film_id), ledger.prediction(film.film_id), gold)
    return {bone: crop.png for bone, crop in kept.items()}


def _whole(table: ReadingTable, reader: Reader) -> NDArray[np.intp]:
    """The reader's whole readings, in the order in which they became whole."""
    rows = table.readings_of(reader.name)
    rows = rows[table.blind_at[rows] > 0]
    return rows[np.argsort(table.blind_at[rows])]


def _over(table: ReadingTable, ledger: Ledger, reader: Reader) -> NDArray[np.intp]:
    """The reader's whole readings of sittings that are over."""
    rows = _whole(table, reader)
    rest = len(rows) % SITTING_FILMS
    return rows[: len(rows) - rest] if rest and counts(ledger, reader.name).to_read else rows


def _result(bone: str, own: NDArray[np.int8], gold: NDArray[np.int8]) -> BoneResult:
    both = (own >= 0) & (gold >= 0)
    apart = own[both].astype(np.int64) - gold[both]
    return BoneResult(
        bone=bone,
        kappa=kappa_of_two(own, gold),
        exact=float((apart == 0).mean()) if len(apart) else None,
        bias=float(apart.mean()) if len(apart) else None,
    )
