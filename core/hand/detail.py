"""How finely a film shows a hand: whether it is blurred, by motion or focus, and whether a JPEG left blocks on it."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.film.greys import Grey
from core.hand.crops import window_affine
from core.hand.geometry import apply, resample
from core.hand.localization import Detail, Localization

#: The hand is looked at in a window of this side, in which bones are about as large as in the crops that are graded.
_SIDE: Final = 768
#: Grain, which would pass for detail, is first smoothed away with this spread in pixels.
_SMOOTHED: Final = 1.0
#: Width in pixels of the further blur whose effect is measured.
_BLURRED: Final = 9
#: Side in pixels of a JPEG's blocks (ITU-T T.81, A.1.1).
_BLOCK: Final = 8


def detail_of(positive: Grey, localization: Localization) -> Detail:
    """How finely the film, bone bright, HxW in [0, 1], shows the hand that was found on it."""
    return Detail(_blur(positive, localization), _blocks(positive, localization))


def _blur(positive: Grey, localization: Localization) -> float:
    """0 (sharp) to 1: the share of the differences between neighbours that blurring leaves as they are.

    Crete et al., The blur effect, SPIE 6492 (2007); along the rows or the columns of the hand, whichever is more blurred.
    """
    affine = window_affine(localization, _SIDE)
    hull = np.round(cv2.convexHull(apply(affine, localization.all_centres).astype(np.float32))).astype(np.int32)
    inside = np.zeros((_SIDE, _SIDE), np.uint8)
    cv2.fillConvexPoly(inside, hull, 1)
    # The rest of the window says nothing: only as much around the hand is blurred as reaches into it.
    (left, top, width, height), reach = cv2.boundingRect(hull), _BLURRED
    around = slice(max(0, top - reach), top + height + reach), slice(max(0, left - reach), left + width + reach)
    shown = resample(positive, affine, _SIDE)[around]
    window, inside = np.asarray(cv2.GaussianBlur(shown, (0, 0), _SMOOTHED), np.float32), inside[around]
    down = _kept(_down(window), _down(cv2.blur(window, (1, _BLURRED))), inside[1:])
    across = _kept(_across(window), _across(cv2.blur(window, (_BLURRED, 1))), inside[:, 1:])
    return max(down, across)


def _kept(there: Grey, left: Grey, hand: NDArray[np.uint8]) -> float:
    """The share of the differences between neighbours that blurring leaves, where `hand` is not 0."""
    total, kept = (cv2.mean(steps, hand)[0] for steps in (there, cv2.min(there, left)))
    return float(kept / max(total, 1e-9))


def _down(picture: NDArray[Any]) -> Grey:
    """The differences from row to row."""
    return np.asarray(cv2.absdiff(picture[1:], picture[:-1]), np.float32)


def _across(picture: NDArray[Any]) -> Grey:
    """The differences from column to column."""
    return np.asarray(cv2.absdiff(picture[:, 1:], picture[:, :-1]), np.float32)


def _blocks(positive: Grey, localization: Localization) -> float:
    """How much greater the differences between neighbours are every eighth row and column than elsewhere: 1 without blocks.

    The lesser of rows and columns, for a grid or an edge may lie along one of them.
    """
    (left, top), (right, bottom) = localization.all_centres.min(0), localization.all_centres.max(0)
    part = positive[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))]
    if min(part.shape) < 2:
        return 1.0
    return min(_every_eighth(_down(part).mean(1)), _every_eighth(_across(part).mean(0)))


def _every_eighth(differences: NDArray[Any]) -> float:
    blocks = len(differences) // _BLOCK
    if blocks < 2:
        return 1.0
    steps = differences[: blocks * _BLOCK].reshape(blocks, _BLOCK).mean(0)
    return float(steps.max() / max(float(np.median(steps)), 1e-9))
