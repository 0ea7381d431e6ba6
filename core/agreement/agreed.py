"""Finds the films that their readers agree on, and those that have a gold reading."""

import numpy as np
from numpy.typing import NDArray

from core.agreement.pairing import judged
from core.agreement.table import ReadingTable
from core.annotation.gold import LEAST_READERS
from core.bones import RUS_BONES


def agreed_films(table: ReadingTable) -> NDArray[np.int64]:
    """Ids of the films without a gold reading that their readers agree on, in order.

    See core.annotation.gold.agreed_readers, which does this for one film and gives the names.
    """
    films = len(table.film_ids)
    said = judged(table.grades)
    whole = np.bincount(table.film[(table.grades >= 0).all(1)], minlength=films)
    limits = np.iinfo(np.int8)
    lowest = np.full((films, len(RUS_BONES)), limits.max, np.int8)
    highest = np.full((films, len(RUS_BONES)), limits.min, np.int8)
    np.minimum.at(lowest, table.film, np.where(said, table.grades, limits.max))
    np.maximum.at(highest, table.film, np.where(said, table.grades, limits.min))
    agreed = (whole >= LEAST_READERS) & (lowest == highest).all(1) & ~judged(table.gold).any(1)
    return np.sort(table.film_ids[agreed])


def gold_films(table: ReadingTable) -> NDArray[np.int64]:
    """Ids of the films that have a gold reading, in order."""
    return np.sort(table.film_ids[judged(table.gold).any(1)])
