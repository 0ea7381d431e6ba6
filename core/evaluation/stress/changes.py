"""The same hand on another film: turned, mirrored, exposed differently, smaller or larger, marked, without its forearm."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.evaluation.stress.non_hands import Picture


def _scaled(film: Picture, factor: float) -> Picture:
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.clip(np.asarray(cv2.resize(film, None, fx=factor, fy=factor, interpolation=interpolation)), 0, 1)


def _turned(film: Picture, degrees: float) -> Picture:
    """Turned about its middle onto a film large enough to hold all of it."""
    height, width = film.shape
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0))
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new_width, new_height = round(height * sin + width * cos), round(height * cos + width * sin)
    matrix[:, 2] += [(new_width - width) / 2, (new_height - height) / 2]
    return np.clip(np.asarray(cv2.warpAffine(film, matrix, (new_width, new_height), flags=cv2.INTER_CUBIC)), 0, 1)


def _marked(film: Picture) -> Picture:
    """With a lead letter L in the corner opposite the brightest quarter."""
    height, width = film.shape
    letter = np.zeros((height, width), np.uint8)
    size = max(height, width) / 400
    left = film[:, : width // 2].mean() < film[:, width // 2 :].mean()
    x = round(0.04 * width) if left else round(0.86 * width)
    cv2.putText(letter, "L", (x, round(0.12 * height)), cv2.FONT_HERSHEY_SIMPLEX, size, 255, max(2, round(2 * size)))
    marked: Picture = np.maximum(film, letter.astype(np.float32) / np.float32(255))
    return marked


#: The same hand on another film. "forearm cut off" is done where the wrist was found, see `forearm_cut_off`.
CHANGES: Final[dict[str, Callable[[Picture], Picture]]] = {
    "turned 90": lambda film: np.rot90(film),
    "turned 180": lambda film: np.rot90(film, 2),
    "turned 270": lambda film: np.rot90(film, 3),
    "turned 20": lambda film: _turned(film, 20),
    "turned -35": lambda film: _turned(film, -35),
    "mirrored": lambda film: film[:, ::-1],
    "inverted": lambda film: np.float32(1.0) - film,
    "gamma 0.5": lambda film: film ** np.float32(0.5),
    "gamma 2": lambda film: film ** np.float32(2.0),
    "20 % smaller": lambda film: _scaled(film, 0.8),
    "20 % larger": lambda film: _scaled(film, 1.2),
    "pasted L": _marked,
}
CUT: Final = "forearm cut off"


def forearm_cut_off(
    pixels: Picture, wrist: NDArray[np.float64], towards_hand: NDArray[np.float64], unit: float
) -> Picture:
    """The film with all that lies further up the arm than half a hand's unit beyond the wrist made black.

    wrist: x, y of its middle. towards_hand: unit vector along the hand. unit: the hand's scale in pixels, see
    core.hand.geometry.MeanHand.
    """
    height, width = pixels.shape
    y, x = np.mgrid[0:height, 0:width]
    along = (x - wrist[0]) * towards_hand[0] + (y - wrist[1]) * towards_hand[1]
    return np.where(along < -0.5 * unit, np.float32(0), pixels).astype(np.float32)
