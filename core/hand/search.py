"""Searches a film for hands that are too small to be seen on the film as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import torch.nn.functional as F

from core.film.greys import Grey
from core.hand.looks import Eyes, standardise
from models.hand_localizer import COARSEST_STRIDE

#: The film is looked at in these sizes, each the square root of its area in pixels, through windows of _WINDOW: the network
#: knows hands that span 45 to 100 % of its picture, so the two sizes find hands of a half to a ninth of the film. With 896
#: in place of 1024, one of 13 hands of 18 % of the film was missed, and three of 15 % rather than two.
_SIZES: Final = (512, 1024)
_WINDOW, _STEP = 256, 64
#: A film is not enlarged by more than this: a hand that is only seen then has too few pixels for its bones to be read.
_MOST_ENLARGED: Final = 2.0
#: Windows whose logit of a hand is this high are worth a closer look.
_LIKELY: Final = 2.0
#: Number of windows that get one, and how many times larger each is than the one in which a hand was seen, as it may lie off
#: that one's middle.
_MOST_WINDOWS: Final = 4
_MARGIN: Final = 1.2


@dataclass(frozen=True)
class Square:
    """A square part of a film, which may reach beyond it: its middle, x and y, and its side, in pixels of the film."""

    centre: tuple[float, float]
    side: float


def likely_squares(eyes: Eyes, pixels: Grey, quarters: int) -> list[Square]:
    """The parts of a film, HxW in [0, 1], that most likely show a hand, the likeliest first; often none.

    quarters: the numbers of anticlockwise quarter turns in which the film is looked at: small hands that lie on their
    side or upside down are seen when they stand upright.
    """
    turned = np.rot90(pixels, quarters)
    sizes = [size for size in _SIZES if size <= _MOST_ENLARGED * np.sqrt(pixels.size)]
    found = sorted((place for size in sizes for place in _places(eyes, turned, size)), key=lambda place: -place[0])
    return [_turned_back(square, quarters, pixels.shape) for _, square in found[:_MOST_WINDOWS]]


def _turned_back(square: Square, quarters: int, shape: tuple[int, ...]) -> Square:
    """Where a square of the turned film lies on the film itself, of this shape."""
    height, width = shape
    x, y = square.centre
    return replace(square, centre=((x, y), (width - y, x), (width - x, height - y), (y, height - x))[quarters])


def _places(eyes: Eyes, pixels: Grey, size: int) -> Iterator[tuple[float, Square]]:
    """The logit and place of each window that is likelier than those around it, on the film in one size."""
    height, width = pixels.shape
    scale = size / np.sqrt(height * width)
    shown = [max(_WINDOW, round(scale * side / COARSEST_STRIDE) * COARSEST_STRIDE) for side in (width, height)]
    resampling = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.asarray(cv2.resize(np.ascontiguousarray(pixels), shown, interpolation=resampling), np.float32)
    film_logits = eyes.film_logits([standardise(picture)])
    parts = F.avg_pool2d(film_logits[:, :1], _WINDOW // COARSEST_STRIDE, _STEP // COARSEST_STRIDE)
    logits = parts[0, 0].double().numpy()
    left = logits.copy()
    while left.max() > _LIKELY:
        row, column = (int(i) for i in np.unravel_index(left.argmax(), left.shape))
        near = (slice(max(0, row - 2), row + 3), slice(max(0, column - 2), column + 3))
        weights = np.maximum(logits[near], 0.0)
        rows, columns = np.nonzero(weights)
        middle = np.average(np.stack([columns, rows], 1), axis=0, weights=weights[rows, columns])
        x, y = (
            (float(cell) + part.start) * _STEP + _WINDOW / 2 for cell, part in zip(middle, reversed(near), strict=True)
        )
        centre = (x * width / shown[0], y * height / shown[1])
        yield float(left[row, column]), Square(centre, _MARGIN * _WINDOW / float(scale))
        left[near] = -np.inf
