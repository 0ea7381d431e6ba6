"""Training samples for the localiser: films transformed in every way a scanner might deliver them, and non-hands."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy

from core.bones import ALL_BONES
from core.hand.looks import standardise
from core.training.localizer.boxed_films import BoxedFilm

_REGIONS = len(ALL_BONES)
_HEAT_SIGMA_CELLS = 1.6


@dataclass(frozen=True)
class Sample:
    """One training sample of side S: film 1xSxS standardised, and its targets.

    heat 21xS/2xS/2 in [0, 1]; centres 21x2 in cells; log_sizes 21x2; known 21 (1 where this region was boxed at all);
    visible 21 (1 where its centre is inside the picture); hand, inverted and upright 0 or 1; judged 1 where `upright` is asked
    for at all: not near 45 degrees, where either answer is acceptable.
    """

    film: NDArray[np.float32]
    heat: NDArray[np.float32]
    centres: NDArray[np.float32]
    log_sizes: NDArray[np.float32]
    known: NDArray[np.float32]
    visible: NDArray[np.float32]
    hand: float
    inverted: float
    upright: float
    judged: float


def _heat(centres: NDArray[np.float64], visible: NDArray[np.bool_], cells: int) -> NDArray[np.float32]:
    grid = np.arange(cells, dtype=np.float32)
    heat = np.zeros((len(centres), cells, cells), np.float32)
    for i in np.flatnonzero(visible):
        x = np.exp(-((grid - centres[i, 0]) ** 2) / (2 * _HEAT_SIGMA_CELLS**2))
        y = np.exp(-((grid - centres[i, 1]) ** 2) / (2 * _HEAT_SIGMA_CELLS**2))
        heat[i] = y[:, None] * x[None, :]
        heat[i] /= heat[i].max()
    return heat


def _rephotograph(picture: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Another exposure of the same film: gamma, contrast, blur, noise. HxW in [0, 1] in and out."""
    picture = picture ** np.float32(np.exp(random.uniform(-0.8, 0.8)))
    picture = picture * np.float32(random.uniform(0.25, 1.0)) + np.float32(random.uniform(0.0, 0.35))
    if random.random() < 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.4, 1.2)), np.float32)
    if random.random() < 0.25:
        picture = picture + random.normal(0, random.uniform(0.003, 0.02), picture.shape).astype(np.float32)
    return np.clip(picture, 0.0, 1.0)


def _tone(random: np.random.Generator, low: int = 0) -> int:
    return int(random.integers(low, 256))


def _decorate(picture: NDArray[np.uint8], random: np.random.Generator) -> None:
    """Markers, letters and film edges, drawn in place."""
    side = picture.shape[0]
    for _ in range(random.integers(0, 3)):
        x, y = (int(v) for v in random.integers(0, side, 2))
        text = "".join(chr(65 + int(c)) for c in random.integers(0, 26, random.integers(1, 4)))
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, random.uniform(0.4, 1.1), _tone(random, 150), 2)
    if random.random() < 0.15:
        edge = int(random.integers(2, side // 8))
        tone = _tone(random)
        which = random.integers(0, 4)
        if which == 0:
            picture[:edge] = tone
        elif which == 1:
            picture[-edge:] = tone
        elif which == 2:
            picture[:, :edge] = tone
        else:
            picture[:, -edge:] = tone


#: Share of views in which the hand is not upright, which the network must learn to recognise.
_TURNED = 0.25


def _pose(random: np.random.Generator) -> tuple[float, bool, bool, bool]:
    """A random turn in radians, whether mirrored, whether that is upright, and whether the question is well defined."""
    if random.random() < _TURNED:
        quarter, mirrored = divmod(int(random.integers(1, 8)), 2)
        slant = random.uniform(-np.pi / 4, np.pi / 4)
        fair = bool(mirrored) or quarter == 2 or abs(slant) < np.radians(40)
        return quarter * np.pi / 2 + slant, bool(mirrored), False, fair
    angle = random.uniform(-1.0, 1.0) * np.radians(55) if random.random() < 0.5 else random.normal(0, np.radians(12))
    return angle, False, True, abs(angle) < np.radians(42)


def hand_sample(film: BoxedFilm, side: int, random: np.random.Generator) -> Sample:
    """One random view of a film: any rotation, either mirror image, any exposure, the hand large, small or cut off.

    Film and boxes are of a left hand within some 30 degrees of upright, see core.training.localizer.boxed_films.load_boxed.
    """
    centres = np.stack([film.boxes[:, [0, 2]].mean(1), film.boxes[:, [1, 3]].mean(1)], 1)
    extents = np.stack([film.boxes[:, 2] - film.boxes[:, 0], film.boxes[:, 3] - film.boxes[:, 1]], 1)
    known = ~np.isnan(centres[:, 0])
    low, high = centres[known].min(0), centres[known].max(0)
    span = float((high - low).max())
    scale = side * np.exp(random.uniform(np.log(0.45), np.log(1.0))) / span
    angle, mirrored, upright, fair = _pose(random)
    mirror = -1.0 if mirrored else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = scale * turn @ np.diag([mirror, 1.0]) @ np.diag([1.0, 1.0 + random.uniform(-0.06, 0.06)])
    slack = 0.32 * side if random.random() < 0.25 else max(0.0, (side - scale * span) / 2 + 0.05 * side)
    target = side / 2 + random.uniform(-slack, slack, 2)
    shift = target - matrix @ ((low + high) / 2)
    affine = np.concatenate([matrix, shift[:, None]], 1)
    border = cv2.BORDER_REPLICATE if random.random() < 0.2 else cv2.BORDER_CONSTANT
    warped = cv2.warpAffine(film.grey, affine, (side, side), flags=cv2.INTER_AREA, borderMode=border)
    picture = np.asarray(warped, np.uint8)
    _decorate(picture, random)
    exposed = _rephotograph(picture.astype(np.float32) / np.float32(255), random)
    inverted = random.random() < 0.5
    if inverted:
        exposed = np.float32(1.0) - exposed

    cells = side // 2
    with np.errstate(invalid="ignore"):
        position = (centres @ matrix.T + shift) * cells / side - 0.5
        visible = known & upright & (position >= 0).all(1) & (position <= cells - 1).all(1)
        log_sizes = np.log(np.maximum(extents * scale / side, 1e-3))
    return Sample(
        film=standardise(exposed)[None],
        heat=_heat(position, visible, cells),
        centres=np.nan_to_num(position).astype(np.float32),
        log_sizes=np.nan_to_num(log_sizes).astype(np.float32),
        known=(known & upright).astype(np.float32),
        visible=visible.astype(np.float32),
        hand=1.0,
        inverted=float(inverted),
        upright=float(upright),
        judged=float(fair),
    )


def _scrambled(films: Sequence[BoxedFilm], side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Tiles of a film in the wrong order: bone, but not a hand."""
    grey = films[int(random.integers(len(films)))].grey
    tiles = int(random.integers(3, 7))
    step = side // tiles
    whole = cv2.resize(grey, (step * tiles, step * tiles), interpolation=cv2.INTER_AREA)
    order = random.permutation(tiles * tiles)
    out = np.zeros_like(whole)
    for i, j in enumerate(order):
        block = whole[(j // tiles) * step : (j // tiles + 1) * step, (j % tiles) * step : (j % tiles + 1) * step]
        out[(i // tiles) * step : (i // tiles + 1) * step, (i % tiles) * step : (i % tiles + 1) * step] = np.rot90(
            block, int(random.integers(4))
        )
    scrambled = np.asarray(cv2.resize(out, (side, side)), np.float32)
    return scrambled / np.float32(255)


def _shapes(side: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise with ellipses, bars, ribs and text: trunks, limbs, pages and nothing in particular."""
    coarse = random.random((int(random.integers(2, 24)),) * 2).astype(np.float32)
    smooth = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC) * random.uniform(0, 255)
    picture = np.clip(smooth, 0, 255).astype(np.uint8)
    for _ in range(random.integers(0, 14)):
        tone = _tone(random)
        centre = tuple(int(v) for v in random.integers(0, side, 2))
        axes = tuple(int(v) for v in random.integers(3, side // 2, 2))
        thickness = -1 if random.random() < 0.4 else int(random.integers(1, 10))
        start = float(random.uniform(0, 360))
        cv2.ellipse(picture, centre, axes, float(random.uniform(0, 180)), start, start + 220, tone, thickness)
    for _ in range(random.integers(0, 8)):
        ends = [tuple(int(v) for v in random.integers(0, side, 2)) for _ in range(2)]
        cv2.line(picture, ends[0], ends[1], _tone(random), int(random.integers(1, 30)))
    if random.random() < 0.3:
        for y in range(10, side, int(random.integers(10, 30))):
            text = "".join(chr(int(c)) for c in random.integers(48, 122, 30))
            cv2.putText(picture, text, (4, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _tone(random), 1)
    blurred = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 2.5))
    return np.asarray(blurred, np.float32) / np.float32(255)


def other_sample(films: Sequence[BoxedFilm], side: int, random: np.random.Generator) -> Sample:
    """A picture that is not a hand: a scrambled film, shapes, or noise."""
    kind = random.random()
    if kind < 0.35:
        picture = _scrambled(films, side, random)
    elif kind < 0.9:
        picture = _shapes(side, random)
    else:
        picture = random.random((side, side)).astype(np.float32)
    picture = _rephotograph(picture, random)
    cells = side // 2
    nothing = np.zeros(_REGIONS, np.float32)
    return Sample(
        film=standardise(picture)[None],
        heat=np.zeros((_REGIONS, cells, cells), np.float32),
        centres=np.zeros((_REGIONS, 2), np.float32),
        log_sizes=np.zeros((_REGIONS, 2), np.float32),
        known=nothing + 1,
        visible=nothing,
        hand=0.0,
        inverted=0.0,
        upright=0.0,
        judged=0.0,
    )


def batch_of(samples: list[Sample]) -> dict[str, Tensor]:
    """A batch of B samples as float32 tensors by the names of Sample's fields, each B x the field's shape."""
    names = Sample.__dataclass_fields__
    return {n: from_numpy(np.stack([np.asarray(getattr(s, n), np.float32) for s in samples])) for n in names}
