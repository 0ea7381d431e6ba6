"""Compares where the bones are found with the 13 boxes that people drew in boxes21.csv."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.evaluation.accuracy.assessed import AssessedFilm
from core.evaluation.figures import Inline
from core.film.box import Box

_HIT = 0.5


@dataclass(frozen=True)
class Overlaps:
    """How well found boxes match drawn ones; a bone that was not found has IoU 0, one that nobody boxed is not counted.

    map50: the mean over bones of the average precision at IoU 0.5, one detection a hand and bone, ranked by the
    localiser's confidence.
    """

    mean_iou: float
    hit_rate_iou50: float
    map50: float
    mean_iou_by_bone: Mapping[str, float]


@dataclass(frozen=True)
class PlaceFigures:
    """hands: with drawn boxes. all_found: share of all hands, boxed or not, with 13 of 13 bones; None without a hand."""

    hands: int
    all_found: float | None
    overlaps: Inline[Overlaps | None]


def localization_figures(films: Sequence[AssessedFilm], boxes: Mapping[str, NDArray[np.float64]]) -> PlaceFigures:
    """How well the 13 boxes match those drawn by hand. boxes: by film id, at least 13x4 in pixels, NaN where not drawn."""
    overlaps: list[list[float]] = []
    scores: list[list[float]] = []
    for one in films:
        drawn = boxes.get(one.film.id)
        if drawn is None:
            continue
        found = {} if one.assessment is None else one.assessment.bones
        row, ranks = [], []
        for bone, box in zip(RUS_BONES, drawn[: len(RUS_BONES)], strict=True):
            assessed = found.get(bone)
            row.append(np.nan if np.isnan(box).any() else 0.0 if assessed is None else assessed.box.iou(Box(*box)))
            ranks.append(0.0 if assessed is None else assessed.confidence)
        overlaps.append(row)
        scores.append(ranks)
    complete = [one.assessment is not None and not one.assessment.missing for one in films]
    table, confidence = np.array(overlaps).reshape(-1, len(RUS_BONES)), np.array(scores).reshape(-1, len(RUS_BONES))
    return PlaceFigures(
        hands=len(overlaps),
        all_found=round(float(np.mean(complete)), 4) if complete else None,
        overlaps=_overlaps(table, confidence),
    )


def _overlaps(table: NDArray[np.float64], confidence: NDArray[np.float64]) -> Overlaps | None:
    """table: IoU of hands x 13, NaN where nobody drew a box. confidence: hands x 13, 0 where the bone was not found."""
    known = ~np.isnan(table)
    if not known.any():
        return None
    hits = table >= _HIT
    boxed = {bone: (i, known[:, i]) for i, bone in enumerate(RUS_BONES) if known[:, i].any()}
    precision = [average_precision(hits[rows, i], confidence[rows, i]) for i, rows in boxed.values()]
    return Overlaps(
        mean_iou=round(float(table[known].mean()), 4),
        hit_rate_iou50=round(float(hits[known].mean()), 4),
        map50=round(float(np.mean(precision)), 4),
        mean_iou_by_bone={b: round(float(table[rows, i].mean()), 3) for b, (i, rows) in boxed.items()},
    )


def average_precision(hits: NDArray[np.bool_], confidence: NDArray[np.float64]) -> float:
    """Area under the precision-recall curve with the precision made non-increasing (VOC 2010), one true box an entry.

    An entry with confidence 0 is a box that was not found: it misses, and is not a detection.
    """
    detected = confidence > 0
    order = np.argsort(-confidence[detected], kind="stable")
    hit = hits[detected][order]
    if not hit.any():
        return 0.0
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hit).sum() / len(hits))
