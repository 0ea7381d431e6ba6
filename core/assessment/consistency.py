"""Points out a bone whose grade is out of line with its neighbours: a slip of the model or of a reader, or a rare hand.

It changes no grade and fills none in: a person looks at the film and decides.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

import numpy as np

from core.bones import BONE_TITLES, RUS_BONES
from core.standards import grade_label
from core.standards.maturity import grade_starts
from core.standards.tables import checked_grade

#: A bone this many grades from what its neighbours point to is out of line.
FAR_APART: Final = 3

#: The median of fewer grades could be carried away by one that is wrong.
FEWEST_NEIGHBOURS: Final = 3

#: What each bone is compared with: the others of its row, and the bones above and below in its ray. Radius and ulna
#: carry all rays between them (the carpals are not graded), and are the neighbours of the metacarpals above them.
NEIGHBOURS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Radius": ("Ulna", "MC1", "MC3", "MC5"),
        "Ulna": ("Radius", "MC3", "MC5"),
        "MC1": ("MC3", "MC5", "PP1", "Radius"),
        "MC3": ("MC1", "MC5", "PP3", "Radius", "Ulna"),
        "MC5": ("MC1", "MC3", "PP5", "Radius", "Ulna"),
        "PP1": ("PP3", "PP5", "DP1", "MC1"),
        "PP3": ("PP1", "PP5", "MP3", "MC3"),
        "PP5": ("PP1", "PP3", "MP5", "MC5"),
        "MP3": ("MP5", "DP3", "PP3"),
        "MP5": ("MP3", "DP5", "PP5"),
        "DP1": ("DP3", "DP5", "PP1"),
        "DP3": ("DP1", "DP5", "MP3"),
        "DP5": ("DP1", "DP3", "MP5"),
    }
)


@dataclass(frozen=True)
class Inconsistency:
    """A bone out of line with its neighbours.

    grade: its RUS-CHN ordinal, 0..n. expected_grade: the grade of this bone, 0..n, that its neighbours point to.
    grades_apart: grade - expected_grade: above 0 the bone is ahead of its neighbours, below 0 it is behind them.
    """

    bone: str
    grade: int
    expected_grade: int
    grades_apart: int

    @property
    def sentence(self) -> str:
        """What is out of line, for the person who looks at the film."""
        way = "ahead of" if self.grades_apart > 0 else "behind"
        return (
            f"{BONE_TITLES[self.bone]} has grade {grade_label(self.bone, self.grade)}, {abs(self.grades_apart)} grades "
            f"{way} the grade {grade_label(self.bone, self.expected_grade)} that its neighbours point to."
        )

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON-ready values."""
        return asdict(self)


def inconsistencies(grades: Mapping[str, int]) -> tuple[Inconsistency, ...]:
    """The bones of a hand that are FAR_APART grades or more from what their neighbours point to, in RUS_BONES order.

    grades: RUS-CHN ordinals 0..n by bone. A bone left out has no grade: it is not compared, and is nobody's neighbour. A
    bone with fewer than FEWEST_NEIGHBOURS graded neighbours is compared with all other graded bones of the hand, and not
    at all if these are fewer too.

    Each neighbour stands for the maturity in the middle of its grade, half-way between the starts (see grade_starts) of
    that grade and the next; the expected grade is the one that holds the median of these. Grade 0 and the last grade have no
    middle, being open on one side: such a neighbour stands for the maturity nearest to the compared bone's own that it allows,
    and so speaks against that bone only from beyond the one start that it has. A hand that is all mature, or has no centre yet,
    is thus in line, and among bones one grade from their last a mature bone is too, except for the radius, which the tables
    have mature a year after the metacarpals.
    Raises ValueError for an unknown bone and for a grade that the bone does not have.
    """
    stand_for = {bone: _stands_for(bone, grade) for bone, grade in grades.items()}
    found = []
    for bone in (bone for bone in RUS_BONES if bone in grades):
        expected = _expected_grade(bone, stand_for)
        if expected is not None and abs(grades[bone] - expected) >= FAR_APART:
            found.append(Inconsistency(bone, grades[bone], expected, grades[bone] - expected))
    return tuple(found)


def _expected_grade(bone: str, stand_for: Mapping[str, tuple[float, float]]) -> int | None:
    """The grade that the neighbours of a graded bone point to; None where there are too few."""
    near = [other for other in NEIGHBOURS[bone] if other in stand_for]
    if len(near) < FEWEST_NEIGHBOURS:
        near = [other for other in stand_for if other != bone]
    if len(near) < FEWEST_NEIGHBOURS:
        return None
    lowest, highest = stand_for[bone]
    own = highest if lowest == -math.inf else lowest
    middle = float(np.median([min(max(own, low), high) for low, high in (stand_for[other] for other in near)]))
    # At its one start a bone without a centre still has none, and a mature one is mature already.
    side: Literal["left", "right"] = "left" if lowest == -math.inf else "right"
    return int(np.searchsorted(grade_starts(bone), middle, side=side))


def _stands_for(bone: str, grade: int) -> tuple[float, float]:
    """The lowest and the highest maturity, in years, that a grade may stand for: its middle twice, except at the open ends."""
    grade, starts = checked_grade(bone, grade), grade_starts(bone)
    if grade == 0:
        return -math.inf, starts[0]
    if grade == len(starts):
        return starts[-1], math.inf
    middle = (starts[grade - 1] + starts[grade]) / 2
    return middle, middle
