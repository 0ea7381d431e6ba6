"""What label files say, whatever their format: films with their bones' grades and boxes, and the rules for both."""

import functools
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError
from core.film.box import Box
from core.intake.spreadsheet import age_months, number, sex_of
from core.ledger import Correction, Verdict, verdict_on
from core.standards import grade_count, grade_label, tw3_stage

#: Coordinates that were rounded on their way may stick out of the film by less than this many pixels.
_ROUNDING = 0.5
#: A box drawn carelessly at the film's edge reaches beyond it by at most this number of pixels, or this share of its own side.
_CARELESS, _CARELESS_SHARE = 5.0, 0.1
#: "Radius 7", "MCPFirst_4": a name followed by the grade, as in detectors of joints with one class per grade.
_NAME_AND_GRADE = re.compile(r"(.*?[A-Za-z].*?)[ _\-](\d{1,2}|[A-Ia-i])")
_STAGE = re.compile(r"(?:tw3)?(?:stage)?[ _\-]*([a-i])", re.IGNORECASE)

OUTLINE = "a rotated box was imported as the upright box around it"
CLIPPED = "a box that reached beyond the film was clipped at its edge"


class BadLabels(BoneGradeError):
    """A label file that cannot be taken in; none of it was. `place` is the row, annotation or object at fault."""

    def __init__(self, file: str, place: str, problem: str):
        super().__init__(f"{file}, {place}: {problem}" if place else f"{file}: {problem}")
        self.file = file
        self.place = place
        self.problem = problem


@dataclass(frozen=True)
class Label:
    """One bone of one film as a file has it.

    bone: one of RUS_BONES. grade, verdict, box: as in core.ledger.Correction. place: where it is in the file. stage: the TW3
    stage "A".."I" where several RUS-CHN grades correspond to it; then there is neither verdict nor grade. remark: what was done
    to it when it was read, "" if nothing.
    """

    bone: str
    verdict: Verdict | None
    grade: int | None
    box: Box | None
    place: str = ""
    stage: str = ""
    remark: str = ""

    @property
    def text(self) -> str:
        """The grade as the standard prints it, "" without one."""
        return "" if self.grade is None else grade_label(self.bone, self.grade)


@dataclass(frozen=True)
class LabelledFilm:
    """One film of a label file with its bones' labels.

    file: name of its picture, relative to the folder of pictures. width, height: in pixels, None if the file does not
    say. sha256: core.film.radiograph.film_hash if the file says. patient: anything that distinguishes patients. split: train,
    val or test, "" if it does not say. fractions: boxes are given as fractions of the film's width and height, not in pixels.
    original_name: of the film's file where its uploader agreed to it, "" otherwise.
    """

    file: str
    labels: tuple[Label, ...]
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    sex: Sex | None = None
    age_months: float | None = None
    patient: str | None = None
    split: str = ""
    place: str = ""
    fractions: bool = False
    original_name: str = ""


#: Called with what is wrong with one label or one film of a file; reading continues without it, unless this raises it.
Fault = Callable[[BadLabels], None]


def refuse(fault: BadLabels) -> None:
    """The Fault for all or nothing: raises the first."""
    raise fault


@functools.cache
def _names() -> dict[str, tuple[str, ...]]:
    """Every known name in lower case, with the bones that it may stand for."""
    document = json.loads(resources.files("core").joinpath("data", "rus_chn.json").read_text(encoding="utf-8"))
    names: dict[str, tuple[str, ...]] = {bone.lower(): (bone,) for bone in RUS_BONES}
    for table in document["aliases"].values():
        for bone, alias in table.items():
            meant = names.get(alias.lower(), ())
            names[alias.lower()] = meant if bone in meant else (*meant, bone)
    return names


def bone_of_name(name: str) -> str:
    """The RUS bone that a file calls `name`: one of the 13 names or of the aliases in core/data/rus_chn.json.

    Raises ValueError with what is wrong and what to do.
    """
    meant = _names().get(name.strip().lower(), ())
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ValueError(f"the name {name!r} may mean {' or '.join(meant)}; use one of these two names.")
    raise ValueError(f"the bone {name!r} is not known; use {', '.join(RUS_BONES)}.")


def bone_and_grade(name: str) -> tuple[str, str | None]:
    """The bone of a name that may end in a grade ("Radius", "Radius_7"), and that grade as it is written.

    Raises ValueError as bone_of_name does.
    """
    match = _NAME_AND_GRADE.fullmatch(name.strip())
    if match is not None and name.strip().lower() not in _names():
        return bone_of_name(match[1]), match[2]
    return bone_of_name(name), None


def label(bone: str, grade: object, verdict: object, box: Box | None, place: str = "") -> Label:
    """A label from a file's values. grade and verdict may be None or ""; one of them must be given.

    bone: one of RUS_BONES. Raises ValueError with what is wrong and what to do.
    """
    stage, grade = _stage(bone, grade)
    if stage:
        return Label(bone, None, None, box, place, stage)
    number = _grade(bone, grade)
    said = "" if verdict is None else str(verdict).strip().lower()
    if said == "absent" and number is None:
        number = 0
    # refuses what cannot be said about the bone
    word = Correction(bone, cast(Verdict, said or verdict_on(number)), number)
    return Label(bone, word.verdict, word.grade, box, place)


def _stage(bone: str, given: object) -> tuple[str, object]:
    """The TW3 stage where several RUS-CHN grades correspond to it, else ""; and the only grade that does, or what was given."""
    match = _STAGE.fullmatch(given.strip()) if isinstance(given, str) else None
    if match is None:
        return "", given
    stage = match[1].upper()
    grades = [grade for grade in range(grade_count(bone) + 1) if tw3_stage(bone, grade) == stage]
    return ("", grades[0]) if len(grades) == 1 else (stage, None)


def _grade(bone: str, given: object) -> int | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    try:
        value = _float(given)
    except (TypeError, ValueError):
        value = math.nan
    if not value.is_integer():
        raise ValueError(f"the grade {given!r} does not exist; {bone} has the grades 0 to {grade_count(bone)}.")
    return int(value)


def box_of(values: list[object]) -> Box | None:
    """A box from xmin, ymin, xmax, ymax as a file has them; None where all four are None or "".

    Raises ValueError where one is not a number, or the box has no area (BoxRefused).
    """
    if all(value is None or value == "" for value in values):
        return None
    try:
        numbers = [_float(value) for value in values]
    except (TypeError, ValueError):
        raise ValueError(
            "the box is not four numbers; give xmin, ymin, xmax, ymax in pixels, or none of them."
        ) from None
    return Box(*numbers)


def outline(centre: tuple[float, float], width: float, height: float, radians: float) -> Box:
    """The upright box around one that is rotated about its centre."""
    cosine, sine = abs(math.cos(radians)), abs(math.sin(radians))
    return Box.about(centre, width * cosine + height * sine, width * sine + height * cosine)


def box_on_film(box: Box, width: int, height: int) -> tuple[Box, bool]:
    """The part of the box on the film, and whether more than rounding errors was clipped; ValueError where it was apparently
    drawn on another picture."""
    inside, overhang = box.clipped(width, height), box.overhang(width, height)
    if inside is None or overhang > max(_CARELESS, _CARELESS_SHARE * max(box.width, box.height)):
        raise ValueError(
            f"the box {', '.join(f'{v:g}' for v in box)} reaches outside the film of {width} x {height} pixels; "
            "check that the boxes were drawn on this picture."
        )
    return inside, overhang >= _ROUNDING


def as_correction(said: Label) -> Correction:
    """The label as a person's word. said: with a verdict."""
    assert said.verdict is not None
    return Correction(said.bone, said.verdict, said.grade, said.box)


def checked_sex(given: object) -> Sex | None:
    """M or F from a file's value, None where it is empty; ValueError for anything else."""
    try:
        return None if given is None else sex_of(str(given))
    except ValueError:
        raise ValueError(f"the sex {given!r} is not known; use M or F.") from None


def checked_age(given: object) -> float | None:
    """An age in months from a file's value, None where it is empty; ValueError where it is not from 0 to 300."""
    try:
        return None if given is None else age_months(str(given))
    except ValueError:
        raise ValueError(f"the age {given!r} is not a number of months; give 0 to 300, or leave it out.") from None


def _float(given: object) -> float:
    return number(given) if isinstance(given, str) else float(cast(Any, given))
