"""What the ledger keeps, as frozen records: films, predictions, and the events in which a person says something.

The prediction, the correction and the gold reading are three different things and are kept as such.
"""

import operator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

from core.bones import BONE_TITLES, RUS_BONES, Sex
from core.film.box import Box
from core.hand.localization import Localization
from core.ledger.errors import InvalidCorrection
from core.standards import GRADE_COUNTS, grade_label

#: graded: the bone has `grade` 1..n. absent: its centre is not visible yet, which is grade 0. unreadable: it cannot be
#: read on this film; no grade, so no total.
Verdict = Literal["graded", "absent", "unreadable"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

#: What the pixels may be used for, each including those before it. read: kept to be read again. train: to train the
#: model. share: to leave this server.
Scope = Literal["read", "train", "share"]
#: The version of the wording under which consent is given; to be changed with it.
TERMS = "2026-11-28"
#: The source of a film that an erasure has left as an empty shell.
ERASED = "erased"


@dataclass(frozen=True)
class Consent:
    """What somebody consented to for a film. terms: the version of the wording that they were shown. reference: where
    the consent itself is filed, such as a form's number; never a name. ends: the moment from which it no longer
    holds."""

    scope: Scope = "train"
    reference: str = ""
    ends: datetime | None = None
    terms: str = TERMS


#: What an event says. correction: verdicts on some bones. undo: event `target` no longer counts (an undone undo counts
#: again: redo). restore: verdicts on all bones as they were after event `target`. gold: the reading in `corrections`
#: is the film's gold reading; ungold: it has none any more. skip (by this reader alone), flag, unflag, assign (to the
#: reader named in `note`, or to nobody if it is empty): the film's place in the queue. withdraw: the consent to keep the
#: film's pixels was taken back, and they are gone. erase: so is all that was said of it.
EventKind = Literal[
    "correction", "undo", "restore", "gold", "ungold", "skip", "flag", "unflag", "assign", "withdraw", "erase"
]

#: Whose reading counts where one reading of a film is asked for. latest: bone by bone the last reader's. majority: the
#: verdict that most readers give, in a tie the latest. reviewer_first: the gold reading, else that of the latest
#: reviewer or admin, else the latest.
LabelRule = Literal["latest", "majority", "reviewer_first"]


@dataclass(frozen=True)
class FilmRecord:
    """One film. The same pixels are one film, however often they are sent.

    sha256: of the pixels, core.film.radiograph.film_hash. patient_key: pseudonym, 16 hexadecimal digits, "" where no
    patient was named; the patient's own id is never kept. age_months: when the film was taken, None if not known. consent:
    the uploader consented to keeping the pixels. scope: the use consented to. consent_ends: the moment, None if it does
    not. picture: SHA-256 of the stored 16-bit PNG, None without consent. source: how it came in ("assess", "queue",
    "import"). spacing_mm: row, column. added_by: the reader's name. file_name: of the film's file, where whoever added it
    agreed to its being kept; "" otherwise.
    """

    id: int
    sha256: str
    width: int
    height: int
    sex: Sex
    patient_key: str
    age_months: float | None
    consent: bool
    picture: str | None
    source: str
    laterality: Literal["L", "R"] | None
    spacing_mm: tuple[float, float] | None
    scope: Scope | None
    consent_ends: datetime | None
    added_at: datetime
    added_by: str
    file_name: str = ""

    def allows(self, use: Scope, now: datetime) -> bool:
        """Whether there is consent to this use of the pixels."""
        uses = get_args(Scope)
        enough = self.scope is not None and uses.index(use) <= uses.index(self.scope)
        return enough and (self.consent_ends is None or self.consent_ends > now)

    @property
    def stated_sex(self) -> None:
        """None: the sex that the film's file states is not kept; `sex` is what was chosen."""

    @property
    def notes(self) -> tuple[()]:
        """Empty: notes on the film's file are given when it is read, and not kept."""
        return ()


@dataclass(frozen=True)
class PredictionRecord:
    """What one set of weights says of a film.

    weights: SHA-256 by network. localization: None where the film was refused, and `refusal` says why in a sentence.
    probabilities: of grades 0..n by bone, for bones that were found. bone_age_months, interval90_months: None if a bone is
    missing. second_opinion: months and weight, as in core.assessment.records.SecondOpinion; None where there was none.
    """

    id: int
    film_id: int
    weights: dict[str, str]
    localization: Localization | None
    probabilities: dict[str, tuple[float, ...]]
    bone_age_months: float | None
    interval90_months: tuple[float, float] | None
    refusal: str | None
    made_at: datetime
    second_opinion: tuple[float, float] | None


@dataclass(frozen=True)
class Correction:
    """A person's word on one bone.

    bone: one of RUS_BONES. grade: RUS-CHN ordinal, 1..n if graded, 0 if absent, None if unreadable. box: inside the film;
    None where there is nothing to box. accepted: the reader took over the model's grade and box unchanged. note: free text.
    seconds: spent on this bone. Raises InvalidCorrection for what cannot be said of a bone; core.ledger.checks refuses what
    cannot be said of a film.
    """

    bone: str
    verdict: Verdict
    grade: int | None
    box: Box | None = None
    accepted: bool = False
    note: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.bone not in GRADE_COUNTS:
            raise InvalidCorrection(
                f"{self.bone!r} is not one of the 13 bones that are graded: {', '.join(RUS_BONES)}."
            )
        object.__setattr__(self, "grade", _checked_grade(self.bone, self.verdict, self.grade))


def verdict_on(grade: int | None) -> Verdict:
    """The verdict to which a grade belongs; where the grade is missing, "graded", which needs one."""
    return "absent" if grade == 0 else "graded"


def _checked_grade(bone: str, verdict: Verdict, grade: int | None) -> int | None:
    """The grade as a plain number. Raises InvalidCorrection where the verdict does not allow it, or the bone has no such
    grade."""
    title = BONE_TITLES[bone]
    if verdict not in VERDICTS:
        raise InvalidCorrection(f"{title}: {verdict!r} is not a verdict; choose one of {', '.join(VERDICTS)}.")
    if verdict == "unreadable":
        if grade is not None:
            raise InvalidCorrection(f"{title} is marked unreadable but has a grade: remove one of the two.")
        return None
    try:
        number = operator.index(grade)  # type: ignore[arg-type]
    except TypeError:
        raise InvalidCorrection(f"{title} has no grade: choose one, or say that it cannot be read.") from None
    if verdict == "absent" and number != 0:
        raise InvalidCorrection(
            f"{title} is not visible yet, which is grade 0, and yet has grade {number}: choose one."
        )
    highest = GRADE_COUNTS[bone]
    if verdict == "graded" and not 1 <= number <= highest:
        raise InvalidCorrection(
            f"{title} has the grades {grade_label(bone, 1)} to {grade_label(bone, highest)}"
            f" (1 to {highest}), not {number}."
        )
    return number


#: A reader's current word on a film, bone by bone; bones that were not judged are not in it.
Reading = dict[str, Correction]


@dataclass(frozen=True)
class Event:
    """One thing that one person said of one film; never changed, never deleted.

    id: grows over the whole ledger, so the largest is the ledger's revision. revision: 1, 2, 3, ... within the film.
    base_revision: the film's revision that the reader had before them. prediction_id: the prediction that a correction
    answers, None if there was none. target: the event that an undo, restore or gold refers to. seconds: spent on the film.
    """

    id: int
    film_id: int
    revision: int
    base_revision: int
    kind: EventKind
    reader: str
    made_at: datetime
    seconds: float
    prediction_id: int | None
    target: int | None
    note: str
    corrections: tuple[Correction, ...] = field(default=())
