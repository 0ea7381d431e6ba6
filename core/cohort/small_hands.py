"""Small hands: films that were squeezed to a square of some 100 pixels are unstretched, then found and cut like other
films."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.bones import Sex
from core.cohort.crop_store import cut_labelled, to_levels
from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.errors import FilmRefused
from core.film.radiograph import Radiograph, film_hash
from core.hand.geometry import fit_similarity, mean_hand
from core.hand.hand import Hand
from core.hand.localization import Localization
from core.hand.localizer import Localizer

#: Side of their windows, in pixels: finer than what such a film shows.
SMALL_SIDE = 200
#: Width over height of a usual film; the ratios tried; and the weight of their squared distance from the usual one, which is
#: added to the hand's misfit. On 76 films of known size the error is then 0.051, and 0.074 if all are taken as usual.
_USUAL_RATIO = 0.79
_RATIOS = np.arange(0.62, 1.01, 0.02)
_UNUSUAL = 0.3
#: Films are unstretched to this height, in pixels: what the localiser looks at.
_HEIGHT = 256
#: Films cut between one save and the next.
_PART = 500


@dataclass(frozen=True)
class SmallFilm:
    """A film squeezed to a square. pixels: SxS uint8. bone_age_months: the radiologists' Greulich-Pyle reading."""

    id: str
    pixels: NDArray[np.uint8]
    sex: Sex
    bone_age_months: float


def read_small_films(path: Path) -> list[SmallFilm]:
    """The films of an .npz of small hands, without those that it marks as `val`.

    Its arrays: pixels NxSxS uint8, id N, male N (truth values), bone_age_months N and val N (truth values). Raises
    DataFolderError where the file is missing or not of this kind, an age is not a number above 0, or all are `val`.
    """
    unlike = DataFolderError(
        f"{path} is not a file of small hands: it must be an .npz with pixels (N x S x S, whole numbers from 0 to 255), id, "
        "male, bone_age_months and val."
    )
    try:
        with np.load(path) as file:
            pixels, ids, male, months, val = (file[n] for n in ("pixels", "id", "male", "bone_age_months", "val"))
    except FileNotFoundError as error:
        raise DataFolderError(f"{path} is missing: name the .npz of small hands.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise unlike from error
    count = len(pixels) if pixels.ndim == 3 and pixels.dtype == np.uint8 else -1
    if any(column.shape != (count,) for column in (ids, male, months, val)) or pixels.shape[1] != pixels.shape[2]:
        raise unlike
    if male.dtype != bool or val.dtype != bool or not np.issubdtype(months.dtype, np.number):
        raise unlike
    ageless = ids[~(np.isfinite(months) & (months > 0))]
    if len(ageless):
        raise DataFolderError(f"{path} gives no age in months for hand {ageless[0]}: take it out.")
    films = [
        SmallFilm(str(ids[row]), pixels[row], "M" if male[row] else "F", float(months[row]))
        for row in np.flatnonzero(~val)
    ]
    if not films:
        raise DataFolderError(f"{path} has no hand to train on: all are marked as val.")
    return films


def unstretched(pixels: NDArray[np.uint8], ratio: float) -> Radiograph:
    """A film that was squeezed to a square, with this width over height again. pixels: SxS."""
    size = (round(ratio * _HEIGHT), _HEIGHT)
    greys = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.float32) / np.float32(255)
    return Radiograph(greys, None, None, film_hash(greys))


def find_small_hand(localizer: Localizer, pixels: NDArray[np.uint8]) -> Hand:
    """The hand on a film that was squeezed to a square (SxS), with the film as wide as it most likely was before.

    The film is looked at once, as wide as films usually are; then the width is chosen at which the positions of the bones
    best fit the mean hand. Raises FilmRefused as Localizer.locate does.
    """
    usual = unstretched(pixels, _USUAL_RATIO)
    found = localizer.glance(usual) or localizer.locate(usual)
    film = unstretched(pixels, _likely_ratio(found))
    centres = found.all_centres * [film.width / usual.width, 1.0]
    return Hand(film, replace(found, all_centres=centres))


def _likely_ratio(usual: Localization) -> float:
    weights = usual.all_confidences**2 + 1e-9
    costs = [
        fit_similarity(usual.all_centres * [ratio / _USUAL_RATIO, 1.0], mean_hand().centres, weights).residual
        + _UNUSUAL * (ratio - _USUAL_RATIO) ** 2
        for ratio in _RATIOS
    ]
    return float(_RATIOS[int(np.argmin(costs))])


def _cut_small(localizer: Localizer, film: SmallFilm) -> NDArray[np.uint8] | None:
    try:
        return to_levels(find_small_hand(localizer, film.pixels).window(SMALL_SIDE))
    except FilmRefused:
        return None


def kept_small_windows(
    films: list[SmallFilm], run: Path, localizer: Localizer, workers: int, between_parts: Callable[[], object]
) -> HandWindows:
    """The hands of small films as windows of SMALL_SIDE, without those that are refused; cut on the first call and kept.

    Every five hundred are saved as soon as they are cut, so that an interrupted call can be continued. workers: see
    core.cohort.hand_windows.cut_hands. between_parts: called before each five hundred are cut. Raises DataFolderError
    where all of these are refused.
    """
    folder = run / "windows_small"
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(films), _PART):
        part = films[start : start + _PART]

        def cut(part: list[SmallFilm] = part) -> HandWindows:
            between_parts()
            windows, labels = cut_labelled(_cut_small, part, localizer, workers, "cutting small hands")
            return HandWindows(windows=np.stack(windows), **labels)

        parts.append(HandWindows.kept(folder / f"{start // _PART:03d}.npz", cut))
    return HandWindows.joined(parts)
