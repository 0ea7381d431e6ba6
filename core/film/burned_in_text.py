"""Points out burned-in writing on a film (initials, names, dates, numbers), so that a person looks before it is kept."""

import functools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from core.film.box import Box
from core.film.enhance import stretched
from core.film.radiograph import Radiograph

#: The detector sees the film at this longest side, in pixels; finer takes longer and finds joints instead of letters.
_SIDE: Final = 640
#: Confidence of the detector, 0..1, from which a place counts; from _SURE on, whatever its contrast.
_POSSIBLE, _SURE = 0.3, 0.75
#: Height and length of a line of letters, as shares of the film's longest side; a whole hand fits neither.
_LEAST_HEIGHT, _GREATEST_HEIGHT, _GREATEST_LENGTH = 0.015, 0.14, 0.6
#: Letters differ from their background by at least this share of the film's grey range; bones differ from flesh by less.
_LEAST_CONTRAST: Final = 0.45
#: One glyph: its longer side over its shorter one, the share of its box that is bright, how far around it (as a multiple of the
#: box) there may be no other, and the share of its area from which something counts as another.
_GREATEST_GLYPH_ASPECT, _GREATEST_GLYPH_SHARE, _GLYPH_SURROUNDINGS, _SMALL_GLYPH = 1.6, 0.45, 1.8, 0.06

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class TextPlace:
    """A place on the film that looks like letters or digits.

    box: inside the film. kind: "marker" where there is one glyph alone on the film, such as the L or R that names the side;
    "writing" where there are more, or where that is in doubt.
    """

    box: Box
    kind: Literal["writing", "marker"]


def find_text(radiograph: Radiograph) -> list[TextPlace]:
    """Where the film seems to have writing or a side marker, in any direction, listed from the top down; often nothing.

    It warns a person and proves nothing: it misses some writing (above all small, faint or cut off) and takes some
    bones for letters. docs/results.md has the measured shares.
    """
    greys, scale = _greys(radiograph.pixels)
    picture = np.round(np.clip(greys, 0.0, 1.0) * 255.0).astype(np.uint8)
    lines = [
        corners
        for corners, score in _detected(picture)
        if _like_a_line(corners) and (score >= _SURE or _contrast(greys, corners) >= _LEAST_CONTRAST)
    ]
    kind: Literal["writing", "marker"] = "marker" if len(lines) == 1 and _is_one_glyph(greys, lines[0]) else "writing"
    boxes = (_box(corners / scale, radiograph) for corners in lines)
    places = [TextPlace(box, kind) for box in boxes if box is not None]
    return sorted(places, key=lambda place: (place.box.ymin, place.box.xmin))


def _detected(picture: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.float32], float]]:
    """What the detector takes for lines of text: the four corners of each (4x2, x and y in pixels), and its confidence."""
    with _ONE_AT_A_TIME:
        found = _detector()(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=False)
    if found.boxes is not None:
        yield from zip(np.asarray(found.boxes, np.float32), found.scores, strict=True)


@functools.cache
def _detector() -> Callable[..., Any]:
    # Imported here because it takes a while to load, and most of the program does not need it.
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            # A folder of films is looked through while others wait for an assessment, and several threads spin.
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "Det.limit_side_len": _SIDE,
            "Det.limit_type": "max",
            "Det.box_thresh": _POSSIBLE,
        }
    )


def _greys(pixels: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """The film at _SIDE pixels, nearly all its greys in [0, 1] (bright letters may reach beyond), and its scale."""
    scale = _SIDE / max(pixels.shape)
    resampling = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    shrunk = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=resampling), np.float32)
    return stretched(shrunk), scale


def _like_a_line(corners: NDArray[np.float32]) -> bool:
    """Whether a quadrangle (4x2, pixels of the small picture) has a size that lines of letters have."""
    _, sides, _ = cv2.minAreaRect(corners)
    height, length = min(sides) / _SIDE, max(sides) / _SIDE
    return _LEAST_HEIGHT <= height <= _GREATEST_HEIGHT and length <= _GREATEST_LENGTH


def _contrast(greys: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    """Difference between the means of the bright and the dark pixels inside a quadrangle."""
    inside = greys[_mask(greys, corners)]
    bright = inside > _threshold(inside)
    if bright.all() or not bright.any():
        return 0.0
    return float(inside[bright].mean() - inside[~bright].mean())


def _is_one_glyph(greys: NDArray[np.float32], corners: NDArray[np.float32]) -> bool:
    """Whether a quadrangle holds one bright letter or digit, with no other around it that went unrecognised."""
    _, sides, _ = cv2.minAreaRect(corners)
    if max(sides) > _GREATEST_GLYPH_ASPECT * min(sides):
        return False
    inside = greys[_mask(greys, corners)]
    threshold = _threshold(inside)
    if float((inside > threshold).mean()) > _GREATEST_GLYPH_SHARE:
        return False
    reach = corners.mean(0) + (corners - corners.mean(0)) * np.float32(_GLYPH_SURROUNDINGS)
    bright = (_mask(greys, reach) & (greys > threshold)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    return bool(np.sum(areas >= _SMALL_GLYPH * areas.max()) == 1)


def _threshold(values: NDArray[np.float32]) -> float:
    """The threshold that best separates bright from dark values (Otsu 1979)."""
    low, high = float(values.min()), float(values.max())
    span = max(high - low, 1e-6)
    levels = np.round((values - low) / span * 255.0).astype(np.uint8).reshape(1, -1)
    level, _ = cv2.threshold(levels, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return low + (level + 0.5) / 255.0 * span


def _mask(greys: NDArray[np.float32], corners: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pixels lie inside a quadrangle."""
    mask = np.zeros(greys.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], 1)
    return np.asarray(mask == 1)


def _box(corners: NDArray[np.float32], radiograph: Radiograph) -> Box | None:
    """The upright box around corners, inside the film; None where they lie outside it."""
    return Box(*corners.min(0), *corners.max(0)).clipped(radiograph.width, radiograph.height)
