"""Films with their boxes, in memory, as the localiser learns from them: all as left hands."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.bones import ALL_BONES
from core.cohort.films import read_boxes, read_films, read_grey

#: Films are kept in memory at this longest side; the network sees at most about half of it.
CACHE_SIDE = 512


@dataclass(frozen=True)
class BoxedFilm:
    """A film in memory and its boxes: grey HxW uint8, boxes 21x4 in its pixels (NaN: not boxed)."""

    grey: NDArray[np.uint8]
    boxes: NDArray[np.float64]


def load_boxed(data: Path, split: str, pseudo: dict[str, NDArray[np.float64]] | None = None) -> list[BoxedFilm]:
    """The boxed films of one split, with `pseudo` boxes for those that nobody boxed: by film id 21x4, xmin, ymin, xmax,
    ymax in pixels of the film, in the order of ALL_BONES. Raises DataFolderError as read_films does."""
    boxes = {**(pseudo or {}), **read_boxes(data)}
    films = []
    for film in read_films(data, split):
        if film.id in boxes:
            grey, factor = read_grey(film.path, CACHE_SIDE)
            films.append(_as_left_hand(grey, boxes[film.id] * factor))
    return films


def _as_left_hand(grey: NDArray[np.uint8], boxes: NDArray[np.float64]) -> BoxedFilm:
    """Mirrors a film of a right hand. An upright left hand, seen from its back, has its thumb on the right."""
    middle = boxes[:, [0, 2]].mean(axis=1)
    if middle[ALL_BONES.index("MC1")] > middle[ALL_BONES.index("MC5")]:
        return BoxedFilm(grey, boxes)
    width = grey.shape[1]
    return BoxedFilm(
        np.ascontiguousarray(grey[:, ::-1]),
        np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1),
    )
