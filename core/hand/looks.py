"""What the localiser's network says of a film: of all or a part of it, in whatever way it lies, and of an upright hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from core.film.enhance import enhance
from core.film.greys import Grey
from core.hand.geometry import Affine, Points, apply, compose, inverse, resample, similarity
from models.hand_localizer import HandLocalizer, LocalizerOutput, peaks

#: The network's input side for the whole film and for the upright hand.
FILM_SIDE = 256
HAND_SIDE = 320
#: The second look averages these slight turns of the upright hand, in degrees.
_SECOND_LOOKS = (-12.0, 0.0, 12.0)


def standardise(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the localiser's network sees of a picture: enhanced, centred on 0 with a spread of about 1.

    picture: HxW float in [0, 1]. Returns HxW float32.
    """
    return (enhance(picture) - np.float32(0.5)) / np.float32(0.25)


@dataclass(frozen=True)
class Look:
    """What the network says of one square window: centres and extents in its pixels, confidences, film-wide odds.

    upright: how likely, as a logit, the window shows an upright left hand. picture: the window's greys, not enhanced.
    """

    centres: Points
    extents: Points
    confidence: NDArray[np.float64]
    hand: float
    inverted: float
    upright: float
    picture: Grey


def film_window(centre: tuple[float, float], side: float) -> Affine:
    """The map from a film to the window of FILM_SIDE that shows a square part of it, or all of it padded to a square."""
    scale = FILM_SIDE / side
    shift = FILM_SIDE / 2 - scale * np.array(centre)
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def whole_film_window(pixels: Grey) -> Affine:
    """The map from a film HxW to the window of FILM_SIDE in which it lies in the middle."""
    height, width = pixels.shape
    return film_window((width / 2, height / 2), max(height, width))


@torch.inference_mode()
def look_any_way(
    network: HandLocalizer, pixels: Grey, to_window: Affine, hidden: Sequence[Points] = ()
) -> tuple[Look, Affine]:
    """A window of a film in all 8 quarter turns and mirror images; the one in which the network sees an upright left hand is
    believed, so the answer cannot depend on how the film was turned.

    hidden: outlines on the film, Nx2, of hands that are not to be seen. Returns the look and the map from what it saw to
    the film.
    """
    shown = _shown(pixels, to_window, FILM_SIDE, hidden)
    window = standardise(shown)
    views = [np.rot90(flipped, turns) for flipped in (window, window[:, ::-1]) for turns in range(4)]
    output = network(torch.from_numpy(np.stack(views)[:, None].copy()))
    best = int(output.upright.argmax())
    middle = np.full(2, FILM_SIDE / 2)
    to_view = similarity(1.0, -np.pi / 2 * (best % 4), best >= 4, middle, middle)  # rot90 turns anticlockwise
    return _film_look(output, best, shown), inverse(compose(to_view, to_window))


@torch.inference_mode()
def look_as_it_lies(network: HandLocalizer, pixels: Grey, to_window: Affine) -> Look:
    """A window of a film as it is."""
    shown = resample(pixels, to_window, FILM_SIDE)
    return _film_look(network(torch.from_numpy(standardise(shown)[None, None])), 0, shown)


@torch.inference_mode()
def look_at_hand(network: HandLocalizer, pixels: Grey, upright: Affine, hidden: Sequence[Points] = ()) -> Look:
    """A second, closer look at the hand in its upright window of HAND_SIDE; `upright` maps film to window."""
    middle = np.full(2, HAND_SIDE / 2)
    turns = [similarity(1.0, np.radians(degrees), False, middle, middle) for degrees in _SECOND_LOOKS]
    shown = [_shown(pixels, compose(turn, upright), HAND_SIDE, hidden) for turn in turns]
    output = network(torch.from_numpy(np.stack([standardise(window) for window in shown])[:, None]))
    found = peaks(torch.sigmoid(output.heatmaps), output.sizes)
    centres, extents, confidence = (v.double().numpy() for v in found)
    back = np.stack([apply(inverse(turn), c * HAND_SIDE) for turn, c in zip(turns, centres, strict=True)])
    weight = confidence[..., None] ** 2 + 1e-6
    return Look(
        centres=(back * weight).sum(0) / weight.sum(0),
        extents=(extents * FILM_SIDE * weight).sum(0) / weight.sum(0),  # trained on windows of FILM_SIDE pixels
        confidence=confidence.mean(0),
        hand=float(torch.sigmoid(output.hand.mean())),
        inverted=float(torch.sigmoid(output.inverted.mean())),
        upright=float(output.upright.mean()),
        picture=shown[_SECOND_LOOKS.index(0.0)],
    )


def _shown(pixels: Grey, affine: Affine, side: int, hidden: Sequence[Points]) -> NDArray[np.float32]:
    """A window of a film, with what is hidden as dark as the film's darkest there."""
    window = resample(pixels, affine, side)
    for outline in hidden:
        cv2.fillPoly(window, [np.round(apply(affine, outline)).astype(np.int32)], float(window.min()))
    return window


def _film_look(output: LocalizerOutput, view: int, picture: Grey) -> Look:
    """What the network says of the regions in one of the views of a film, and of the film in all of them. picture: as the
    film lies."""
    found = peaks(torch.sigmoid(output.heatmaps[view : view + 1]), output.sizes[view : view + 1])
    centres, extents, confidence = (v[0].double().numpy() for v in found)
    return Look(
        centres * FILM_SIDE,
        extents * FILM_SIDE,
        confidence,
        hand=float(torch.sigmoid(output.hand.mean())),
        inverted=float(torch.sigmoid(output.inverted.mean())),
        upright=float(output.upright[view]),
        picture=picture,
    )
