"""The same hand on another film: turned, exposed differently, small, marked, cut, blurred, squeezed, beside another."""

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


def _on_a_canvas(film: Picture) -> Picture:
    """In a corner of a black film three times as wide and high."""
    height, width = film.shape
    canvas = np.zeros((3 * height, 3 * width), np.float32)
    canvas[2 * height :, width : 2 * width] = film
    return canvas


def _moved(film: Picture) -> Picture:
    """Smeared sideways over 1/60 of its height."""
    return np.asarray(cv2.blur(film, (max(3, round(film.shape[0] / 60)), 1)), np.float32)


def _compressed(film: Picture) -> Picture:
    """As a JPEG of quality 5 gives it back."""
    file = cv2.imencode(".jpg", np.round(film * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 5])[1]
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.float32) / np.float32(255)


def _squeezed(film: Picture, width: float, height: float) -> Picture:
    return np.clip(np.asarray(cv2.resize(film, None, fx=width, fy=height, interpolation=cv2.INTER_AREA)), 0, 1)


#: The same hand on another film. "forearm cut off" and "cut at the wrist" are done where the wrist was found, see `CUTS`.
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
    "a third of a black film": _on_a_canvas,
    "beside its mirror image": lambda film: np.hstack([film[:, ::-1], film]),
    "blurred by 8 of 960": lambda film: np.asarray(cv2.GaussianBlur(film, (0, 0), film.shape[0] / 120), np.float32),
    "moved by 16 of 960": _moved,
    "JPEG of quality 5": _compressed,
    "60 % as wide": lambda film: _squeezed(film, 0.6, 1.0),
    "60 % as high": lambda film: _squeezed(film, 1.0, 0.6),
}
#: By name: how far beyond the wrist, in the hand's unit, the arm is kept, see `forearm_cut_off`.
CUTS: Final = {"forearm cut off": 0.5, "cut at the wrist": 0.0}


def forearm_cut_off(
    pixels: Picture, wrist: NDArray[np.float64], towards_hand: NDArray[np.float64], kept: float
) -> Picture:
    """The film with everything black that lies further up the arm than this number of pixels beyond the wrist.

    wrist: x, y of its middle. towards_hand: unit vector along the hand.
    """
    height, width = pixels.shape
    y, x = np.mgrid[0:height, 0:width]
    along = (x - wrist[0]) * towards_hand[0] + (y - wrist[1]) * towards_hand[1]
    return np.where(along < -kept, np.float32(0), pixels).astype(np.float32)
