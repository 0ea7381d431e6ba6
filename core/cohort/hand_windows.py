"""Whole hands with an age, cut out of their films: training material for the whole-hand network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cohort.crop_store import LabelledHands, cut_labelled, to_levels
from core.cohort.films import Film, training_films
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from core.hand.localizer import Localizer


@dataclass(frozen=True)
class HandWindows(LabelledHands):
    """windows NxSxS uint8, see core.hand.crops.Window."""

    windows: NDArray[np.uint8]


def _cut_hand(side: int, localizer: Localizer, film: Film) -> NDArray[np.uint8] | None:
    try:
        radiograph = read_radiograph(film.path)
        return to_levels(Hand(radiograph, localizer.locate(radiograph)).window(side))
    except FilmRefused:
        return None


def cut_hands(films: Sequence[Film], localizer: Localizer, side: int, workers: int = 1) -> HandWindows:
    """Localises films and cuts their hands; a film that cannot be read or is refused is left out (evaluation counts it).

    side: of the windows, in pixels. workers: processes of one thread each; with 1, this process itself. Order and pictures
    do not depend on it. Raises DataFolderError where no film is left.
    """
    cut, labels = cut_labelled(partial(_cut_hand, side), films, localizer, workers, "cutting hands")
    return HandWindows(windows=np.stack(cut), **labels)


def kept_windows(
    films: Path, split: str, run: Path, localizer: Localizer, side: int, workers: int = 1, name: str = ""
) -> HandWindows:
    """The hands of one split of a folder of labelled films, cut on the first call and kept in the run folder.

    name: distinguishes the folder from another whose hands are kept there too.
    """
    return HandWindows.kept(
        run / f"windows_{name}{split}_{side}.npz",
        lambda: cut_hands(training_films(films, split), localizer, side, workers),
    )
