"""All figures of labelled films, and their tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.assessment.age.measured_error import MeasuredErrors
from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.cohort.films import read_boxes, read_films
from core.evaluation.accuracy.ages import (
    AgeErrors,
    AgeFigures,
    SmallChildren,
    age_figures,
    small_children_figures,
    year_figures,
)
from core.evaluation.accuracy.alike import as_table, measured_errors
from core.evaluation.accuracy.assessed import AssessedFilm, assess_all
from core.evaluation.accuracy.boxes import PlaceFigures, localization_figures
from core.evaluation.accuracy.intervals import (
    Coverage,
    IntervalFigures,
    IntervalOf,
    NominalCoverage,
    consensus_figures,
    interval_figures,
    intervals_of,
    reliability_figures,
)
from core.evaluation.accuracy.rising import RisingFigures, rising_figures
from core.evaluation.figures import BySex, Cell, Inline, Table


@dataclass(frozen=True)
class EveryNth:
    """Only every n-th film of the split was taken."""

    every: int


@dataclass(frozen=True)
class Measured:
    """What was measured. split: the rows of labels.csv; None for all. hands: films in all, refused ones too."""

    split: str | None
    hands: int
    taken: Inline[EveryNth | None]


@dataclass(frozen=True)
class Accuracy:
    """The figures of one data folder.

    refused: ids of the films without an age; refusal_reasons: why. weights: SHA-256 by network.
    """

    data: Measured
    localization: PlaceFigures
    age: AgeFigures
    age_by_year: Mapping[str, BySex[AgeErrors]]
    small_children: SmallChildren
    grade_against_age: RisingFigures
    interval90: IntervalFigures
    consensus90: IntervalFigures
    reliability: Sequence[NominalCoverage]
    alike: MeasuredErrors
    refused: Sequence[str]
    refusal_reasons: Mapping[str, str | None]
    seconds_per_hand: float | None
    weights: Mapping[str, str]


def evaluate(data: Path, split: str | None, assessor: Assessor, every: int = 1) -> Accuracy:
    """The figures of one data folder.

    data: a folder with labels.csv (see core.cohort.films). split: its rows of that split; a table without a split
    column is measured whole. every: take every n-th of these films. A film without an age, because it was refused or a bone
    is missing, counts in every n, is listed in `refused`, and is outside 12 months; means are over the others (`answered`).
    Raises core.cohort.films.DataFolderError where the folder is not laid out as expected.
    """
    films = assess_all(read_films(data, split)[::every], assessor)
    measured = Measured(split, len(films), EveryNth(every) if every > 1 else None)
    return figures_of(films, measured, read_boxes(data), intervals_of(assessor), assessor.weights)


def figures_of(
    films: Sequence[AssessedFilm],
    measured: Measured,
    boxes: Mapping[str, NDArray[np.float64]],
    interval_of: IntervalOf,
    weights: Mapping[str, str],
) -> Accuracy:
    """The figures of assessed films. boxes: those drawn by hand, by film id, as core.cohort.films.read_boxes gives them."""
    refused = {one.film.id: one.refusal for one in films if one.months is None}
    return Accuracy(
        data=measured,
        localization=localization_figures(films, boxes),
        age=age_figures(films),
        age_by_year=year_figures(films),
        small_children=small_children_figures(films),
        grade_against_age=rising_figures(films),
        interval90=interval_figures(films),
        consensus90=consensus_figures(films),
        reliability=reliability_figures(films, interval_of),
        alike=measured_errors(films, measured.split, weights),
        refused=list(refused),
        refusal_reasons=refused,
        seconds_per_hand=round(float(np.mean([one.seconds for one in films])), 3) if films else None,
        weights=weights,
    )


def as_text(figures: Accuracy) -> str:
    """The figures as tables for people."""
    small, place = figures.small_children, figures.localization
    error = small.errors.means
    lines = [
        f"{figures.data.hands} hands, {len(figures.refused)} without an age: {figures.refusal_reasons}",
        f"all 13 found: {place.all_found}",
    ]
    if place.overlaps is not None:
        lines.append(
            f"boxes: {place.hands} hands, mean IoU {place.overlaps.mean_iou}, "
            f"IoU >= 0.5 {place.overlaps.hit_rate_iou50}, mAP50 {place.overlaps.map50}"
        )
    lines += [
        "ages, months:",
        _ages({**figures.age.sexes.named(), **figures.age.groups}).aligned(),
        f"by the age given, months (calibration slope {figures.age.slope}):",
        _ages(figures.age.given).aligned(),
        "ages by year, months:",
        _years(figures.age_by_year).aligned(),
        f"under {small.under_months // 12} years: n {small.errors.n}, MAE {error.mae_months if error else 'none'}, "
        f"bias {error.bias_months if error else 'none'}",
        _bones(small, figures.grade_against_age).aligned(),
        f"rank correlation of the labelled ages' own RUS-CHN totals, all: {figures.grade_against_age.faultless}",
        "intervals, width in months (six readers: how often a single reading lies in what six would agree on):",
        _intervals(figures.interval90, figures.consensus90, figures.reliability).aligned(),
        "given an age, by how alike the hands are, months:",
        as_table(figures.alike).aligned(),
        f"{figures.seconds_per_hand} s a hand; weights {figures.weights}",
    ]
    return "\n".join(lines)


def _ages(groups: Mapping[str, AgeErrors]) -> Table:
    rows: list[Sequence[Cell]] = []
    for name, row in groups.items():
        means = row.means
        rows.append(
            (name, row.n, means.mae_months, means.mae_months_raw, means.within_12_months, means.bias_months)
            if means is not None
            else (name, row.n, *[None] * 4)
        )
    return Table(("age", "n", "MAE", "raw", "<= 12", "bias"), rows)


def _years(years: Mapping[str, BySex[AgeErrors]]) -> Table:
    head = ["year", *(f"{name}{sex}" for sex in ("", ", male", ", female") for name in ("n", "MAE", "<= 12"))]
    rows: list[Sequence[Cell]] = []
    for name, sexes in years.items():
        cells: list[Cell] = [name]
        for row in sexes.named().values():
            cells += [row.n, *((row.means.mae_months, row.means.within_12_months) if row.means else (None, None))]
        rows.append(cells)
    return Table(head, rows)


def _bones(small: SmallChildren, rising: RisingFigures) -> Table:
    rows: list[Sequence[Cell]] = []
    for bone in RUS_BONES:
        young, older = small.grade0_by_bone[bone], small.grade0_from_4_years_by_bone[bone]
        shares = [f"{row.grade0} of {row.graded}" for row in (young, older)]
        correlations = [one[bone].spearman for one in rising.sexes.named().values()]
        rows.append((bone, *shares, *("none" if value is None else value for value in correlations)))
    head = [
        "bone",
        f"grade 0 under {small.under_months // 12} y",
        "later",
        "rank correlation with age",
        "male",
        "female",
    ]
    return Table(head, rows)


def _intervals(
    interval90: IntervalFigures, consensus90: IntervalFigures, reliability: Sequence[NominalCoverage]
) -> Table:
    named: dict[str, Coverage] = {
        "90 % all": interval90.everyone, "male": interval90.male, "female": interval90.female,
        "six readers": consensus90.everyone, "six, male": consensus90.male, "six, female": consensus90.female,
    } | {f"{row.nominal:.0%}": row.measured for row in reliability}  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for name, row in named.items():
        held = row.readings
        cells: tuple[Cell, ...] = (None,) * 4
        if held is not None:
            between = " to ".join(f"{end:.3f}" for end in held.coverage_wilson95)
            cells = (held.held, held.coverage, between, held.mean_width_months)
        rows.append((name, row.answered, *cells))
    return Table(("interval", "n", "held", "coverage", "95 % interval", "width"), rows)
