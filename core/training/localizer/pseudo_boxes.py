"""The localiser's own boxes on films that nobody boxed, kept only where it is sure of them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.cohort.films import Film
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.geometry import apply, fit_similarity, mean_hand
from core.hand.localization import Localization
from core.hand.localizer import Localizer

#: A region counts where the network's peak is at least this high and it lies this close to where the mean hand has it.
_CONFIDENCE = 0.2
_NEAR = 0.35


def pseudo_boxes(films: Iterable[Film], localizer: Localizer) -> dict[str, NDArray[np.float64]]:
    """21x4 boxes (ALL_BONES order, pixels of the film, NaN where unsure) by film id, for upright films only.

    Centres are the network's; extents are the mean hand's at this hand's size, because the network's own would only teach it
    its own errors.
    """
    boxes: dict[str, NDArray[np.float64]] = {}
    for film in tqdm(list(films), desc="boxing", mininterval=10):
        try:
            found = localizer.locate(read_radiograph(film.path))
        except FilmRefused:
            continue
        if abs(found.rotation_degrees) <= 40 and not found.inverted:
            boxes[film.id] = sure_boxes(found)
    return boxes


def sure_boxes(found: Localization) -> NDArray[np.float64]:
    """21x4 boxes where the localiser is sure of them, NaN elsewhere: extents of the mean hand, upright in its frame."""
    mean = mean_hand()
    fit = fit_similarity(found.all_centres, mean.centres, found.all_confidences**2 + 1e-9)
    misfit = np.linalg.norm(apply(fit.affine, found.all_centres) - mean.centres, axis=1)
    half = mean.extents / fit.scale / 2
    boxes = np.concatenate([found.all_centres - half, found.all_centres + half], axis=1)
    boxes[(found.all_confidences < _CONFIDENCE) | (misfit > _NEAR)] = np.nan
    return boxes
