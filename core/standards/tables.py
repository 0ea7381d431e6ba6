"""The printed tables of the three scoring standards: grades, scores, ages, and what to look for on the film.

A grade is everywhere the ordinal RUS-CHN grade, 0 (no ossification centre) to n. A RUS-CHN grade can be turned into a
TW3 stage, never the reverse.
"""

import functools
import json
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError

STANDARDS: Final = ("rus_chn", "tw3_rus", "tw3_c_rus")

#: The total with every bone at its last grade, in every standard and for both sexes.
MATURE_TOTAL: Final = 1000

_SEX_IN_FILES: Final[Mapping[Sex, str]] = MappingProxyType({"M": "male", "F": "female"})


class IncompleteGrades(BoneGradeError):
    """A total was asked for although a bone has no grade; `missing` names the bones in RUS_BONES order.

    A bone that was not found is never scored as grade 0: that would lower the age without a word.
    """

    def __init__(self, missing: tuple[str, ...]):
        graded = len(RUS_BONES) - len(missing)
        super().__init__(
            f"{graded} of {len(RUS_BONES)} bones are graded; grade {listed(missing)} before a total is given."
        )
        self.missing = missing


@dataclass(frozen=True)
class GradeDescription:
    """One grade of one bone in words, for hover texts and the grading guide."""

    grade: int
    label: str
    tw3_stage: str
    short: str
    look_for: str


@dataclass(frozen=True)
class Standard:
    """One scoring standard.

    labels: per bone the standard's own grades, the absent one ("0" or "A") first.
    scores: per sex and bone the score of each of these labels; the first is 0. Not always strictly increasing: TW3
        prints 4 for both stages B and C of a boy's PP3.
    label_of_grade: per bone, for each RUS-CHN grade 0..n, the position of its label. RUS-CHN itself: 0..n.
    knots: per sex the printed (total, age in years) rows of the conversion, strictly increasing in both.
    smooth: a monotone cubic (PCHIP) runs through the rows; otherwise straight lines do.
    """

    key: str
    name: str
    labels: Mapping[str, tuple[str, ...]]
    scores: Mapping[Sex, Mapping[str, tuple[int, ...]]]
    label_of_grade: Mapping[str, tuple[int, ...]]
    knots: Mapping[Sex, tuple[tuple[float, float], ...]]
    smooth: bool

    def age_range(self, sex: Sex) -> tuple[float, float]:
        """First and last tabulated age in years."""
        rows = self.knots[checked_sex(sex)]
        return rows[0][1], rows[-1][1]

    def lowest_total(self, sex: Sex) -> int:
        """The total of the first tabulated age; below it no age is given."""
        return int(self.knots[checked_sex(sex)][0][0])

    def label(self, bone: str, grade: int) -> str:
        """This standard's name for a RUS-CHN grade, for example "5(2)" or, in the TW3 standards, "F"."""
        return self.labels[checked_bone(bone)][self.label_of_grade[bone][checked_grade(bone, grade)]]

    def score(self, sex: Sex, bone: str, grade: int) -> int:
        """The score of a RUS-CHN grade under this standard."""
        return self.scores_of_grades(sex, bone)[checked_grade(bone, grade)]

    def scores_of_grades(self, sex: Sex, bone: str) -> tuple[int, ...]:
        """The n+1 scores of the RUS-CHN grades 0..n of a bone under this standard."""
        scores = self.scores[checked_sex(sex)][checked_bone(bone)]
        return tuple(scores[position] for position in self.label_of_grade[bone])


def _read(name: str) -> dict[str, Any]:
    text = resources.files("core").joinpath("data", f"{name}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _per_bone(table: Mapping[str, Iterable[Any]], first: object) -> Mapping[str, tuple[Any, ...]]:
    """The rows of the 13 bones with the entry of the absent grade put before them."""
    return MappingProxyType({bone: (first, *table[bone]) for bone in RUS_BONES})


_RUS_CHN: Final = _read("rus_chn")

#: Number n of RUS-CHN grades of each bone, the absent grade 0 not counted: a bone has n+1 possible grades.
GRADE_COUNTS: Final[Mapping[str, int]] = MappingProxyType({bone: int(_RUS_CHN["n_grades"][bone]) for bone in RUS_BONES})

_RUS_CHN_LABELS: Final[Mapping[str, tuple[str, ...]]] = _per_bone(_RUS_CHN["grade_labels"], "0")
_TW3_STAGES: Final[Mapping[str, tuple[str, ...]]] = _per_bone(_RUS_CHN["grade_to_tw3_stage"], "A")


@functools.cache
def standard(key: str) -> Standard:
    """The tables of one of STANDARDS. Raises ValueError for any other key."""
    if key not in STANDARDS:
        raise ValueError(f"There is no standard {key!r}; choose one of {', '.join(STANDARDS)}.")
    document = _RUS_CHN if key == "rus_chn" else _read(key)
    labels = _per_bone(document["grade_labels"], document["absent"]["label"])
    names_of_grades = _RUS_CHN_LABELS if key == "rus_chn" else _TW3_STAGES
    return Standard(
        key=key,
        name=document["name"],
        labels=labels,
        scores=MappingProxyType(
            {sex: _per_bone(document["sexes"][in_file], 0) for sex, in_file in _SEX_IN_FILES.items()}
        ),
        label_of_grade=MappingProxyType(
            {bone: tuple(labels[bone].index(name) for name in names_of_grades[bone]) for bone in RUS_BONES}
        ),
        knots=MappingProxyType(
            {
                sex: tuple((float(row[0]), float(row[1])) for row in document["conversion"][in_file]["table_score_age"])
                for sex, in_file in _SEX_IN_FILES.items()
            }
        ),
        # The half-year rows of the Chinese tables are too far apart for straight lines; TW3 prints every 0.1 years.
        smooth=key != "tw3_rus",
    )


def grade_count(bone: str) -> int:
    """The number n of RUS-CHN grades of a bone, grade 0 not counted (Radius: 14)."""
    return GRADE_COUNTS[checked_bone(bone)]


def grade_label(bone: str, grade: int) -> str:
    """The RUS-CHN label of a grade 0..n, for example "5(2)"; "0" is the absent centre."""
    return _RUS_CHN_LABELS[checked_bone(bone)][checked_grade(bone, grade)]


def tw3_stage(bone: str, grade: int) -> str:
    """The TW3 stage "A".."I" that a RUS-CHN grade 0..n belongs to; "A" is the absent centre."""
    return _TW3_STAGES[checked_bone(bone)][checked_grade(bone, grade)]


@functools.cache
def grade_descriptions(bone: str) -> tuple[GradeDescription, ...]:
    """The n+1 grades of a bone in words, grade 0 first."""
    guide = _read("grade_descriptions")
    rows = guide["groups"][guide["bone_to_group"][checked_bone(bone)]]["rus_chn"]
    return tuple(
        GradeDescription(grade, grade_label(bone, grade), tw3_stage(bone, grade), row["short"], row["look_for"])
        for grade, row in enumerate((guide["absent"], *rows))
    )


def checked_sex(sex: Sex) -> Sex:
    """The same sex, or ValueError if it is neither "M" nor "F"."""
    if sex not in _SEX_IN_FILES:
        raise ValueError(f"The sex must be 'M' or 'F', not {sex!r}.")
    return sex


def checked_bone(bone: str) -> str:
    """The same bone, or ValueError if it is not one of the 13."""
    if bone not in GRADE_COUNTS:
        raise ValueError(f"{bone!r} is not one of the 13 RUS bones ({', '.join(RUS_BONES)}).")
    return bone


def checked_grade(bone: str, grade: int) -> int:
    """The grade as a plain int, or ValueError if the bone has no such RUS-CHN grade."""
    number = operator.index(grade)
    if not 0 <= number <= grade_count(bone):
        raise ValueError(f"{bone} has the grades 0 to {grade_count(bone)}, not {number}.")
    return number


def listed(bones: tuple[str, ...]) -> str:
    """Bone names as part of a sentence: "MC3", "MC3 and PP5", "MC3, PP5 and DP1"."""
    return bones[0] if len(bones) == 1 else f"{', '.join(bones[:-1])} and {bones[-1]}"
