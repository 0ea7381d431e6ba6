"""How far the ages are from the radiologists' readings: in all, by sex, by age, and in small children."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from core.bones import RUS_BONES
from core.evaluation.readings import Reading, by_sex

#: Children younger than this, in months, are reported apart: many of their epiphyses are not visible yet.
SMALL_CHILD_MONTHS: Final = 48


def age_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Errors against the radiologists' readings in all, by sex and by two years of age."""
    groups = by_age(readings, years=2)
    return {name: errors(members) for name, members in by_sex(readings).items()} | {
        "groups": {name: errors(members) for name, members in groups.items()}
    }


def year_figures(readings: Sequence[Reading]) -> dict[str, dict[str, Any]]:
    """The same by single year of the labelled age ("7-8" is 84 months up to 96), each in all and by sex."""
    return {
        name: {sex: errors(hands) for sex, hands in by_sex(members).items()}
        for name, members in by_age(readings, years=1).items()
    }


def by_age(readings: Sequence[Reading], years: int) -> dict[str, list[Reading]]:
    """Readings by so many whole years of the labelled age, the youngest first; groups without a hand are left out."""
    groups: dict[str, list[Reading]] = {}
    for reading in sorted(readings, key=lambda r: r.film.bone_age_months):
        first = int(reading.film.bone_age_months // (12 * years)) * years
        groups.setdefault(f"{first}-{first + years}", []).append(reading)
    return groups


def small_children_figures(readings: Sequence[Reading]) -> dict[str, Any]:
    """Errors under four years of labelled age, and how often each bone is given grade 0, "not visible yet".

    grade0_by_bone: for each bone the small children in whom it was graded, and those of them with grade 0 as the likeliest;
    a bone that was not found is not graded and counts in neither. grade0_from_4_years_by_bone: the same of the others.
    """
    small = [r for r in readings if r.film.bone_age_months < SMALL_CHILD_MONTHS]
    others = [r for r in readings if r.film.bone_age_months >= SMALL_CHILD_MONTHS]
    return {
        "under_months": SMALL_CHILD_MONTHS,
        "errors": errors(small),
        "grade0_by_bone": _grade_zero(small),
        "grade0_from_4_years_by_bone": _grade_zero(others),
    }


def _grade_zero(readings: Sequence[Reading]) -> dict[str, dict[str, int]]:
    counts = {}
    for bone in RUS_BONES:
        found = [r.assessment.bones.get(bone) for r in readings if r.assessment is not None]
        grades = [graded.grade for graded in found if graded is not None]
        counts[bone] = {"graded": len(grades), "grade0": grades.count(0)}
    return counts


def errors(readings: Sequence[Reading]) -> dict[str, Any]:
    """Means over the hands with an age; n and within_12_months are of all hands, one without an age lies outside."""
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
