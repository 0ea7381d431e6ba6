"""Grades against people's grades on ready-cut crops, and against the age they should rise with."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from core.agreement.measures import LEAST_FILMS, kappa_of_two
from core.assessment.grader import Grader
from core.bones import RUS_BONES
from core.cohort.crop_store import GradedCrops
from core.cohort.exemplar_frame import EXEMPLARS_KEY, Part, read_graded
from core.evaluation.readings import Reading, by_sex
from core.evaluation.shares import wilson95
from models.registry import WeightFile

Quality = Literal["unverified", "exemplar"]

#: Fewer crops of a bone than this have no kappa at all. The set of unverified grades has three of each.
_LEAST_CROPS: Final = 3
#: A rank correlation of fewer hands is not given.
_LEAST_HANDS: Final = 3


def evaluate_graded(folder: Path, quality: Quality, part: Part, grader: Grader, weights: WeightFile) -> dict[str, Any]:
    """How near the likeliest grade is to a person's on the crops of one quality and part, JSON-ready.

    folder: see core.cohort.exemplar_frame.read_graded, which also raises DataFolderError. weights: the grader's file.
    trained_on, in `data`: whether any of these crops was a training example, as the file's metadata has it.
    """
    crops = read_graded(folder, quality, part)
    exemplars_trained = weights.metadata.get(EXEMPLARS_KEY, "all")
    unseen = (
        quality == "unverified" or exemplars_trained == "none" or {part, exemplars_trained} == {"trained", "left_out"}
    )
    return {
        "data": {"quality": quality, "part": part, "crops": len(crops), "trained_on": not unseen},
        **agreement_figures(crops.bones, crops.grades, likeliest_grades(grader, crops)),
        "weights": {"grader": weights.sha256},
    }


def likeliest_grades(grader: Grader, crops: GradedCrops) -> NDArray[np.int64]:
    """The RUS-CHN grade (0..n) that the grader holds for the likeliest, of every crop."""
    grades = []
    for crop, index in zip(crops.crops, crops.bones, strict=True):
        bone = RUS_BONES[index]
        grades.append(int(grader.grade({bone: crop.astype(np.float32) / 255})[bone].argmax()))
    return np.array(grades, np.int64)


def agreement_figures(
    bones: NDArray[np.int64], labels: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, Any]:
    """Exact and within-one agreement, quadratic-weighted kappa and mean difference, in all and by bone.

    bones: M indices into RUS_BONES. labels, predicted: M grades, a person's and the model's. In all, the crops of all
    bones are taken together, whose grades are of different scales: read it beside the bones' own. A kappa of fewer than
    core.agreement.LEAST_FILMS crops is given without its 90 % interval, and says little.
    """
    chosen = {"all": np.ones(len(bones), bool)} | {bone: bones == i for i, bone in enumerate(RUS_BONES)}
    figures = {name: _agreement(labels[rows], predicted[rows]) for name, rows in chosen.items() if rows.any()}
    return {"all": figures.pop("all", {"n": 0}), "by_bone": figures}


def _agreement(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, Any]:
    apart = predicted - labels
    near = int((np.abs(apart) <= 1).sum())
    kappa = kappa_of_two(labels, predicted, _LEAST_CROPS)
    interval = kappa.interval90 if len(labels) >= LEAST_FILMS else None
    return {
        "n": len(labels),
        "exact": round(float((apart == 0).mean()), 4),
        "within_one": round(near / len(labels), 4),
        "within_one_wilson95": list(wilson95(near, len(labels))),
        "kappa": None if kappa.value is None else round(kappa.value, 3),
        "kappa_interval90": None if interval is None else [round(end, 3) for end in interval],
        "mean_difference": round(float(apart.mean()), 2),
    }


def rising_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Spearman's rank correlation of each bone's expected grade with the labelled bone age, in all and by sex.

    The expected grade is the mean of a bone's grade distribution, which has no ties where the likeliest grade has many.
    Hands in which the bone was not found count in none. lowest: the least of the 13 in all; None without any.
    """
    figures: dict[str, Any] = {name: _correlations(members) for name, members in by_sex(readings).items()}
    given = [row["spearman"] for row in figures["all"].values() if row["spearman"] is not None]
    return {**figures, "lowest": min(given, default=None)}


def _correlations(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    rows = {}
    for bone in RUS_BONES:
        pairs = [
            (expected_grade(r.assessment.probabilities[bone]), r.film.bone_age_months)
            for r in readings
            if r.assessment is not None and r.assessment.bones[bone] is not None
        ]
        rows[bone] = {"n": len(pairs), "spearman": _spearman(pairs)}
    return rows


def expected_grade(probabilities: NDArray[np.float64]) -> float:
    """The mean of a distribution over the grades 0..n."""
    return float(probabilities @ np.arange(len(probabilities)))


def _spearman(pairs: Sequence[tuple[float, float]]) -> float | None:
    """None for too few pairs, and where one of the two is the same in all."""
    if len(pairs) < _LEAST_HANDS:
        return None
    grades, months = np.array(pairs).T
    if np.ptp(grades) == 0 or np.ptp(months) == 0:
        return None
    value = float(spearmanr(grades, months).statistic)
    return round(value, 4) if math.isfinite(value) else None


def graded_as_text(figures: dict[str, Any]) -> str:
    """The agreement on crops as a table for people."""
    data = figures["data"]
    seen = "some of them trained on" if data["trained_on"] else "none of them trained on"
    lines = [
        f"{data['crops']} crops with a grade, {data['quality']}, part {data['part']}; {seen}",
        f"{'bone':>8} {'n':>4} {'exact':>7} {'within 1':>9} {'kappa':>7} {'bias':>6}",
    ]
    for name, row in {"all": figures["all"], **figures["by_bone"]}.items():
        kappa = "" if row["kappa"] is None else row["kappa"]
        lines.append(
            f"{name:>8} {row['n']:>4} {row['exact']:>7} {row['within_one']:>9} {kappa:>7} {row['mean_difference']:>6}"
        )
    lines.append(f"weights {figures['weights']}")
    return "\n".join(lines)
