"""Readings to work figures out of, made up in every detail."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.assessment.records import Assessment, BoneAssessment
from core.bones import RUS_BONES, Sex
from core.cohort.films import Film
from core.evaluation.accuracy.assessed import AssessedFilm
from core.film.box import Box
from core.hand.localization import Localization
from core.standards import STANDARDS, grade_count, grade_label, score_card, tw3_stage

BOX: Final = Box(0.0, 0.0, 10.0, 10.0)


def make_reading(
    name: str,
    label: float,
    months: float | None,
    sex: Sex = "M",
    boxes: dict[str, Box] | None = None,
    confidence: float = 0.9,
    interval: tuple[float, float] | None = None,
    consensus: tuple[float, float] | None = None,
    grades: dict[str, int] | None = None,
) -> AssessedFilm:
    """A hand that was given this bone age and, with certainty, these grades; refused with neither age nor boxes.

    label: the radiologists' reading in months. A bone without a grade of its own is mature.
    """
    film = Film(name, Path(f"{name}.png"), sex, label, "")
    if months is None and boxes is None:
        return AssessedFilm(film, None, "not_a_hand", 0.1)
    places = dict.fromkeys(RUS_BONES, BOX) if boxes is None else boxes
    given = {bone: grade_count(bone) for bone in RUS_BONES} | (grades or {})
    certain = {bone: np.eye(grade_count(bone) + 1)[given[bone]] for bone in places}
    bones: dict[str, BoneAssessment | None] = {
        bone: BoneAssessment(
            bone=bone,
            box=places[bone],
            axis_degrees=0.0,
            grade=given[bone],
            label=grade_label(bone, given[bone]),
            tw3_stage=tw3_stage(bone, given[bone]),
            probabilities=tuple(certain[bone]),
            confidence=confidence,
            influence_months=(0.0, 0.0),
        )
        if bone in places
        else None
        for bone in RUS_BONES
    }
    assessment = Assessment(
        sex=sex,
        width=20,
        height=20,
        film_sha256="0" * 64,
        laterality="L",
        rotation_degrees=0.0,
        inverted=False,
        bones=bones,
        standards={key: score_card(key, sex, certain, scatter_years=0.0) for key in STANDARDS},
        bone_age_months=months,
        interval90_months=interval,
        consensus90_months=consensus,
        checks=(),
        weights={},
        seconds=0.1,
        localization=Localization((), False, 0.0, False, 1.0, np.zeros((21, 2)), np.ones(21), 0.0),
        second_opinion=None,
    )
    return AssessedFilm(film, assessment, None if months is not None else "missing", 0.1)


def drawn_boxes(*boxes: Box) -> NDArray[np.float64]:
    """21 hand-drawn boxes: these in turn for the 13 RUS bones, NaN for the rest."""
    drawn = np.full((21, 4), np.nan)
    for place in range(13):
        drawn[place] = list(boxes[place % len(boxes)])
    return drawn
