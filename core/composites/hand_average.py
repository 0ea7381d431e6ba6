"""Averages films of several hands into one lifelike film of nobody's hand: aligned on all five fingers, averaged by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from core.bones import ALL_BONES
from core.errors import BoneGradeError
from core.film.greys import Grey
from core.film.radiograph import film_hash
from core.hand.geometry import Points, apply, fit_similarity, inverse, mean_hand

Mask = NDArray[np.bool_]
#: HxWx2: the x and y on the film (pixel centres at whole numbers) that each pixel of the average shows.
Field = NDArray[np.float32]

#: An average of fewer hands could still show one child's: neither a film nor a single pixel of it is made from fewer.
LEAST_HANDS: Final = 8
#: The average's size in pixels, the pixels of the mean hand's unit on it, and where that hand's origin lies (x, y).
WIDTH: Final = 720
HEIGHT: Final = 960
_UNIT: Final = 215.0
_ORIGIN: Final = (334.0, 440.0)

_AT: Final = {bone: place for place, bone in enumerate(ALL_BONES)}
_FINGERS: Final = tuple(
    tuple(f"{bone}{finger}" for bone in (("MC", "PP", "DP") if finger == 1 else ("MC", "PP", "MP", "DP")))
    for finger in range(1, 6)
)
_SEGMENTS: Final = tuple(pair for finger in _FINGERS for pair in pairwise(finger))
#: A finger's tip lies beyond its last region by this share of the distance between its last two.
_TIP_BEYOND: Final = {finger: 0.6 if finger[0] == "MC1" else 0.8 for finger in _FINGERS}
#: Points on the forearm, as shares of the distance from the third metacarpal's head to the wrist.
_FOREARM: Final = (0.3, 0.6, 0.9)

#: Spread, in pixels, of the smoothing of each round of the fine alignment: coarse first.
ROUNDS: Final = (24.0, 16.0, 12.0, 10.0, 8.0, 8.0)
#: The spline is worked out on every n-th pixel and interpolated between.
_GRID_STEP: Final = 12
#: Rows above the black of a collimator that are not trusted.
_COLLIMATOR_BLUR: Final = 20
#: Brightens the thin fingers relative to the thick wrist, as a viewer's display does.
_GAMMA: Final = 0.85
_QUANTILES: Final = np.linspace(0.0, 100.0, 101)


class TooFewHandsError(BoneGradeError):
    """There are fewer hands than LEAST_HANDS to average; the message says how many there are."""


@dataclass(frozen=True, eq=False)
class LocatedHand:
    """A film and its regions. pixels: HxW float32 in [0, 1], bone bright; centres: 21x2 in its pixels, ALL_BONES order."""

    pixels: Grey
    centres: Points

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32:
            raise ValueError(f"pixels must be float32 HxW, not {self.pixels.dtype} of shape {self.pixels.shape}")
        if self.centres.shape != (len(ALL_BONES), 2) or not np.isfinite(self.centres).all():
            raise ValueError(f"centres must be {len(ALL_BONES)} finite points x, y, not of shape {self.centres.shape}")

    @property
    def unit(self) -> float:
        """The hand's size: the length of the mean hand's unit in pixels of the film."""
        return 1.0 / fit_similarity(self.centres, mean_hand().centres, np.ones(len(ALL_BONES))).scale

    @property
    def whole(self) -> bool:
        """Whether the film shows the finger tips and the start of the forearm, or all but a sliver of them."""
        height, width = self.pixels.shape
        landmarks = np.concatenate([self.centres, _tips(self.centres), _forearm(self.centres, _FOREARM[:1])])
        sliver = 0.15 * self.unit
        return bool((landmarks >= -sliver).all() and (landmarks <= np.array([width, height]) + sliver).all())


def posture_deviations(hands: Sequence[LocatedHand]) -> NDArray[np.float64]:
    """How much each of N hands differs from the others in pose or proportions: 0 like their median, N values.

    The greatest difference among the fingers' segments (from one region to the next), as a share of the median segment's
    length: 0.5 is a phalanx half as long again, or turned by 29 degrees. A misplaced region shows as a high value.
    """
    shape = _procrustes_mean([hand.centres for hand in hands])
    ones = np.ones(len(ALL_BONES))
    aligned = np.stack([apply(fit_similarity(hand.centres, shape, ones).affine, hand.centres) for hand in hands])
    starts, ends = ([_AT[pair[side]] for pair in _SEGMENTS] for side in (0, 1))
    segments = aligned[:, ends] - aligned[:, starts]
    usual = np.median(segments, axis=0)
    differences = np.linalg.norm(segments - usual, axis=2) / np.linalg.norm(usual, axis=1)
    deviations: NDArray[np.float64] = differences.max(axis=1)
    return deviations


def average_hand(hands: Sequence[LocatedHand], rounds: Sequence[float] = ROUNDS) -> NDArray[np.uint8]:
    """The average of at least LEAST_HANDS hands as an upright left hand on black: HEIGHT x WIDTH, 8-bit grey.

    Every film is laid over the hands' own mean shape by a thin-plate spline through the 21 regions, the finger tips and
    the forearm (Bookstein 1989), matched in exposure, and then moved the last few pixels onto the running average by
    dense inverse search optical flow (Kroeger 2016), once for each of `rounds` (see ROUNDS). A pixel is the mean of the
    hands' middle greys there, never of fewer than LEAST_HANDS: the darkest and the brightest are set aside. Where fewer
    films reach, and everywhere around the hand, the average is black.

    Raises TooFewHandsError.
    """
    hands = list({film_hash(hand.pixels): hand for hand in hands}.values())  # the same film twice is one hand
    if len(hands) < LEAST_HANDS:
        raise TooFewHandsError(
            f"There are only {len(hands)} different hands to average, and at least {LEAST_HANDS} are needed so that "
            "no child's film is shown: add films of children of this sex and age."
        )
    shape = _mean_shape(hands)
    bones = _bone_band(shape, 0.3)
    fields = [_spline(shape, hand.centres) for hand in hands]
    layers = _layers(hands, fields, shape)
    average = _trimmed_mean(layers)
    for smoothing in rounds:
        fields = _refined(fields, layers, average, bones, smoothing)
        layers = _layers(hands, fields, shape)
        average = _trimmed_mean(layers)
    return _finish(average, shape)


def _procrustes_mean(centres: Sequence[Points]) -> Points:
    """The hands' own mean shape, 21x2, laid over `mean_hand` in its frame and unit (generalised Procrustes analysis)."""
    ones = np.ones(len(ALL_BONES))
    shape = mean_hand().centres
    for _ in range(5):
        mean = np.mean([apply(fit_similarity(points, shape, ones).affine, points) for points in centres], axis=0)
        shape = apply(fit_similarity(mean, mean_hand().centres, ones).affine, mean)
    return shape


def _mean_shape(hands: Sequence[LocatedHand]) -> Points:
    """The hands' mean shape in pixels of the average."""
    return _procrustes_mean([hand.centres for hand in hands]) * _UNIT + _ORIGIN


def _tips(centres: Points) -> Points:
    """5x2: where the finger tips lie, thumb first."""
    return np.stack(
        [
            centres[_AT[finger[-1]]] + beyond * (centres[_AT[finger[-1]]] - centres[_AT[finger[-2]]])
            for finger, beyond in _TIP_BEYOND.items()
        ]
    )


def _forearm(centres: Points, shares: Sequence[float]) -> Points:
    """Points below the radius and the ulna, each `shares` of the hand's length down the forearm."""
    radius, ulna = centres[_AT["Radius"]], centres[_AT["Ulna"]]
    down = (radius + ulna) / 2 - centres[_AT["MC3"]]
    return np.stack([bone + share * down for bone in (radius, ulna) for share in shares])


def _spline(shape: Points, centres: Points) -> Field:
    """The thin-plate spline that takes the average's pixels to the film whose regions lie at `centres`.

    Beyond the hand a far ring of points that follow the hand's similarity keeps it from running wild.
    """
    on_film = centres - 0.5  # from the film's coordinates, whose pixel centres are at halves, to places in the array
    turn = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    ring = shape.mean(axis=0) + 5 * _UNIT * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    to_shape = fit_similarity(on_film, shape, np.ones(len(ALL_BONES))).affine
    source = np.concatenate([shape, _tips(shape), _forearm(shape, _FOREARM), ring])
    target = np.concatenate([on_film, _tips(on_film), _forearm(on_film, _FOREARM), apply(inverse(to_shape), ring)])
    spline = RBFInterpolator(source, target, kernel="thin_plate_spline")
    rows, columns = HEIGHT // _GRID_STEP + 2, WIDTH // _GRID_STEP + 2
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=2).reshape(-1, 2) * float(_GRID_STEP)
    coarse = spline(grid).reshape(rows, columns, 2).astype(np.float32)
    x, y = _pixel_grid()
    step = np.float32(_GRID_STEP)
    return _remap(coarse, (x / step).astype(np.float32), (y / step).astype(np.float32))


def _pixel_grid() -> tuple[Grey, Grey]:
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    return x, y


def _remap(picture: NDArray[np.float32], x: Grey, y: Grey) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _layers(hands: Sequence[LocatedHand], fields: Sequence[Field], shape: Points) -> Grey:
    """The films in the average's frame with exposures matched, NxHxW; NaN where a film does not reach.

    Each film's greys over the bones and the tissue beside them are given the median quantiles of all films there, so
    that a hard exposure weighs no more than a soft one. The scale is that of the films: about 0 to 1, not clipped.
    """
    bones = _bone_band(shape, 0.3)
    layers, quantiles = [], []
    for hand, field in zip(hands, fields, strict=True):
        x, y = field[..., 0], field[..., 1]
        height, width = hand.pixels.shape
        layer = _remap(hand.pixels, x, y)
        layer[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)] = np.nan
        layers.append(layer)
        quantiles.append(np.nanpercentile(layer[bones], _QUANTILES) + 1e-6 * _QUANTILES)
    scaled = [(q - q[2]) / (q[99] - q[2]) for q in quantiles]
    usual = np.median(scaled, axis=0)
    matched = [np.interp(layer, q, usual).astype(np.float32) for layer, q in zip(layers, quantiles, strict=True)]
    return _without_collimated_forearm(np.stack(matched), shape)


def _without_collimated_forearm(layers: Grey, shape: Points) -> Grey:
    """The layers with NaN from where a film's forearm ends in the black of the collimator, short of the film's edge.

    It ends at the first row in which a third of the forearm's width has less than half of its usual grey.
    """
    thirds = [_forearm_band(shape, 0.23, aside) for aside in (-0.23, 0.0, 0.23)]
    reached = np.nan_to_num(layers)
    greys = np.stack([(reached * third).sum(axis=2) / np.maximum(third.sum(axis=1), 1) for third in thirds])
    dark = (greys < 0.5 * np.median(greys, axis=1, keepdims=True)).any(axis=0)
    dark[:, : round(float(shape[_AT["Radius"], 1]))] = False
    ended = np.maximum.accumulate(dark, axis=1)
    # The collimator's edge is blurred and seldom level with the rows.
    ended = np.asarray(cv2.dilate(ended.astype(np.uint8), np.ones((1, 2 * _COLLIMATOR_BLUR + 1))), bool)
    return np.where(ended[:, :, None], np.float32(np.nan), layers)


def _trimmed_mean(layers: Grey) -> Grey:
    """HxW mean over the films of the middle greys, at least LEAST_HANDS of them; NaN where fewer films reach."""
    count = np.isfinite(layers).sum(axis=0)
    aside = np.maximum((count - LEAST_HANDS) // 2, 0)
    ordered = np.sort(layers, axis=0)  # NaN sorts last
    rank = np.arange(len(layers))[:, None, None]
    kept = (rank >= aside) & (rank < count - aside)
    mean = np.where(kept, ordered, 0.0).sum(axis=0) / np.maximum(kept.sum(axis=0), 1)
    return np.where(count >= LEAST_HANDS, mean, np.nan).astype(np.float32)


def _relief(picture: Grey) -> NDArray[np.uint8]:
    """What two films of unlike exposure share: greys against their surroundings, in units of the local spread; 8 bit."""
    difference = picture - cv2.GaussianBlur(picture, (0, 0), 12.0)
    spread = np.sqrt(cv2.GaussianBlur(difference**2, (0, 0), 20.0)) + 0.01
    return np.asarray(np.clip(128.0 + 40.0 * difference / spread, 0, 255), np.uint8)


def _refined(fields: Sequence[Field], layers: Grey, average: Grey, bones: Mask, smoothing: float) -> list[Field]:
    """The fields after one round of fine alignment to the average; what all films agree on is left out, so that the
    mean shape stays."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    target = _relief(np.nan_to_num(average))
    # Only what is near a bone is trusted: away from the hand there is nothing to align but markers and film edges.
    near = cv2.dilate(bones.astype(np.float32), np.ones((41, 41)))
    shifts = []
    for layer in layers:
        # Where the film ends, the average stands in for it, so that the end pulls at nothing.
        reached = np.isfinite(layer)
        moved = flow.calc(
            target, _relief(np.nan_to_num(np.where(reached, layer, average))), np.zeros((HEIGHT, WIDTH, 2), np.float32)
        )
        weight = near * reached
        around = cv2.GaussianBlur(weight, (0, 0), smoothing) + 0.01
        shifts.append(cv2.GaussianBlur(moved * weight[..., None], (0, 0), smoothing) / around[..., None])
    common = np.mean(shifts, axis=0)
    x, y = _pixel_grid()
    return [
        _remap(field, x + (shift - common)[..., 0], y + (shift - common)[..., 1])
        for field, shift in zip(fields, shifts, strict=True)
    ]


def _bone_band(shape: Points, width: float, forearm_width: float = 0.8) -> Mask:
    """HxW: within half of `width` (in units of the mean hand) of a finger's axis, in the palm, or in the forearm."""
    band = np.zeros((HEIGHT, WIDTH), np.uint8)
    for finger, tip in zip(_FINGERS, _tips(shape), strict=True):
        axis = np.stack([*(shape[_AT[bone]] for bone in finger), tip])
        cv2.polylines(band, [np.round(axis).astype(np.int32)], False, 1, round(width * _UNIT))
    palm = [shape[_AT[bone]] for bone in ("Radius", "Ulna", "MC5", "PP5", "PP4", "PP3", "PP2", "PP1", "MC1")]
    outline = cv2.convexHull(np.round(palm).astype(np.int32))
    cv2.fillConvexPoly(band, outline, 1)
    cv2.polylines(band, [outline], True, 1, round(width * _UNIT))
    return band.astype(bool) | _forearm_band(shape, forearm_width)


def _forearm_band(shape: Points, width: float, aside: float = 0.0) -> Mask:
    """HxW: within half of `width` of the line that runs down the forearm, `aside` of its middle (units of the mean hand)."""
    wrist = shape[[_AT["Radius"], _AT["Ulna"]]].mean(axis=0)
    down = wrist - shape[_AT["MC3"]]
    start = wrist + aside * _UNIT * np.array([down[1], -down[0]]) / np.linalg.norm(down)
    line = np.round(np.stack([start, start + 1.2 * down])).astype(np.int32)
    return cv2.polylines(np.zeros((HEIGHT, WIDTH), np.uint8), [line], False, 1, round(width * _UNIT)).astype(bool)


def _finish(average: Grey, shape: Points) -> NDArray[np.uint8]:
    """Cuts the hand out of the averaged film, sets black and white, and takes back a little of the averaging's blur."""
    reached = np.isfinite(average)
    average = np.nan_to_num(average)
    near = _bone_band(shape, 0.62, forearm_width=1.2)
    background = float(np.median(average[reached & ~near]))
    # The flesh is as bright as the hand is thick, so it is told from the background by its brightness relative to nearby bone.
    bones = _bone_band(shape, 0.2).astype(np.float32) * reached
    around = cv2.GaussianBlur(average * bones, (0, 0), 30.0) / (cv2.GaussianBlur(bones, (0, 0), 30.0) + 1e-6)
    hand = _largest(near & reached & (average > background + 0.25 * (around - background)))
    alpha = cv2.GaussianBlur(cv2.dilate(hand.astype(np.float32), _disc(4)), (0, 0), 3.0)
    alpha = alpha * cv2.GaussianBlur(cv2.erode(reached.astype(np.float32), _disc(12)), (0, 0), 4.0)
    # The forearm fades out above the first row that too few films reach.
    below = np.arange(HEIGHT) > shape[_AT["Radius"], 1]
    ended = np.flatnonzero(below & (_forearm_band(shape, 0.7) & ~reached).any(axis=1))
    end = int(ended[0]) if len(ended) else HEIGHT
    alpha = alpha * np.clip((end - 1 - np.arange(HEIGHT, dtype=np.float32)) / 40.0, 0.0, 1.0)[:, None]
    sharp = average + 0.6 * (average - cv2.GaussianBlur(average, (0, 0), 1.6))
    sharp = np.maximum(sharp - background, 0.0) * alpha
    white = float(np.percentile(sharp[hand], 99.8))
    return np.asarray(np.round(255.0 * np.clip(sharp / white, 0.0, 1.0) ** _GAMMA), np.uint8)


def _disc(radius: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)


def _largest(mask: Mask) -> Mask:
    """The largest connected part of the mask, its outline smoothed and its holes filled."""
    smooth = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _disc(5))
    outlines, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(mask.shape, np.uint8)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)
