"""Two hands on one film: whether there is room for a second, and which of them is read."""

from collections.abc import Sequence
from typing import Final, Literal

import cv2
import numpy as np

from core.film.radiograph import Radiograph
from core.film.stated import Side
from core.hand.geometry import Points
from core.hand.localization import Localization

#: A hand's side as people choose it.
HandSide = Literal["left", "right"]
SIDES: Final[dict[HandSide, Side]] = {"left": "L", "right": "R"}

#: A hand reaches this far beyond the middles of its 21 regions, in the mean hand's unit.
_REACH: Final = 0.3
#: A second hand may be as small as this share of the first; an adult's beside a child's is more than LARGER_HAND times as
#: large, and the two hands of one child never differ so much.
_SMALLEST: Final = 0.6
LARGER_HAND: Final = 1.25


def outline(hand: Localization) -> Points:
    """The corners of a polygon on the film that encloses a hand without its forearm: Nx2."""
    hull = cv2.convexHull(hand.all_centres.astype(np.float32))[:, 0].astype(np.float64)
    away = hull - hull.mean(0)
    return np.asarray(hull + away / np.linalg.norm(away, axis=1, keepdims=True) * _REACH * hand.size)


def has_room_for_another(film: Radiograph, hand: Localization) -> bool:
    """Whether a second hand could lie on the film beside the first, above or below it."""
    corners = outline(hand)
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    beside = max(left, film.width - right) / (right - left)
    stacked = max(top, film.height - bottom) / (bottom - top)
    return bool(max(beside, stacked) >= _SMALLEST)


def offers_another(hand: Localization) -> bool:
    """Whether the film shows a second hand that may be read instead: not an adult's that holds a child's."""
    return any(other.size <= LARGER_HAND * hand.size for other in hand.other_hands)


def chosen(hands: Sequence[Localization], wanted: Side) -> tuple[Localization, Localization]:
    """The one of two hands that is read, and the other.

    Of an adult's and a child's hand that is the child's. Of hands of one size it is the one of the wanted side by the
    picture; where both are of the same side, the one that lies further to that side of the film.
    """
    one, other = hands
    if max(one.size, other.size) > LARGER_HAND * min(one.size, other.size):
        first = min(hands, key=lambda hand: hand.size)
    elif one.mirrored != other.mirrored:
        first = next(hand for hand in hands if hand.mirrored == (wanted == "R"))
    else:
        first = (min if wanted == "L" else max)(hands, key=lambda hand: float(hand.all_centres[:, 0].mean()))
    return first, next(hand for hand in hands if hand is not first)
