"""All figures of labelled films: as one JSON-ready dictionary, and as tables for people."""

from pathlib import Path
from typing import Any

import numpy as np

from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.cohort.films import read_boxes, read_films
from core.evaluation.ages import age_figures, small_children_figures, year_figures
from core.evaluation.boxes import localization_figures
from core.evaluation.grades import rising_figures
from core.evaluation.intervals import interval_figures, intervals_of, reliability_figures
from core.evaluation.readings import read_all


def evaluate(data: Path, split: str | None, assessor: Assessor, every: int = 1) -> dict[str, Any]:
    """The figures of one data folder, JSON-ready.

    data: a folder with labels.csv (see core.cohort.films). split: its rows of that split; a table without a split
    column is all measured. every: take every n-th of these films. A film without an age, because it was refused or a bone
    is missing, counts in every n, is listed in `refused`, and is outside 12 months; means are over the others (`answered`).
    Raises core.cohort.films.DataFolderError where the folder is not laid out as expected.
    """
    readings = read_all(read_films(data, split)[::every], assessor)
    refused = {r.film.id: r.refusal for r in readings if r.months is None}
    return {
        "data": {"split": split, "hands": len(readings)} | ({"every": every} if every > 1 else {}),
        "localization": localization_figures(readings, read_boxes(data)),
        "age": age_figures(readings),
        "age_by_year": year_figures(readings),
        "small_children": small_children_figures(readings),
        "grade_against_age": rising_figures(readings),
        "interval90": interval_figures(readings),
        "reliability": reliability_figures(readings, intervals_of(assessor)),
        "refused": list(refused),
        "refusal_reasons": refused,
        "seconds_per_hand": round(float(np.mean([r.seconds for r in readings])), 3) if readings else None,
        "weights": assessor.weights,
    }


def as_text(figures: dict[str, Any]) -> str:
    """The figures as tables for people."""
    lines = [
        f"{figures['data']['hands']} hands, {len(figures['refused'])} without an age: {figures['refusal_reasons']}",
        *_place_lines(figures["localization"]),
        *_age_lines(figures["age"]),
        *_year_lines(figures["age_by_year"]),
        *_bone_lines(figures["small_children"], figures["grade_against_age"]),
        *_interval_lines(figures["interval90"], figures["reliability"]),
        f"{figures['seconds_per_hand']} s a hand; weights {figures['weights']}",
    ]
    return "\n".join(lines)


def _place_lines(place: dict[str, Any]) -> list[str]:
    lines = []
    if "mean_iou" in place:
        lines.append(
            f"boxes: {place['hands']} hands, mean IoU {place['mean_iou']}, IoU >= 0.5 {place['hit_rate_iou50']}, "
            f"mAP50 {place['map50']}"
        )
    return [*lines, f"all 13 found: {place['all_found']}"]


def _age_lines(age: dict[str, Any]) -> list[str]:
    lines = [f"{'age':>8} {'n':>5} {'MAE':>7} {'raw':>7} {'<= 12':>7} {'bias':>7}   (months)"]
    for name, row in {**{sex: age[sex] for sex in ("all", "male", "female")}, **age["groups"]}.items():
        values = [row.get(k, "") for k in ("mae_months", "mae_months_raw", "within_12_months", "bias_months")]
        lines.append(f"{name:>8} {row['n']:>5} " + " ".join(f"{v:>7}" for v in values))
    return lines


def _year_lines(years: dict[str, Any]) -> list[str]:
    sexes = ("all", "male", "female")
    lines = [
        f"{'year':>8} " + "   ".join(f"{name:>21}" for name in sexes),
        f"{'':>8} " + "   ".join(f"{'n':>5} {'MAE':>7} {'<= 12':>7}" for _ in sexes),
    ]
    for name, row in years.items():
        cells = [
            f"{row[sex]['n']:>5} {row[sex].get('mae_months', ''):>7} {row[sex].get('within_12_months', ''):>7}"
            for sex in sexes
        ]
        lines.append(f"{name:>8} " + "   ".join(cells))
    return lines


def _bone_lines(small: dict[str, Any], rising: dict[str, Any]) -> list[str]:
    months, error = small["under_months"], small["errors"]
    lines = [
        f"under {months // 12} years: n {error['n']}, MAE {error.get('mae_months', 'none')}, "
        f"bias {error.get('bias_months', 'none')}",
        f"{'bone':>8} {'grade 0 under ' + str(months // 12) + ' y':>18} {'later':>10} {'rank correlation with age':>27}",
    ]
    for bone in RUS_BONES:
        young, older = small["grade0_by_bone"][bone], small["grade0_from_4_years_by_bone"][bone]
        shares = [f"{row['grade0']} of {row['graded']}" for row in (young, older)]
        spearman = rising["all"][bone]["spearman"]
        lines.append(f"{bone:>8} {shares[0]:>18} {shares[1]:>10} {'none' if spearman is None else spearman:>27}")
    return lines


def _interval_lines(interval90: dict[str, Any], reliability: list[dict[str, Any]]) -> list[str]:
    rows = {"90 % all": interval90, "male": interval90["male"], "female": interval90["female"]} | {
        f"{row['nominal']:.0%}": row for row in reliability
    }
    lines = [f"{'interval':>8} {'n':>5} {'held':>6} {'coverage':>9} {'95 % interval':>18} {'width':>7}   (months)"]
    for name, row in rows.items():
        between = " to ".join(f"{end:.3f}" for end in row.get("coverage_wilson95", ()))
        lines.append(
            f"{name:>8} {row['answered']:>5} {row.get('held', ''):>6} {row.get('coverage', ''):>9} {between:>18} "
            f"{row.get('mean_width_months', ''):>7}"
        )
    return lines
