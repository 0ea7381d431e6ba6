"""Finds the 13 RUS regions of a hand film: any rotation, either hand, any exposure; refuses what is not a hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from core.bones import ALL_BONES, RUS_BONES
from core.errors import FilmRefused
from core.film.box import Box
from core.film.enhance import enhance
from core.film.radiograph import Radiograph
from core.hand.geometry import (
    Affine,
    Points,
    SimilarityFit,
    apply,
    compose,
    fit_similarity,
    inverse,
    mean_hand,
    resample,
    similarity,
)
from core.hand.localization import Localization, Region
from models.hand_localizer import HandLocalizer, LocalizerOutput, peaks

#: The network's input side for the whole film and for the upright hand.
FILM_SIDE = 256
HAND_SIDE = 320
#: The upright hand's root mean square radius as a share of HAND_SIDE: its 21 regions span about three quarters.
_HAND_RADIUS = 0.22
#: The second look averages these slight turns of the upright hand, in degrees.
_SECOND_LOOKS = (-12.0, 0.0, 12.0)
#: A region counts as found from this peak height on, if it lies near where the mean hand has it: within _NEAR times its
#: peak height, and _FARTHEST, in the mean hand's units. Real thumb tips stray by 0.7, with high peaks; what is taken for a
#: bone that the film cuts off has a low peak far away.
FOUND = 0.12
_NEAR = 3.0
_FARTHEST = 0.9
#: At least so many of the 21 regions, and a misfit to the mean hand of at most this (in units of its radius).
_MINIMUM_REGIONS = 12
_LARGEST_MISFIT = 0.30
#: What is not a hand, but has its regions somehow in place, is seen at the close look with low peaks that fit badly; of real
#: hands the dimmest fit well. Refused where the mean peak is below the first and the misfit above the second. Chosen on
#: `train` hands (mean peak 0.50 or more) and on the even rows of not_for_reading (see core.evaluation.refusals), whose most
#: handlike other radiograph, a foot, has 0.35 and 0.108.
_DIM, _LOOSE = 0.40, 0.10
#: The standing of each phalanx and metacarpal on its neighbours: the axis runs from the first to the second.
_AXIS_NEIGHBOURS = {
    "Radius": ("Wrist", "MC3"), "Ulna": ("Wrist", "MC3"),
    "MC1": ("MC1", "PP1"), "PP1": ("MC1", "DP1"), "DP1": ("PP1", "DP1"),
    "MC3": ("Wrist", "PP3"), "PP3": ("MC3", "MP3"), "MP3": ("PP3", "DP3"), "DP3": ("MP3", "DP3"),
    "MC5": ("Wrist", "PP5"), "PP5": ("MC5", "MP5"), "MP5": ("PP5", "DP5"), "DP5": ("MP5", "DP5"),
}  # fmt: skip


def standardise(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the localiser's network sees of a square picture: enhanced, centred on 0 with a spread of about 1.

    picture: SxS float in [0, 1]. Returns SxS float32.
    """
    return (enhance(picture) - np.float32(0.5)) / np.float32(0.25)


@dataclass(frozen=True)
class _Look:
    """What the network says of one square window: centres and extents in its pixels, confidences, film-wide odds."""

    centres: Points
    extents: Points
    confidence: NDArray[np.float64]
    hand: float
    inverted: float


class Localizer:
    """The localiser's network in use. Holds no film: `locate` may be called from several threads."""

    def __init__(self, network: HandLocalizer):
        self.network = network.eval()

    def locate(self, radiograph: Radiograph, between_looks: Callable[[], None] = lambda: None) -> Localization:
        """Finds the 13 regions. between_looks: is called before each look at the film but the first.

        Raises FilmRefused with reason "not_a_hand" where the film shows no hand or none that can be told apart.
        """
        pixels = radiograph.pixels
        look, to_film = self._whole_film(pixels)
        inverted = look.inverted > 0.5
        if inverted:
            between_looks()
            pixels = radiograph.inverted_pixels  # the exact film that a positive would be, so the same answer
            look, to_film = self._whole_film(pixels)
        fit = _fit_hand(look)
        upright = _upright_window(fit, to_film)
        between_looks()
        close = self._upright_hand(pixels, upright)
        hand = look.hand
        fit = _fit_hand(replace(close, hand=hand))
        if close.confidence.mean() < _DIM and fit.residual > _LOOSE:
            raise _not_a_hand()
        return _localization(radiograph, close, fit, upright, inverted, hand)

    @torch.inference_mode()
    def glance(self, radiograph: Radiograph) -> Localization | None:
        """One look at a film as it lies, a tenth of the work of `locate`: for many films that most likely are upright.

        None where the network does not see an upright left hand, bone bright, that fits: `locate` then has the word.
        """
        pixels = radiograph.pixels
        to_window = _film_window(pixels)
        window = standardise(resample(pixels, to_window, FILM_SIDE))
        output = self.network(torch.from_numpy(window[None, None]))
        look = _film_look(output, 0)
        if float(output.upright) < 0 or look.inverted > 0.5:
            return None
        try:
            fit = _fit_hand(look)
        except FilmRefused:
            return None
        if fit.mirror or look.confidence.mean() < _DIM or fit.residual > _LOOSE:
            return None
        return _localization(radiograph, look, fit, to_window, False, look.hand)

    @torch.inference_mode()
    def _whole_film(self, pixels: NDArray[np.float32]) -> tuple[_Look, Affine]:
        """The film, padded to a square, in all 8 quarter turns and mirror images; the one in which the network sees an
        upright left hand is believed, so the answer cannot depend on how the film was turned.

        Returns the look and the map from its window to the film.
        """
        to_window = _film_window(pixels)
        window = standardise(resample(pixels, to_window, FILM_SIDE))
        views = [np.rot90(flipped, turns) for flipped in (window, window[:, ::-1]) for turns in range(4)]
        output = self.network(torch.from_numpy(np.stack(views)[:, None].copy()))
        best = int(output.upright.argmax())
        middle = np.full(2, FILM_SIDE / 2)
        to_view = similarity(1.0, -np.pi / 2 * (best % 4), best >= 4, middle, middle)  # rot90 turns anticlockwise
        return _film_look(output, best), inverse(compose(to_view, to_window))

    @torch.inference_mode()
    def _upright_hand(self, pixels: NDArray[np.float32], upright: Affine) -> _Look:
        """A second, closer look at the hand in its upright window; `upright` maps film to window."""
        middle = np.full(2, HAND_SIDE / 2)
        turns = [similarity(1.0, np.radians(degrees), False, middle, middle) for degrees in _SECOND_LOOKS]
        windows = [standardise(resample(pixels, compose(turn, upright), HAND_SIDE)) for turn in turns]
        output = self.network(torch.from_numpy(np.stack(windows)[:, None]))
        found = peaks(torch.sigmoid(output.heatmaps), output.sizes)
        centres, extents, confidence = (v.double().numpy() for v in found)
        back = np.stack([apply(inverse(turn), c * HAND_SIDE) for turn, c in zip(turns, centres, strict=True)])
        weight = confidence[..., None] ** 2 + 1e-6
        return _Look(
            centres=(back * weight).sum(0) / weight.sum(0),
            extents=(extents * FILM_SIDE * weight).sum(0) / weight.sum(0),  # trained on windows of FILM_SIDE pixels
            confidence=confidence.mean(0),
            hand=float(torch.sigmoid(output.hand.mean())),
            inverted=float(torch.sigmoid(output.inverted.mean())),
        )


def _film_window(pixels: NDArray[np.float32]) -> Affine:
    """The map from a film HxW to the window of FILM_SIDE in which it lies in the middle, padded to a square."""
    height, width = pixels.shape
    scale = FILM_SIDE / max(height, width)
    return np.array([[scale, 0.0, (FILM_SIDE - scale * width) / 2], [0.0, scale, (FILM_SIDE - scale * height) / 2]])


def _film_look(output: LocalizerOutput, view: int) -> _Look:
    """What the network says of the regions in one of the views of a whole film, and of the film in all of them."""
    found = peaks(torch.sigmoid(output.heatmaps[view : view + 1]), output.sizes[view : view + 1])
    centres, extents, confidence = (v[0].double().numpy() for v in found)
    return _Look(
        centres * FILM_SIDE,
        extents * FILM_SIDE,
        confidence,
        hand=float(torch.sigmoid(output.hand.mean())),
        inverted=float(torch.sigmoid(output.inverted.mean())),
    )


def _fit_hand(look: _Look) -> SimilarityFit:
    """The similarity from a window to the mean hand; FilmRefused where too little of a hand is there to fit."""
    fit = fit_similarity(look.centres, mean_hand().centres, look.confidence**2 + 1e-9)
    found = int((look.confidence >= FOUND).sum())
    if found < _MINIMUM_REGIONS or fit.residual > _LARGEST_MISFIT or look.hand < 0.5:
        raise _not_a_hand()
    return fit


def _not_a_hand() -> FilmRefused:
    return FilmRefused(
        "not_a_hand",
        "No hand could be recognised on this picture: upload a radiograph of one hand, seen from the back or the palm, with "
        "the wrist and all fingers on it.",
    )


def _upright_window(fit: SimilarityFit, window_to_film: Affine) -> Affine:
    """From the film to a window in which the hand is a left hand, upright and of standard size."""
    radius = _HAND_RADIUS * HAND_SIDE
    mean = mean_hand().centres
    middle = (mean.min(0) + mean.max(0)) / 2
    to_window = similarity(radius, 0.0, False, middle, np.full(2, HAND_SIDE / 2))
    return compose(to_window, compose(fit.affine, inverse(window_to_film)))


def _axes(centres: Points) -> dict[str, NDArray[np.float64]]:
    """Unit vectors along the 13 bones, proximal to distal, out of the 21 centres in any frame."""
    at = {bone: centres[i] for i, bone in enumerate(ALL_BONES)}
    at["Wrist"] = (at["Radius"] + at["Ulna"]) / 2
    vectors = {bone: at[end] - at[start] for bone, (start, end) in _AXIS_NEIGHBOURS.items()}
    return {bone: v / max(float(np.linalg.norm(v)), 1e-9) for bone, v in vectors.items()}


def _localization(
    radiograph: Radiograph, look: _Look, fit: SimilarityFit, upright: Affine, inverted: bool, hand: float
) -> Localization:
    """Turns the close look, in window pixels, into regions in pixels of the film."""
    to_film = inverse(upright)
    to_hand = compose(fit.affine, upright)
    expected = apply(inverse(fit.affine), mean_hand().centres)
    strayed = np.linalg.norm(look.centres - expected, axis=1) * fit.scale
    seen = (look.confidence >= FOUND) & (strayed <= np.minimum(_NEAR * look.confidence, _FARTHEST))
    centres = apply(to_film, np.where(seen[:, None], look.centres, expected))
    unit = 1.0 / np.sqrt(abs(np.linalg.det(to_hand[:, :2])))  # the mean hand's unit in film pixels
    axes = _axes(centres)
    up = np.linalg.inv(to_hand[:, :2]) @ [0.0, -1.0]
    rotation = float(np.degrees(np.arctan2(up[0], -up[1])))
    quarter = round(rotation / 90.0) % 2
    window_unit = np.sqrt(abs(np.linalg.det(to_film[:, :2])))
    regions = []
    for i, bone in enumerate(RUS_BONES):
        usual = mean_hand().extents[i] / fit.scale
        # the geometric mean of what is seen and what is usual errs less than either (measured on `val`)
        width, height = (np.sqrt(look.extents[i] * usual) if seen[i] else usual) * window_unit
        if quarter:
            width, height = height, width
        x, y = centres[i]
        outside = not (0 <= x < radiograph.width and 0 <= y < radiograph.height)
        axis = axes[bone]
        regions.append(
            Region(
                bone=bone,
                box=Box.about((x, y), width, height),
                centre=(float(x), float(y)),
                axis_degrees=float(np.degrees(np.arctan2(axis[0], -axis[1]))),
                size=float(unit),
                confidence=float(look.confidence[i]),
                status="found" if seen[i] and not outside else "outside" if outside else "missing",
            )
        )
    mirrored = bool(np.linalg.det(to_hand[:, :2]) < 0)
    return Localization(tuple(regions), mirrored, rotation, inverted, hand, centres, look.confidence, fit.residual)
