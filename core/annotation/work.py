"""A reader's work on one film as the browser sends it: checked, compared with what is saved, and turned into corrections.

The browser holds the work and changes it at once, so that no key press waits for the server; every change comes here as
the whole work, so that a message lost on the way takes nothing with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.film.box import Box
from core.ledger.checks import LONGEST_NOTE
from core.ledger.records import Correction, Reading, Verdict

#: Boxes closer than this many pixels of the film on every edge are the same box.
SAME_BOX: Final = 0.05

_MOST_STEPS: Final = 2000
_MOST_SECONDS: Final = 7 * 24 * 3600.0

Seconds = Annotated[float, Field(ge=0, le=_MOST_SECONDS, allow_inf_nan=False)]


class WorkRefused(BoneGradeError):
    """The page sent what cannot be a reader's work."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BoneWork(_Frozen):
    """What a reader says of one bone so far.

    verdict: None where only the box or the note was touched; then nothing is said yet. grade: as in Correction. box: xmin,
    ymin, xmax, ymax in pixels of the film; empty where the reader took the box away; None: as the model has it.
    """

    verdict: Verdict | None = None
    grade: int | None = None
    accepted: bool = False
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    box: tuple[float, float, float, float] | tuple[()] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.verdict is None and self.grade is not None:
            raise ValueError("there is a grade without a verdict")
        if self.box:
            Box(*self.box)  # refuses what is not a box
        return self


def _check(bone: str, said: BoneWork | None) -> None:
    """Raises ValueError for what a Correction could not say of the bone either."""
    if bone not in RUS_BONES:
        raise ValueError(f"{bone!r} is not one of the 13 bones")
    if said is not None and said.verdict is not None:
        Correction(bone, said.verdict, said.grade)


class Change(_Frozen):
    """One bone before and after a step; None where nothing was said."""

    bone: str
    before: BoneWork | None
    after: BoneWork | None

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        _check(self.bone, self.before)
        _check(self.bone, self.after)
        return self


class Work(_Frozen):
    """A reader's work on one film.

    film: its number in the ledger, None while it is not there. base_revision: of the film, as its reader saw it (see
    core.annotation.blinding). says: what stands on the page, what is saved included. steps: for undo to go back through, of
    which the first `at` count. seconds: spent on each bone. token: of the next save. seq: grows with every change, so that
    the page knows which of them has arrived.
    """

    film: int | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    prediction: int | None = None
    base_revision: Annotated[int, Field(ge=0)] = 0
    says: dict[str, BoneWork] = Field(default_factory=dict)
    steps: Annotated[tuple[tuple[Change, ...], ...], Field(max_length=_MOST_STEPS)] = ()
    at: Annotated[int, Field(ge=0)] = 0
    bone: str = RUS_BONES[0]
    seconds: dict[str, Seconds] = Field(default_factory=dict)
    film_seconds: Seconds = 0.0
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""
    token: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    seq: int = 0

    @field_validator("says")
    @classmethod
    def _can_be_said(cls, says: dict[str, BoneWork]) -> dict[str, BoneWork]:
        for bone, said in says.items():
            _check(bone, said)
        return says

    @property
    def is_touched(self) -> bool:
        """Whether there is anything in it that a reload must not lose."""
        return self.at > 0 or bool(self.note)


def read_work(text: str) -> Work:
    """Reads the work from the browser's JSON. Raises WorkRefused with a sentence where it cannot be a reader's work."""
    try:
        return Work.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where, what = ".".join(str(part) for part in first["loc"]), first["msg"].removesuffix(".")
        raise WorkRefused(
            f"What the page sent cannot be used ({where}: {what}); nothing was changed. Reload the page."
        ) from None


def grades_said(work: Work) -> dict[str, int]:
    """RUS-CHN grades by bone; absent is 0, unreadable and not judged have none."""
    return {bone: said.grade for bone, said in work.says.items() if said.grade is not None}


def predicted_boxes(assessment: Assessment) -> dict[str, Box]:
    """The model's boxes of the bones that it found, cut off at the film's edges; by bone, in pixels of the film."""
    found = {bone: one.box for bone, one in assessment.bones.items() if one is not None}
    inside = {bone: box.clipped(assessment.width, assessment.height) for bone, box in found.items()}
    return {bone: box for bone, box in inside.items() if box is not None}


def current_boxes(work: Work, assessment: Assessment) -> dict[str, Box]:
    """The boxes that stand on the film, the reader's before the model's; bones without a box are not in it."""
    boxes = predicted_boxes(assessment)
    for bone, said in work.says.items():
        if said.box == ():
            boxes.pop(bone, None)
    boxes |= own_boxes(work)
    return {bone: boxes[bone] for bone in RUS_BONES if bone in boxes}


def own_boxes(work: Work) -> dict[str, Box]:
    """The boxes that the reader moved or drew, by bone."""
    return {bone: Box(*said.box) for bone, said in work.says.items() if said.box}


def same_box(one: Box | None, other: Box | None) -> bool:
    """Whether two boxes cannot be told apart; None is the same only as None."""
    if one is None or other is None:
        return one is other
    return one.is_near(other, SAME_BOX)


def said_of(correction: Correction, predicted: Box | None) -> BoneWork:
    """What the page shows of a saved correction; predicted: the model's box of the bone, None if it has none."""
    box = None if same_box(correction.box, predicted) else tuple(correction.box or ())
    return BoneWork(
        verdict=correction.verdict,
        grade=correction.grade,
        accepted=correction.accepted,
        note=correction.note,
        box=box,  # type: ignore[arg-type]  # four edges, or none
    )


def says_of(reading: Reading, assessment: Assessment) -> dict[str, BoneWork]:
    """What the page shows of a saved reading."""
    predicted = predicted_boxes(assessment)
    return {bone: said_of(correction, predicted.get(bone)) for bone, correction in reading.items()}


@dataclass(frozen=True)
class Unsaved:
    """What is on the page but not in the ledger. waiting: bones of which only the box or the note was touched."""

    corrections: tuple[Correction, ...]
    waiting: tuple[str, ...]


def unsaved(work: Work, saved: Reading, assessment: Assessment) -> Unsaved:
    """What a save has to say: the bones that differ on the page from the reader's saved reading."""
    boxes = current_boxes(work, assessment)
    corrections, waiting = [], []
    for bone in RUS_BONES:
        said = work.says.get(bone)
        if said is None:
            continue
        if said.verdict is None:
            if said.box is not None or said.note:
                waiting.append(bone)
            continue
        now = Correction(
            bone=bone,
            verdict=said.verdict,
            grade=said.grade,
            box=boxes.get(bone),
            accepted=said.accepted,
            note=said.note,
            seconds=round(work.seconds.get(bone, 0.0), 1),
        )
        if not same_word(now, saved.get(bone)):
            corrections.append(now)
    return Unsaved(tuple(corrections), tuple(waiting))


def same_word(one: Correction | None, other: Correction | None) -> bool:
    """Whether two corrections say the same of a bone, however long it took."""
    if one is None or other is None:
        return one is other
    return (
        (one.verdict, one.grade, one.note, one.accepted) == (other.verdict, other.grade, other.note, other.accepted)
    ) and same_box(one.box, other.box)


@dataclass(frozen=True)
class Disagreement:
    """One bone in a conflict: what I say and what they say, None where nothing was said."""

    bone: str
    mine: Correction | None
    theirs: Correction | None

    @property
    def differs(self) -> bool:
        """Whether there is anything to choose: verdict, grade, or box."""
        if self.mine is None or self.theirs is None:
            return self.mine is not self.theirs
        same = (self.mine.verdict, self.mine.grade) == (self.theirs.verdict, self.theirs.grade)
        return not (same and same_box(self.mine.box, self.theirs.box))


def side_by_side(mine: Mapping[str, Correction], theirs: Mapping[str, Correction]) -> list[Disagreement]:
    """Both versions of a film bone by bone, without bones that neither judges."""
    return [
        Disagreement(bone, mine.get(bone), theirs.get(bone)) for bone in RUS_BONES if bone in mine or bone in theirs
    ]


def settled(rows: list[Disagreement], theirs_for: frozenset[str]) -> tuple[Correction, ...]:
    """The corrections that replace the reader's verdict on the named bones with the other reader's; they took none of
    the reader's time, and accept nothing from the model."""
    return tuple(
        replace(row.theirs, accepted=False, seconds=0.0)
        for row in rows
        if row.bone in theirs_for and row.theirs is not None and row.differs
    )
