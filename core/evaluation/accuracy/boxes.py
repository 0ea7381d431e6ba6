"""Where the bones are found, against the 13 boxes that people drew in boxes21.csv."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.evaluation.readings import Reading

_HIT = 0.5


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes (xmin, ymin, xmax, ymax)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return shared / max(areas - shared, 1e-9)


def localization_figures(readings: Sequence[Reading], boxes: dict[str, NDArray[np.float64]]) -> dict[str, Any]:
    """How well the 13 boxes match those drawn by hand; a bone that was not found has IoU 0.

    map50 is the mean over bones of the average precision at IoU 0.5, one detection a hand and bone, ranked by the
    localiser's confidence; a bone that nobody boxed counts nowhere. all_found is the share of all hands, boxed or not,
    with 13 of 13 bones.
    """
    overlaps: list[list[float]] = []
    scores: list[list[float]] = []
    for reading in readings:
        drawn = boxes.get(reading.film.id)
        if drawn is None:
            continue
        found = {} if reading.assessment is None else reading.assessment.bones
        row, ranks = [], []
        for bone, box in zip(RUS_BONES, drawn[: len(RUS_BONES)], strict=True):
            assessed = found.get(bone)
            row.append(np.nan if np.isnan(box).any() else 0.0 if assessed is None else iou(assessed.box, box.tolist()))
            ranks.append(0.0 if assessed is None else assessed.confidence)
        overlaps.append(row)
        scores.append(ranks)
    complete = [r.assessment is not None and not r.assessment.missing for r in readings]
    figures: dict[str, Any] = {
        "hands": len(overlaps),
        "all_found": round(float(np.mean(complete)), 4) if complete else None,
    }
    table, confidence = np.array(overlaps).reshape(-1, len(RUS_BONES)), np.array(scores).reshape(-1, len(RUS_BONES))
    known = ~np.isnan(table)
    if known.any():
        hits = table >= _HIT
        boxed = {bone: (i, known[:, i]) for i, bone in enumerate(RUS_BONES) if known[:, i].any()}
        precision = [average_precision(hits[rows, i], confidence[rows, i]) for i, rows in boxed.values()]
        figures["mean_iou"] = round(float(table[known].mean()), 4)
        figures["hit_rate_iou50"] = round(float(hits[known].mean()), 4)
        figures["map50"] = round(float(np.mean(precision)), 4)
        figures["mean_iou_by_bone"] = {b: round(float(table[rows, i].mean()), 3) for b, (i, rows) in boxed.items()}
    return figures


def average_precision(hits: NDArray[np.bool_], confidence: NDArray[np.float64]) -> float:
    """Area under the precision-recall curve with the precision made non-increasing (VOC 2010), one true box an entry.

    An entry with confidence 0 is a box that was not found: it misses, and is no detection.
    """
    detected = confidence > 0
    order = np.argsort(-confidence[detected], kind="stable")
    hit = hits[detected][order]
    if not hit.any():
        return 0.0
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hit).sum() / len(hits))
