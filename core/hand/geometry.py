"""Plane geometry of films and hands: 2x3 affine maps, similarity fits, and the mean hand that films are compared with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.bones import ALL_BONES

Points = NDArray[np.float64]
Affine = NDArray[np.float64]

#: Pixels beyond a window's edge whose grey values may be mixed into it.
_REACH: Final = 3.0


@dataclass(frozen=True)
class MeanHand:
    """Procrustes mean of an upright left hand seen from its back (thumb to the right, y down).

    centres 21x2 and extents 21x2 (width, height) in ALL_BONES order; unit: the root mean square distance of the
    centres from their own mean, so that a hand's size is one number.
    """

    centres: Points
    extents: Points


@cache
def mean_hand() -> MeanHand:
    """The mean hand, measured on hand-boxed films."""
    data = json.loads(resources.files("core").joinpath("data/mean_hand.json").read_text())
    return MeanHand(
        np.array([data["centre"][bone] for bone in ALL_BONES]), np.array([data["extent"][bone] for bone in ALL_BONES])
    )


def apply(affine: Affine, points: Points) -> Points:
    """Maps Nx2 points by a 2x3 affine."""
    return points @ affine[:, :2].T + affine[:, 2]


def inverse(affine: Affine) -> Affine:
    """The inverse of a 2x3 affine."""
    linear = np.linalg.inv(affine[:, :2])
    return np.concatenate([linear, -linear @ affine[:, 2:]], axis=1)


def compose(outer: Affine, inner: Affine) -> Affine:
    """The 2x3 affine that applies `inner` first, then `outer`."""
    return np.concatenate([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2:] + outer[:, 2:]], axis=1)


def similarity(scale: float, radians: float, mirror: bool, centre_from: Points, centre_to: Points) -> Affine:
    """Maps `centre_from` to `centre_to`, scaling, mirroring x first if asked, and turning by `radians`."""
    cos, sin = np.cos(radians), np.sin(radians)
    linear = scale * np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirror else 1.0, 1.0])
    return np.concatenate([linear, (np.asarray(centre_to) - linear @ np.asarray(centre_from))[:, None]], axis=1)


@dataclass(frozen=True)
class SimilarityFit:
    """Least-squares similarity from one point set to another; `residual` is the weighted root mean square misfit in
    units of the target, `scale` its factor, `mirror` whether it turns left into right."""

    affine: Affine
    scale: float
    radians: float
    mirror: bool
    residual: float


def _fit(source: Points, target: Points, weights: NDArray[np.float64], mirror: bool) -> SimilarityFit:
    weights = weights / weights.sum()
    flipped = source * ([-1.0, 1.0] if mirror else [1.0, 1.0])
    source_mean, target_mean = weights @ flipped, weights @ target
    a = (flipped - source_mean) @ [1.0, 1.0j]
    b = (target - target_mean) @ [1.0, 1.0j]
    factor = (weights * np.conj(a) * b).sum() / max(float((weights * np.abs(a) ** 2).sum()), 1e-12)
    residual = float(np.sqrt((weights * np.abs(a * factor - b) ** 2).sum()))
    scale, radians = float(np.abs(factor)), float(np.angle(factor))
    affine = similarity(scale, radians, mirror, source_mean * ([-1.0, 1.0] if mirror else [1.0, 1.0]), target_mean)
    return SimilarityFit(affine, scale, radians, mirror, residual)


def fit_similarity(source: Points, target: Points, weights: NDArray[np.float64]) -> SimilarityFit:
    """Robust similarity from Nx2 `source` to Nx2 `target`, in whichever chirality fits better.

    Points are weighted by `weights` (N, >= 0) and re-weighted a few times by how well they fit (Cauchy weights), so
    that a single stray point does not turn the hand.
    """
    best: SimilarityFit | None = None
    for mirror in (False, True):
        current = weights.astype(np.float64)
        for _ in range(4):
            fit = _fit(source, target, current, mirror)
            misfit = np.linalg.norm(apply(fit.affine, source) - target, axis=1)
            current = weights / (1.0 + (misfit / 0.15) ** 2)
        if best is None or fit.residual < best.residual:
            best = fit
    assert best is not None
    return best


def resample(pixels: NDArray[np.float32], affine: Affine, side: int) -> NDArray[np.float32]:
    """The `side` x `side` window that `affine` (film to window, pixel centres at half-integers) cuts out of a film HxW.

    Greys keep their range. Shrinks by area averaging first where the window is much coarser than the film, so that nothing
    aliases.
    """
    part, affine = _part_shown(pixels, affine, side)
    return _cut_out(*_shrunk(part, affine), side)


def resample_turned(
    pixels: NDArray[np.float32], affine: Affine, turns: Sequence[Affine], side: int
) -> list[NDArray[np.float32]]:
    """What `resample` gives for each turn of a window. turns: maps from it to the turned window, all of scale 1."""
    shrunk, shrunk_affine = _shrunk(pixels, affine)
    return [_cut_out(shrunk, compose(turn, shrunk_affine), side) for turn in turns]


def _part_shown(pixels: NDArray[np.float32], affine: Affine, side: int) -> tuple[NDArray[np.float32], Affine]:
    """The part of a film that a window shows, with the pixels that are averaged into its edge, and the map from it to the
    window. The rest of a large film then need not be shrunk for each small crop."""
    corners = apply(inverse(affine), np.array([[0.0, 0.0], [side, 0.0], [0.0, side], [side, side]]))
    reach = _REACH / _scale(affine)
    height, width = pixels.shape
    left, top = (max(0, int(low)) for low in np.floor(corners.min(0) - reach))
    right, bottom = (
        min(end, int(high)) for end, high in zip((width, height), np.ceil(corners.max(0) + reach), strict=True)
    )
    if left >= right or top >= bottom:  # the window lies beyond the film
        left, top, right, bottom = 0, 0, 1, 1
        pixels = np.zeros((1, 1), np.float32)
    return pixels[top:bottom, left:right], compose(affine, np.array([[1.0, 0.0, left], [0.0, 1.0, top]]))


def _scale(affine: Affine) -> float:
    """Window pixels per film pixel."""
    return float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))


def _shrunk(pixels: NDArray[np.float32], affine: Affine) -> tuple[NDArray[np.float32], Affine]:
    """The film, no finer than a window needs, and the map from it to the window."""
    coarseness = 1.0 / _scale(affine)
    if coarseness > 1.5:
        height, width = pixels.shape
        shrunk = (max(1, round(width / coarseness)), max(1, round(height / coarseness)))
        pixels = np.asarray(cv2.resize(pixels, shrunk, interpolation=cv2.INTER_AREA), np.float32)
        affine = compose(affine, np.array([[width / shrunk[0], 0.0, 0.0], [0.0, height / shrunk[1], 0.0]]))
    return pixels, affine


def _cut_out(pixels: NDArray[np.float32], affine: Affine, side: int) -> NDArray[np.float32]:
    to_window = compose(affine, np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]]))
    to_window[:, 2] -= 0.5
    window = cv2.warpAffine(pixels, to_window, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(window, np.float32)
