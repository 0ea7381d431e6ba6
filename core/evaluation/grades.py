"""Compares the model's grades with people's on ready-cut crops."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from core.agreement.measures import LEAST_FILMS, kappa_of_two
from core.assessment.grading.grader import Grader
from core.bones import RUS_BONES
from core.cohort.crop_store import GradedCrops
from core.cohort.exemplar_frame import EXEMPLARS_KEY, ExemplarPart, read_graded
from core.evaluation.figures import Inline, Table
from core.evaluation.uncertainty import wilson95
from models.registry import WeightFile

Quality = Literal["unverified", "exemplar"]

#: Fewer crops of a bone than this have no kappa at all. The set of unverified grades has three of each.
_LEAST_CROPS: Final = 3


@dataclass(frozen=True)
class GradeAgreement:
    """How near the model's grades are to a person's.

    exact, within_one: shares of the crops. kappa: quadratic-weighted; None for too few crops, or all of one grade. For fewer
    than core.agreement.LEAST_FILMS crops it is given without its 90 % interval, and says little. mean_difference: the
    model's grade minus the person's.
    """

    exact: float
    within_one: float
    within_one_wilson95: tuple[float, float]
    kappa: float | None
    kappa_interval90: tuple[float, float] | None
    mean_difference: float


@dataclass(frozen=True)
class Agreement:
    """The agreement on n crops; None without any."""

    n: int
    found: Inline[GradeAgreement | None]


@dataclass(frozen=True)
class Agreements:
    """In all, which pools crops of bones with different scales and is to be read together with the bones' own, and by bone."""

    all: Agreement
    by_bone: Mapping[str, Agreement]


@dataclass(frozen=True)
class CropsRead:
    """Which crops were graded. trained_on: whether any of them was a training example, as the weights' metadata has it."""

    quality: Quality
    part: ExemplarPart
    crops: int
    trained_on: bool


@dataclass(frozen=True)
class GradedFigures:
    """What was graded, how near, and by which weights: SHA-256 by network."""

    data: CropsRead
    agreements: Inline[Agreements]
    weights: Mapping[str, str]


def evaluate_graded(
    folder: Path, quality: Quality, part: ExemplarPart, grader: Grader, weights: WeightFile
) -> GradedFigures:
    """How near the likeliest grade is to a person's on the crops of one quality and part.

    folder: see core.cohort.exemplar_frame.read_graded, which also raises DataFolderError. weights: the grader's file.
    """
    crops = read_graded(folder, quality, part)
    exemplars_trained = weights.metadata.get(EXEMPLARS_KEY, "all")
    unseen = (
        quality == "unverified" or exemplars_trained == "none" or {part, exemplars_trained} == {"trained", "left_out"}
    )
    return GradedFigures(
        data=CropsRead(quality, part, len(crops), not unseen),
        agreements=agreement_figures(crops.bones, crops.grades, likeliest_grades(grader, crops)),
        weights={"grader": weights.sha256},
    )


def likeliest_grades(grader: Grader, crops: GradedCrops) -> NDArray[np.int64]:
    """The likeliest RUS-CHN grade (0..n) of every crop, according to the grader."""
    grades = []
    for crop, index in zip(crops.crops, crops.bones, strict=True):
        bone = RUS_BONES[index]
        grades.append(int(grader.grade({bone: crop.astype(np.float32) / 255})[bone].argmax()))
    return np.array(grades, np.int64)


def agreement_figures(bones: NDArray[np.int64], labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> Agreements:
    """Exact and within-one agreement, kappa and mean difference, in all and by bone.

    bones: M indices into RUS_BONES. labels, predicted: M grades, a person's and the model's.
    """
    by_bone = {bone: bones == i for i, bone in enumerate(RUS_BONES)}
    return Agreements(
        all=_agreement(labels, predicted),
        by_bone={bone: _agreement(labels[rows], predicted[rows]) for bone, rows in by_bone.items() if rows.any()},
    )


def _agreement(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> Agreement:
    if len(labels) == 0:
        return Agreement(0, None)
    apart = predicted - labels
    near = int((np.abs(apart) <= 1).sum())
    kappa = kappa_of_two(labels, predicted, _LEAST_CROPS)
    interval = kappa.interval90 if len(labels) >= LEAST_FILMS else None
    found = GradeAgreement(
        exact=round(float((apart == 0).mean()), 4),
        within_one=round(near / len(labels), 4),
        within_one_wilson95=wilson95(near, len(labels)),
        kappa=None if kappa.value is None else round(kappa.value, 3),
        kappa_interval90=None if interval is None else (round(interval[0], 3), round(interval[1], 3)),
        mean_difference=round(float(apart.mean()), 2),
    )
    return Agreement(len(labels), found)


def as_text(figures: GradedFigures) -> str:
    """The agreement on crops as a table for people."""
    data = figures.data
    seen = "some of them trained on" if data.trained_on else "none of them trained on"
    rows = [
        (name, row.n, row.found.exact, row.found.within_one, row.found.kappa, row.found.mean_difference)
        for name, row in {"all": figures.agreements.all, **figures.agreements.by_bone}.items()
        if row.found is not None
    ]
    return "\n".join(
        [
            f"{data.crops} crops with a grade, {data.quality}, part {data.part}; {seen}",
            Table(("bone", "n", "exact", "within 1", "kappa", "bias"), rows).aligned(),
            f"weights {figures.weights}",
        ]
    )
