"""What a person's grades add up to: scores, ages and intervals that move while the person reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.assessment.age.bone_age import bone_age, table_scatter_years
from core.assessment.records import BoneAge, FilmAssessor, GradeProbabilities, SecondOpinion, is_mature
from core.bones import RUS_BONES, Sex
from core.standards import STANDARDS, ScoreCard, grade_count, score_card


@dataclass(frozen=True)
class Scores:
    """One reading under every standard.

    cards: by key of STANDARDS. age: on the radiologists' Greulich-Pyle scale; None unless all 13 bones are graded.
    """

    sex: Sex
    cards: dict[str, ScoreCard]
    age: BoneAge | None

    @property
    def mature(self) -> bool:
        """Whether the hand is at the end of the scale, see core.assessment.records.is_mature."""
        return self.age is not None and is_mature(self.age.months, self.sex)


def around_grades(
    grades: Mapping[str, int], model: Mapping[str, NDArray[Any]] | None
) -> dict[str, NDArray[np.float64]]:
    """Grade probabilities for a person's grades: as sharp as the model's for each bone of this film, but about what was said.

    model: grade probabilities of the same bones, shifted so that the most probable grade is the person's; what would fall
    beyond the first or last grade stays there. Where the person says what the model says, they are the model's. A bone without
    them is taken as certain.
    Raises ValueError for a grade that the bone does not have.
    """
    moved = {}
    for bone, grade in grades.items():
        count = grade_count(bone)
        if not 0 <= grade <= count:
            raise ValueError(f"{bone} has the grades 0 to {count}, not {grade}.")
        given = None if model is None else model.get(bone)
        if given is None:
            moved[bone] = np.eye(count + 1)[grade]
            continue
        places = np.clip(np.arange(count + 1) + grade - int(np.argmax(given)), 0, count)
        moved[bone] = np.bincount(places, weights=np.asarray(given, np.float64), minlength=count + 1)
    return moved


def score_cards(
    sex: Sex,
    grades: Mapping[str, int],
    model: Mapping[str, NDArray[Any]] | None,
    scatter_years: float,
) -> dict[str, ScoreCard]:
    """A person's grades under every standard, by key of STANDARDS.

    grades: RUS-CHN ordinals 0..n; a bone left out has no grade, and then there is no total. model, scatter_years: what
    makes the interval, see around_grades and core.standards.scattered.
    Raises ValueError for an unknown bone and for a grade that the bone does not have.
    """
    around = around_grades(grades, model)
    return {key: score_card(key, sex, around, grades, scatter_years=scatter_years) for key in STANDARDS}


def person_scores(
    assessor: FilmAssessor,
    sex: Sex,
    grades: Mapping[str, int],
    model: Mapping[str, NDArray[Any]] | None,
    second: SecondOpinion | None,
) -> Scores:
    """A person's grades under every standard and as a bone age, with the assessor's calibration.

    second: the opinion on the whole hand, for the same sex; the person's grades do not change it. The same grades as the
    model's give the model's own totals, ages and intervals. Raises as score_cards does.
    """
    return Scores(
        sex,
        score_cards(sex, grades, model, table_scatter_years(assessor.intervals)),
        bone_age(assessor.grader, sex, around_grades(grades, model), assessor.intervals.scatter_months, second),
    )


def model_scores(
    assessor: FilmAssessor, sex: Sex, probabilities: GradeProbabilities, second: SecondOpinion | None
) -> Scores:
    """The model's probabilities, some of them perhaps of regraded boxes, under every standard and as a bone age.

    probabilities: of grades 0..n by bone; a bone left out has no grade, and then there is no total and no age. second: as for
    person_scores. Raises ValueError for values that are not a distribution.
    """
    return Scores(
        sex,
        {
            key: score_card(key, sex, probabilities, scatter_years=table_scatter_years(assessor.intervals))
            for key in STANDARDS
        },
        bone_age(assessor.grader, sex, probabilities, assessor.intervals.scatter_months, second),
    )


def filled_up(grades: Mapping[str, int], probabilities: GradeProbabilities) -> dict[str, int]:
    """A person's grades, with the model's for the bones that the person has not graded: what the reading would come to so far.
    It is nobody's reading; whoever shows it must say so."""
    return {
        bone: grades[bone] if bone in grades else int(np.argmax(probabilities[bone]))
        for bone in RUS_BONES
        if bone in grades or bone in probabilities
    }
