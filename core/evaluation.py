"""Measures the whole pipeline on labelled films: where it finds the bones, and how far its ages are from the readings."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.assessment import Assessment, Assessor
from core.bones import RUS_BONES
from core.errors import FilmRefused
from core.radiograph import read_radiograph
from core.standards import age_of_total
from core.training.films import Film, read_boxes, read_films

_HIT = 0.5


@dataclass(frozen=True)
class Reading:
    """One film's outcome: the assessment, or why there is none."""

    film: Film
    assessment: Assessment | None
    refusal: str | None
    seconds: float

    @property
    def months(self) -> float | None:
        """The calibrated bone age, None where none was given."""
        return None if self.assessment is None else self.assessment.bone_age_months

    @property
    def raw_months(self) -> float | None:
        """The RUS-CHN age of the expected total, before calibration."""
        if self.assessment is None or self.assessment.standards["rus_chn"].expected_total is None:
            return None
        return 12 * age_of_total("rus_chn", self.film.sex, self.assessment.standards["rus_chn"].expected_total)


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes (xmin, ymin, xmax, ymax)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return shared / max(areas - shared, 1e-9)


def read_all(films: Sequence[Film], assessor: Assessor) -> list[Reading]:
    """Assesses every film, refusals included. `seconds` is the time from pixels to assessment."""
    readings = []
    for film in tqdm(films, desc="assessing", mininterval=10):
        started = time.perf_counter()
        try:
            radiograph = read_radiograph(film.path)
            started = time.perf_counter()
            assessment = assessor.assess(radiograph, film.sex)
        except FilmRefused as refused:
            readings.append(Reading(film, None, refused.reason, time.perf_counter() - started))
        else:
            refusal = None if not assessment.missing else "missing:" + ",".join(assessment.missing)
            readings.append(Reading(film, assessment, refusal, time.perf_counter() - started))
    return readings


def evaluate(data: Path, split: str | None, assessor: Assessor) -> dict[str, Any]:
    """The figures of one data folder, JSON-ready.

    data: a folder with labels.csv (see core.training.films). split: its rows of that split; a table without a split
    column is all measured. A film without an age, because it was refused or a bone is missing, counts in every n, is
    listed in `refused`, and is outside 12 months; means are over the others (`answered`).
    Raises core.training.films.DataFolderError where the folder is not laid out as expected.
    """
    readings = read_all(read_films(data, split), assessor)
    refused = {r.film.id: r.refusal for r in readings if r.months is None}
    return {
        "data": {"split": split, "hands": len(readings)},
        "localization": localization_figures(readings, read_boxes(data)),
        "age": age_figures(readings),
        "interval90": interval_figures(readings),
        "refused": list(refused),
        "refusal_reasons": refused,
        "seconds_per_hand": round(float(np.mean([r.seconds for r in readings])), 3) if readings else None,
        "weights": assessor.weights,
    }


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


def age_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Errors against the radiologists' readings in all, by sex and by two years of age."""
    groups: dict[str, list[Reading]] = {}
    for reading in sorted(readings, key=lambda r: r.film.bone_age_months):
        years = int(reading.film.bone_age_months // 24) * 2
        groups.setdefault(f"{years}-{years + 2}", []).append(reading)
    return {
        "all": _errors(readings),
        "male": _errors([r for r in readings if r.film.sex == "M"]),
        "female": _errors([r for r in readings if r.film.sex == "F"]),
        "groups": {name: _errors(members) for name, members in groups.items()},
    }


def _errors(readings: Sequence[Reading]) -> dict[str, Any]:
    pairs = [(r.months, r.raw_months, r.film.bone_age_months) for r in readings]
    answered = [(a, raw, label) for a, raw, label in pairs if a is not None and raw is not None]
    if not answered:
        return {"n": len(readings), "answered": 0}
    months, raw, label = np.array(answered).T
    error = months - label
    return {
        "n": len(readings),
        "answered": len(answered),
        "mae_months": round(float(np.abs(error).mean()), 2),
        "mae_months_raw": round(float(np.abs(raw - label).mean()), 2),
        "within_12_months": round(float((np.abs(error) <= 12).sum() / len(readings)), 4),
        "bias_months": round(float(error.mean()), 2),
    }


def interval_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Share of answered hands whose reading lies in the 90 % interval, and the interval's mean width in months."""
    answered = [
        (r.assessment.interval90_months, r.film.bone_age_months)
        for r in readings
        if r.assessment is not None and r.assessment.interval90_months is not None
    ]
    if not answered:
        return {"answered": 0}
    low, high = np.array([interval for interval, _ in answered]).T
    label = np.array([months for _, months in answered])
    return {
        "answered": len(answered),
        "coverage": round(float(((low <= label) & (label <= high)).mean()), 4),
        "mean_width_months": round(float((high - low).mean()), 1),
    }


def as_text(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    place, age = figures["localization"], figures["age"]
    lines = [
        f"{figures['data']['hands']} hands, {len(figures['refused'])} without an age: {figures['refusal_reasons']}"
    ]
    if "mean_iou" in place:
        lines.append(
            f"boxes: {place['hands']} hands, mean IoU {place['mean_iou']}, IoU >= 0.5 {place['hit_rate_iou50']}, "
            f"mAP50 {place['map50']}"
        )
    lines.append(f"all 13 found: {place['all_found']}")
    lines.append(f"{'age':>8} {'n':>5} {'MAE':>7} {'raw':>7} {'<= 12':>7} {'bias':>7}   (months)")
    rows = {"all": age["all"], "male": age["male"], "female": age["female"], **age["groups"]}
    for name, row in rows.items():
        values = [row.get(k, "") for k in ("mae_months", "mae_months_raw", "within_12_months", "bias_months")]
        lines.append(f"{name:>8} {row['n']:>5} " + " ".join(f"{v:>7}" for v in values))
    lines.append(f"90 % interval: {figures['interval90']}")
    lines.append(f"{figures['seconds_per_hand']} s a hand; weights {figures['weights']}")
    return "\n".join(lines)
