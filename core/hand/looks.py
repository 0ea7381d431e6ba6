"""Applies the localiser's network to a film: to all or part of it, in any orientation, and to an upright hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.film.enhance import enhance
from core.film.greys import Grey
from core.hand.geometry import Affine, Points, apply, compose, inverse, resample, resample_turned, similarity
from core.networks.runner import Runner
from models.hand_localizer import FilmLogits, HandLocalizer, LocalizerOutput, peaks

#: The network's input side for the whole film and for the upright hand.
FILM_SIDE = 256
HAND_SIDE = 320
#: The second look averages these slight turns of the upright hand, in degrees. Adding the hand as it is moves centres by 0.2
#: pixels of the window on `val`, and takes half as long again.
_SECOND_LOOKS = (-12.0, 12.0)
#: A film is not looked at in other orientations where the network says of it as it is, each as a logit of at least this, that
#: it shows an upright left hand, that it shows a hand, and that it is not inverted: for upright films of `val` the first logit
#: is 6 or more, for the same films turned by quarters or mirrored at most 0.6.
_CERTAIN = 4.0
_AS_IT_IS: Affine = np.eye(2, 3)


def standardise(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Prepares a picture for the localiser's network: enhanced, centred on 0 with a spread of about 1.

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


class Eyes:
    """The localiser's network in use. Holds no film: may be asked from several threads."""

    def __init__(self, network: HandLocalizer):
        example = torch.zeros(1, 1, 64, 64)
        self._whole = Runner(network, (example,), any_size=False)
        self._film_logits = Runner(FilmLogits(network), (example,), any_size=True)

    def make_ready(self) -> None:
        """Makes the network permanently ready for the first film; see core.networks.runner.Runner.make_ready."""
        self._whole.make_ready()
        self._film_logits.make_ready()

    def look(self, window: NDArray[np.float32]) -> LocalizerOutput:
        """The network's whole output for a standardised window SxS, S divisible by 32, as a batch of one: several windows in
        a batch take as long as one by one, and proportionally more memory."""
        return LocalizerOutput(*self._whole(_batch(window)))

    def film_logits(self, pictures: Sequence[NDArray[np.float32]]) -> Tensor:
        """The film-wide logits of B standardised pictures of one size HxW, place by place: Bx3xH/32xW/32, see FilmLogits. Less
        than half the work of a look."""
        return torch.cat([self._film_logits(_batch(picture))[0] for picture in pictures])


def _batch(picture: NDArray[np.float32]) -> Tensor:
    """A picture HxW as a batch of one, 1x1xHxW."""
    return torch.from_numpy(np.ascontiguousarray(picture))[None, None]


def film_window(centre: tuple[float, float], side: float) -> Affine:
    """The map from a film to the window of FILM_SIDE that shows a square part of it, or all of it padded to a square."""
    scale = FILM_SIDE / side
    shift = FILM_SIDE / 2 - scale * np.array(centre)
    return np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])


def whole_film_window(pixels: Grey) -> Affine:
    """The map from a film HxW to the window of FILM_SIDE in which it lies in the middle."""
    height, width = pixels.shape
    return film_window((width / 2, height / 2), max(height, width))


def look_any_way(eyes: Eyes, pixels: Grey, to_window: Affine, hidden: Sequence[Points] = ()) -> tuple[Look, Affine]:
    """Looks at a window of a film in whichever of the 8 quarter turns and mirror images the network sees an upright left hand,
    so that the answer cannot depend on how the film was turned. Where the network is certain of the film as it is, no other is
    tried.

    hidden: outlines on the film, Nx2, of hands that are not to be seen. Returns the look and the map from what it saw to
    the film.
    """
    (shown,) = _shown(pixels, to_window, FILM_SIDE, hidden, [_AS_IT_IS])
    window = standardise(shown)
    output = eyes.look(window)
    if output.upright > _CERTAIN and output.hand > _CERTAIN and output.inverted < -_CERTAIN:
        return _film_look(output, shown), inverse(to_window)
    views = [np.rot90(flipped, turns) for flipped in (window, window[:, ::-1]) for turns in range(4)]
    hand, inverted, upright = eyes.film_logits(views).mean((2, 3)).unbind(1)
    best = int(upright.argmax())
    middle = np.full(2, FILM_SIDE / 2)
    to_view = similarity(1.0, -np.pi / 2 * (best % 4), best >= 4, middle, middle)  # rot90 turns anticlockwise
    if best != 0:
        output = eyes.look(views[best])
    output = output._replace(hand=hand.mean(), inverted=inverted.mean())
    return _film_look(output, shown), inverse(compose(to_view, to_window))


def look_as_it_lies(eyes: Eyes, pixels: Grey, to_window: Affine) -> Look:
    """Looks at a window of FILM_SIDE of a film as it is. pixels: HxW in [0, 1]. to_window: maps film to window."""
    shown = resample(pixels, to_window, FILM_SIDE)
    return _film_look(eyes.look(standardise(shown)), shown)


def look_at_hand(eyes: Eyes, pixels: Grey, upright: Affine, hidden: Sequence[Points] = ()) -> Look:
    """A second, closer look at the hand in its upright window of HAND_SIDE. pixels: HxW in [0, 1]. upright: maps film to
    window. hidden: as for look_any_way."""
    middle = np.full(2, HAND_SIDE / 2)
    turns = [similarity(1.0, np.radians(degrees), False, middle, middle) for degrees in _SECOND_LOOKS]
    *shown, picture = _shown(pixels, upright, HAND_SIDE, hidden, [*turns, _AS_IT_IS])
    outputs = [eyes.look(standardise(window)) for window in shown]
    found = [peaks(output.heatmaps, output.sizes) for output in outputs]
    centres, extents, confidence = (torch.cat(parts).double().numpy() for parts in zip(*found, strict=True))
    logits = torch.stack([torch.cat([output.hand, output.inverted, output.upright]) for output in outputs]).mean(0)
    back = np.stack([apply(inverse(turn), c * HAND_SIDE) for turn, c in zip(turns, centres, strict=True)])
    weight = confidence[..., None] ** 2 + 1e-6
    return Look(
        centres=(back * weight).sum(0) / weight.sum(0),
        extents=(extents * FILM_SIDE * weight).sum(0) / weight.sum(0),  # trained on windows of FILM_SIDE pixels
        confidence=confidence.mean(0),
        hand=float(torch.sigmoid(logits[0])),
        inverted=float(torch.sigmoid(logits[1])),
        upright=float(logits[2]),
        picture=picture,
    )


def _shown(
    pixels: Grey, affine: Affine, side: int, hidden: Sequence[Points], turns: Sequence[Affine]
) -> list[NDArray[np.float32]]:
    """A window of a film in each of the turns, with the hidden outlines filled with the window's darkest grey."""
    windows = resample_turned(pixels, affine, turns, side)
    for window, turn in zip(windows, turns, strict=True):
        for outline in hidden:
            corners = apply(compose(turn, affine), outline)
            cv2.fillPoly(window, [np.round(corners).astype(np.int32)], float(window.min()))
    return windows


def _film_look(output: LocalizerOutput, picture: Grey) -> Look:
    """Turns the network's output for a window into a Look. picture: the film as it is."""
    found = peaks(output.heatmaps, output.sizes)
    centres, extents, confidence = (v[0].double().numpy() for v in found)
    return Look(
        centres * FILM_SIDE,
        extents * FILM_SIDE,
        confidence,
        hand=float(torch.sigmoid(output.hand)),
        inverted=float(torch.sigmoid(output.inverted)),
        upright=float(output.upright),
        picture=picture,
    )
