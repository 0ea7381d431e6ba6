"""What a film's file states apart from its pixels: spacing, side, sex and age, and what a reader should know about the file."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

from core.bones import Sex
from core.errors import AgeRefused

Spacing = tuple[float, float]
Side = Literal["L", "R"]

#: The greatest age at the film that is accepted, in months.
OLDEST_MONTHS: Final = 1200.0
#: The orientations of EXIF (Exif 2.32, section 4.6.4); 1 is upright.
ORIENTATIONS: Final = range(1, 9)


def check_age(months: float | None) -> None:
    """Raises AgeRefused for a value that cannot be an age at the film."""
    if months is not None and not 0 <= months <= OLDEST_MONTHS:  # false of NaN too
        raise AgeRefused(f"The age must be from 0 to {OLDEST_MONTHS:.0f} months, or left empty: correct it.")


@dataclass(frozen=True)
class Note:
    """One thing about the file, or about how it was read. name: one word for scripts. doubt: whether a person should look."""

    name: str
    doubt: bool
    sentence: str


@dataclass(frozen=True)
class Stated:
    """What the file states; None where it does not.

    spacing_mm: distance in mm between rows and between columns. laterality: the side of the body. sex: the patient's.
    age_months: the patient's age when the film was taken, in whole months, without the dates that it may come from.
    orientation: of a picture, the EXIF orientation (1 to 8) by which it was turned upright.
    Raises ValueError for an impossible value; AgeRefused, which is one, for the age.
    """

    spacing_mm: Spacing | None = None
    laterality: Side | None = None
    sex: Sex | None = None
    age_months: float | None = None
    notes: tuple[Note, ...] = ()
    orientation: int = 1

    def __post_init__(self) -> None:
        if self.spacing_mm is not None and not is_spacing(self.spacing_mm):
            raise ValueError("spacing_mm must be two positive numbers (row, column) or None")
        if self.laterality not in ("L", "R", None):
            raise ValueError("laterality must be 'L', 'R' or None")
        if self.sex not in ("M", "F", None):
            raise ValueError("sex must be 'M', 'F' or None")
        if self.orientation not in ORIENTATIONS:
            raise ValueError("orientation must be from 1 to 8")
        check_age(self.age_months)

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON-ready values, for `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """The reverse of `to_dict`."""
        spacing = fields["spacing_mm"]
        notes = tuple(Note(**note) for note in fields["notes"])
        return cls(**(fields | {"spacing_mm": None if spacing is None else tuple(spacing), "notes": notes}))


#: For a file that states nothing, and for films whose file is not available.
NOTHING: Final = Stated()


def is_spacing(steps: tuple[float, ...]) -> bool:
    """Whether the numbers are distances in mm between rows and between columns."""
    return len(steps) == 2 and all(math.isfinite(step) and step > 0 for step in steps)
