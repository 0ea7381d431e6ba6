"""The hands that the gate compares two models on: the ledger's gold films, and labelled films of a folder."""

import hashlib
import json
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.agreement.table import UNJUDGED
from core.bones import RUS_BONES, Sex
from core.cohort.films import read_films
from core.dataset.snapshot import Snapshot
from core.dataset.split import Shares, Split
from core.film.radiograph import Radiograph, read_radiograph
from core.learning.run.record import learned_from
from core.ledger import Event, FilmRecord, Ledger


@dataclass(frozen=True)
class GateHand:
    """One film and what is known of it. patients: whose film this is, or whose films look the same, as learned_from has them;
    none for a film from a folder. grades: of the gold reading in RUS_BONES order, UNJUDGED where it has none. months: the
    radiologists' age, NaN where it is not known. read: gives the pixels."""

    name: str
    patients: Collection[str]
    sex: Sex
    grades: NDArray[np.int8]
    months: float
    read: Callable[[], Radiograph]


@dataclass(frozen=True)
class GateHands:
    """The films to compare on. digest: identifies the films and what is known of them. without_pixels: gold films that cannot
    be assessed, since nobody consented to keeping their pixels. learned: gold films that were left out because a model knows
    their patient. revision: of the ledger at which they were read."""

    hands: tuple[GateHand, ...]
    digest: str
    without_pixels: int = 0
    learned: int = 0
    revision: int = 0

    def without(self, patients: AbstractSet[str]) -> Self:
        """Returns these hands without the films of patients that a model learned from before one of their films was gold.
        patients: as learned_from has them."""
        kept = tuple(hand for hand in self.hands if patients.isdisjoint(hand.patients))
        left = len(self.hands) - len(kept)
        if not left:
            return self
        digest = _digest((self.digest, [hand.name for hand in kept]))
        return replace(self, hands=kept, learned=self.learned + left, digest=digest)


def gold_hands(ledger: Ledger) -> GateHands:
    """Returns the films with a gold reading that gives at least one grade, in the order in which they came in. No run learns
    from them from then on: core.dataset.split keeps all films of their patients for `test`; for the time before, see
    GateHands.without."""
    revision = ledger.ledger_revision()
    if not revision:
        return GateHands((), _digest([]))
    hands, known, without = [], [], 0
    snapshot = Snapshot.of(ledger, revision)
    split = Split.of(Shares(), (), snapshot.near_copies())
    for found in snapshot.films():
        grades = _grades(found.gold)
        if (grades == UNJUDGED).all():
            continue
        if found.film.picture is None:
            without += 1
            continue
        film = found.film
        patients = learned_from(split.keys(film))
        pixels = _pixels(ledger, film)
        hands.append(GateHand(f"film {film.id}", patients, film.sex, grades, float("nan"), pixels))
        known.append((film.sha256, film.sex, grades.tolist()))
    return GateHands(tuple(hands), _digest(known), without, 0, revision)


def labelled_hands(folder: Path) -> GateHands:
    """Returns the `val` films of a folder, as core.cohort.films reads it. Raises core.cohort.films.DataFolderError."""
    hands, known = [], []
    ungraded = np.full(len(RUS_BONES), UNJUDGED, np.int8)
    for film in read_films(folder, "val"):
        hands.append(GateHand(film.id, (), film.sex, ungraded, film.bone_age_months, _read(film.path)))
        known.append((film.id, film.sex, film.bone_age_months, film.path.stat().st_size if film.path.exists() else 0))
    return GateHands(tuple(hands), _digest(known))


def _grades(gold: Event | None) -> NDArray[np.int8]:
    said = {} if gold is None else {one.bone: one.grade for one in gold.corrections}
    given = [said.get(bone) for bone in RUS_BONES]
    return np.array([UNJUDGED if grade is None else grade for grade in given], np.int8)


def _pixels(ledger: Ledger, film: FilmRecord) -> Callable[[], Radiograph]:
    def read() -> Radiograph:
        radiograph = ledger.radiograph(film)
        assert radiograph is not None  # its picture is kept
        return radiograph

    return read


def _read(path: Path) -> Callable[[], Radiograph]:
    return lambda: read_radiograph(path)


def _digest(known: object) -> str:
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
