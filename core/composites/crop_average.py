"""Averages crops of one bone from several children into one sharp picture of nobody's bone: aligned, then averaged by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.composites.hand_average import LEAST_HANDS, TooFewHandsError
from core.film.greys import Grey
from core.hand.crops import CONTEXT_SIDE

#: The picture's side in pixels, and how many pixels of a crop it shows: most of the crop's margin is left out.
PICTURE_SIDE: Final = 144
SHOWN_SIDE: Final = 108
#: An average of more children is no clearer, only softer: the crops that agree best with the others are kept.
MOST_HANDS: Final = 16

#: Crops are aligned at the picture's scale, with their margin.
_SIDE: Final = CONTEXT_SIDE * PICTURE_SIDE // SHOWN_SIDE
#: Rounds of affine alignment, each after a blur of this many pixels (odd); then of fine alignment, each smoothed this much.
_AFFINE_BLURS: Final = (11, 7, 5, 5)
_FINE_SMOOTHING: Final = (14.0, 10.0, 8.0, 7.0, 6.0)
#: A crop that would have to be scaled, sheared or moved (share of the side) by more is left as it was cut.
_MOST_DEFORMED: Final = 0.25
_MOST_MOVED: Final = 0.15
_STEPS: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
_QUANTILES: Final = np.linspace(0.0, 100.0, 101)


@dataclass(frozen=True, eq=False)
class CropAverage:
    """picture: PICTURE_SIDE x PICTURE_SIDE, 8-bit grey. kept: which of the given crops it shows, at least LEAST_HANDS."""

    picture: NDArray[np.uint8]
    kept: tuple[int, ...]


def average_crops(crops: NDArray[np.uint8]) -> CropAverage:
    """The average of N crops with margin, NxSxS with S = CONTEXT_SIDE, each of a different child.

    Every crop is laid over the running average by an affine map (enhanced correlation coefficient, Evangelidis 2008);
    the MOST_HANDS that then agree best with it are moved the last few pixels by dense inverse search optical flow
    (Kroeger 2016), smoothed. A move that all crops share is undone, so the mean shape stays. Greys are matched
    by their quantiles. A pixel is the mean of the middle greys there, at least LEAST_HANDS of them.

    Raises TooFewHandsError where fewer than LEAST_HANDS different crops are given.
    """
    _, different = np.unique(crops, axis=0, return_index=True)
    if len(different) < LEAST_HANDS:
        raise TooFewHandsError(
            f"There are only {len(different)} different crops to average, and at least {LEAST_HANDS} are needed so that "
            "no child's film is shown."
        )
    places = np.sort(different)
    layers = np.stack([_prepared(crop) for crop in crops[places]])
    affines = [np.eye(2, 3, dtype=np.float32)] * len(layers)
    for blur in _AFFINE_BLURS:
        affines = _aligned(affines, layers, blur)
    moved = np.stack([_warped(layer, _field(affine)) for layer, affine in zip(layers, affines, strict=True)])
    best = np.sort(np.argsort(-_agreement(moved), kind="stable")[:MOST_HANDS])
    layers = _matched(layers[best])
    fields = [_field(affines[place]) for place in best]
    for smoothing in _FINE_SMOOTHING:
        fields = _refined(fields, layers, smoothing)
    average = _trimmed_mean(np.stack([_warped(layer, field) for layer, field in zip(layers, fields, strict=True)]))
    return CropAverage(_finish(average), tuple(int(place) for place in places[best]))


def _prepared(crop: NDArray[np.uint8]) -> Grey:
    """A crop at the picture's scale, _SIDE x _SIDE in [0, 1]."""
    larger = cv2.resize(crop.astype(np.float32) / 255, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(larger, 0.0, 1.0), np.float32)


def _middle() -> Grey:
    """Where crops are compared: 1 on what the picture shows, falling off towards the margin."""
    y, x = np.mgrid[:_SIDE, :_SIDE] - (_SIDE - 1) / 2
    return np.asarray(np.exp(-((np.hypot(x, y) / (0.42 * _SIDE)) ** 4)), np.float32)


def _relief(picture: Grey) -> Grey:
    """What two crops of unlike exposure share: greys against their surroundings, in units of the local spread."""
    difference = picture - cv2.GaussianBlur(picture, (0, 0), 10.0)
    spread = np.sqrt(cv2.GaussianBlur(difference**2, (0, 0), 18.0)) + 0.02
    return np.asarray(difference / spread, np.float32)


def _field(affine: NDArray[np.float32]) -> Grey:
    """HxWx2: the x and y on the crop that each pixel of the average shows."""
    x, y = np.meshgrid(np.arange(_SIDE, dtype=np.float32), np.arange(_SIDE, dtype=np.float32))
    grid = np.stack([x, y, np.ones_like(x)], axis=2)
    return np.asarray(grid @ affine.T, np.float32)


def _warped(layer: Grey, field: Grey) -> Grey:
    return np.asarray(
        cv2.remap(layer, field[..., 0], field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _aligned(affines: Sequence[NDArray[np.float32]], layers: Grey, blur: int) -> list[NDArray[np.float32]]:
    """The affine maps, average to crop, after one more round; what they have in common is taken out of them."""
    moved = np.stack([_warped(layer, _field(affine)) for layer, affine in zip(layers, affines, strict=True)])
    target = _relief(_trimmed_mean(moved))
    mask = np.asarray(_middle() > 0.3, np.uint8)
    found = []
    for layer, affine in zip(layers, affines, strict=True):
        try:
            _, found_map = cv2.findTransformECC(
                target, _relief(layer), affine.copy(), cv2.MOTION_AFFINE, _STEPS, mask, blur
            )
            better = np.asarray(found_map, np.float32)
        except cv2.error:  # no overlap to improve
            better = affine
        found.append(better if _is_small(better) else affine)
    square = np.stack([np.vstack([affine, [0.0, 0.0, 1.0]]) for affine in found])
    centred = square @ np.linalg.inv(square.mean(axis=0))
    return [np.asarray(matrix[:2], np.float32) for matrix in centred]


def _is_small(affine: NDArray[np.float32]) -> bool:
    middle = np.full(2, (_SIDE - 1) / 2)
    moved = affine[:, :2] @ middle + affine[:, 2] - middle
    return bool(
        np.abs(affine[:, :2] - np.eye(2)).max() <= _MOST_DEFORMED and np.abs(moved).max() <= _MOST_MOVED * _SIDE
    )


def _agreement(moved: Grey) -> NDArray[np.float64]:
    """How well each of N aligned crops agrees with the average of the others: correlation of what is shown, -1..1."""
    weight = _middle().ravel()
    reliefs = np.stack([_relief(layer).ravel() for layer in moved]) * np.sqrt(weight)
    others = reliefs.sum(axis=0) - reliefs
    return np.array([np.corrcoef(own, other)[0, 1] for own, other in zip(reliefs, others, strict=True)])


def _matched(layers: Grey) -> Grey:
    """The crops with greys whose quantiles are the crops' median, so that a hard exposure weighs no more than a soft one."""
    seen = _middle() > 0.3
    quantiles = np.stack([np.percentile(layer[seen], _QUANTILES) + 1e-6 * _QUANTILES for layer in layers])
    usual = np.median(quantiles, axis=0)
    return np.stack([np.interp(layer, own, usual) for layer, own in zip(layers, quantiles, strict=True)]).astype(
        np.float32
    )


def _refined(fields: Sequence[Grey], layers: Grey, smoothing: float) -> list[Grey]:
    """The fields after one round of fine alignment to the average."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    moved = np.stack([_warped(layer, field) for layer, field in zip(layers, fields, strict=True)])
    target = _levels(_relief(_trimmed_mean(moved)))
    weight = _middle()[..., None]
    shifts = np.stack(
        [
            cv2.GaussianBlur(
                weight * flow.calc(target, _levels(_relief(layer)), np.zeros((_SIDE, _SIDE, 2), np.float32)),
                (0, 0),
                smoothing,
            )
            for layer in moved
        ]
    )
    shifts -= shifts.mean(axis=0)
    identity = _field(np.eye(2, 3, dtype=np.float32))
    return [_warped(field, identity + shift) for field, shift in zip(fields, shifts, strict=True)]


def _levels(relief: Grey) -> NDArray[np.uint8]:
    return np.asarray(np.clip(128.0 + 40.0 * relief, 0, 255), np.uint8)


def _trimmed_mean(layers: Grey) -> Grey:
    """The mean of the middle greys at each pixel, at least LEAST_HANDS of them and at least half."""
    aside = min((len(layers) - LEAST_HANDS) // 2, len(layers) // 4)
    ordered = np.sort(layers, axis=0)[aside : len(layers) - aside]
    return np.asarray(ordered.mean(axis=0), np.float32)


def _finish(average: Grey) -> NDArray[np.uint8]:
    """The part of the average that is shown, sharpened a little and stretched to the whole range of greys."""
    sharp = average + 0.6 * (average - cv2.GaussianBlur(average, (0, 0), 2.0))
    edge = (_SIDE - PICTURE_SIDE) // 2
    shown = sharp[edge : edge + PICTURE_SIDE, edge : edge + PICTURE_SIDE]
    low, high = np.percentile(shown, (1.0, 99.5))
    return np.asarray(np.round(255 * np.clip((shown - low) / max(high - low, 1e-6), 0.0, 1.0)), np.uint8)
