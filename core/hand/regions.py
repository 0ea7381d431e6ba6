"""Turns what was seen of an upright hand into the 13 regions on the film, and says which of them the film cuts off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.bones import ALL_BONES, RUS_BONES
from core.film.box import Box
from core.film.enhance import span
from core.film.greys import Grey
from core.film.radiograph import Radiograph
from core.hand.geometry import Affine, Points, SimilarityFit, apply, compose, inverse, mean_hand
from core.hand.growth_plates import growth_plate
from core.hand.localization import Localization, Region
from core.hand.looks import Look

#: A region counts as found if its peak is at least this high and it lies near where the mean hand has it: within _NEAR times
#: its peak height, and _FARTHEST, in the mean hand's units. Real thumb tips stray by 0.7, with high peaks; what is taken for
#: a bone that the film cuts off has a low peak far away.
FOUND: Final = 0.12
_NEAR: Final = 3.0
_FARTHEST: Final = 0.9
#: A region is cut off where more than this share of its box lies beyond the film, or shows nothing.
_MOST_CUT: Final = 1 / 3
#: A row across a bone shows nothing where its greys differ by less than this share of the hand's. Collimators and what lies
#: beyond the film leave 0.003; the faintest bone of `val` and of a ninth of `train` has 0.0075.
_NOTHING: Final = 0.007
#: Grain is first smoothed away with this spread in window pixels; then each box is sampled in this many rows and columns,
#: over this middle part of its width.
_SMOOTHED: Final = 1.5
_ROWS: Final = 24
_MIDDLE: Final = 0.8
#: The two neighbours that give each phalanx and metacarpal its axis, which runs from the first to the second.
_AXIS_NEIGHBOURS = {
    "Radius": ("Wrist", "MC3"), "Ulna": ("Wrist", "MC3"),
    "MC1": ("MC1", "PP1"), "PP1": ("MC1", "DP1"), "DP1": ("PP1", "DP1"),
    "MC3": ("Wrist", "PP3"), "PP3": ("MC3", "MP3"), "MP3": ("PP3", "DP3"), "DP3": ("MP3", "DP3"),
    "MC5": ("Wrist", "PP5"), "PP5": ("MC5", "MP5"), "MP5": ("PP5", "DP5"), "DP5": ("MP5", "DP5"),
}  # fmt: skip


def _axes(centres: Points) -> dict[str, NDArray[np.float64]]:
    """Unit vectors along the 13 bones, proximal to distal, from the 21 centres in any frame."""
    at = {bone: centres[i] for i, bone in enumerate(ALL_BONES)}
    at["Wrist"] = (at["Radius"] + at["Ulna"]) / 2
    vectors = {bone: at[end] - at[start] for bone, (start, end) in _AXIS_NEIGHBOURS.items()}
    return {bone: v / max(float(np.linalg.norm(v)), 1e-9) for bone, v in vectors.items()}


def localization_of(
    radiograph: Radiograph, look: Look, fit: SimilarityFit, upright: Affine, inverted: bool, hand: float
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
    smooth = np.asarray(cv2.GaussianBlur(look.picture, (0, 0), _SMOOTHED), np.float32)
    low, high = span(smooth)
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
        axis = axes[bone]
        region = Region(
            bone=bone,
            box=Box.about((x, y), width, height),
            centre=(float(x), float(y)),
            axis_degrees=float(np.degrees(np.arctan2(axis[0], -axis[1]))),
            size=float(unit),
            confidence=float(look.confidence[i]),
            status="found" if seen[i] else "missing",
        )
        regions.append(region)
    for i, blank in enumerate(_show_nothing(regions, smooth, high - low, upright)):
        if blank or _is_beyond(regions[i], radiograph):
            regions[i] = replace(regions[i], status="outside")
    mirrored = bool(np.linalg.det(to_hand[:, :2]) < 0)
    return Localization(tuple(regions), mirrored, rotation, inverted, hand, centres, look.confidence, fit.residual)


def _is_beyond(region: Region, film: Radiograph) -> bool:
    """Whether the film ends before a region does: before its growth plate, or more than _MOST_CUT of its box."""
    x, y = growth_plate(region)
    inside = region.box.clipped(film.width, film.height)
    share = 0.0 if inside is None else inside.area / region.box.area
    return not (0 <= x < film.width and 0 <= y < film.height) or 1 - share > _MOST_CUT


def _show_nothing(regions: Sequence[Region], smooth: Grey, span: float, upright: Affine) -> list[bool]:
    """For each region, whether the film is blank where its growth plate or more than _MOST_CUT of its box lies, as under a
    collimator.

    smooth: the close look's window without its grain; span: the range of its greys; upright: the map from the film to it.
    """
    unit = np.sqrt(abs(np.linalg.det(upright[:, :2])))
    down = (np.arange(_ROWS) + 0.5) / _ROWS - 0.5
    places, rows = [], []
    for region in regions:
        plate, middle = apply(upright, np.array([growth_plate(region), region.centre]))
        radians = np.radians(region.axis_degrees)
        along = upright[:, :2] @ [np.sin(radians), -np.cos(radians)]
        along = along / np.linalg.norm(along)
        width, height = mean_hand().extents[ALL_BONES.index(region.bone)] * region.size * unit
        places.append(
            middle
            - down[:, None, None] * height * along
            + down[None, :, None] * width * _MIDDLE * np.array([-along[1], along[0]])
        )
        rows.append(int(np.clip((0.5 - (plate - middle) @ along / height) * _ROWS, 0, _ROWS - 1)))
    at = np.concatenate(places).astype(np.float32)
    greys = cv2.remap(smooth, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    darkest, brightest = np.percentile(greys, (10, 90), axis=1)
    blank = (brightest - darkest < _NOTHING * span).reshape(len(regions), _ROWS)
    return [
        bool(of.mean() > _MOST_CUT or of[max(0, row - 1) : row + 2].all()) for of, row in zip(blank, rows, strict=True)
    ]
