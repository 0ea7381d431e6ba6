"""From a radiograph to an assessment: localise, cut, grade, score. The one object that the app and scripts read."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.assessment.bone_age import BoneAge, SecondOpinion, bone_age, months_of_totals, without
from core.assessment.consistency import FAR_APART, Inconsistency, inconsistencies
from core.assessment.explain import Explanation, explain
from core.assessment.grader import GradeProbabilities, Grader
from core.assessment.second_opinion import WholeHandReader, hand_window
from core.bones import BONE_TITLES, Sex
from core.errors import BoneGradeError
from core.film.radiograph import Radiograph
from core.hand.crops import CROP_SIDE, crop_affine, cut, cut_all, moved_region
from core.hand.localization import Box, Localization, Region
from core.hand.localizer import Localizer
from core.standards import (
    STANDARDS,
    ScoreCard,
    grade_label,
    score_card,
    standard,
    tw3_stage,
)
from models.registry import load_grader, load_localizer, load_whole_hand

Progress = Callable[[float, str], None]
#: Months between the 13 bones' age and the whole hand's from which a reader is told.
_FAR_OPINIONS = 24.0


class FilmFacts(Protocol):
    """What scoring needs to know of a film beside its grades: no pixels. Radiographs have it, and films of the ledger."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def laterality(self) -> Literal["L", "R"] | None: ...


@dataclass(frozen=True)
class BoneAssessment:
    """One graded bone.

    box: xmin, ymin, xmax, ymax in pixels of the input. axis_degrees: its distal direction, clockwise from up.
    grade: RUS-CHN ordinal, 0 = not visible yet. label: as the standard prints it. probabilities: of grades 0..n.
    confidence: the localiser's, 0..1. influence_months: change of the bone age if this bone were one grade lower, and
    one grade higher (0 where there is no such grade).
    """

    bone: str
    box: Box
    axis_degrees: float
    grade: int
    label: str
    tw3_stage: str
    probabilities: tuple[float, ...]
    confidence: float
    influence_months: tuple[float, float]


@dataclass(frozen=True)
class Check:
    """Something about the film that a reader should know; `passed` where there is nothing to worry about."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Assessment:
    """What was read from one film.

    width, height: the film's pixels. laterality: the hand as the film shows it. rotation_degrees: its clockwise turn from
    upright. bones: all 13 in RUS_BONES order, None where the bone was not found. bone_age_months: on the radiologists'
    Greulich-Pyle scale, None unless all 13 bones are graded, as are all totals. second_opinion: of the whole hand, which
    is part of bone_age_months; None where there is no such network. weights: SHA-256 (hex) by network.
    """

    sex: Sex
    width: int
    height: int
    film_sha256: str
    laterality: Literal["L", "R"]
    rotation_degrees: float
    inverted: bool
    bones: dict[str, BoneAssessment | None]
    standards: dict[str, ScoreCard]
    bone_age_months: float | None
    interval90_months: tuple[float, float] | None
    checks: tuple[Check, ...]
    weights: dict[str, str]
    seconds: float
    localization: Localization
    second_opinion: SecondOpinion | None

    @cached_property
    def bones_age_months(self) -> float | None:
        """The bone age of the 13 bones alone, without the second opinion."""
        second = self.second_opinion
        if self.bone_age_months is None or second is None:
            return self.bone_age_months
        return without(self.bone_age_months, second)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The bones without a grade."""
        return tuple(bone for bone, graded in self.bones.items() if graded is None)

    @cached_property
    def inconsistencies(self) -> tuple[Inconsistency, ...]:
        """The bones whose grade is out of line with their neighbours, see core.assessment.consistency."""
        return inconsistencies({bone: graded.grade for bone, graded in self.bones.items() if graded is not None})

    @cached_property
    def probabilities(self) -> GradeProbabilities:
        """Grade probabilities of the bones that were found."""
        return {bone: np.array(graded.probabilities) for bone, graded in self.bones.items() if graded is not None}

    def to_dict(self) -> dict[str, Any]:
        """The assessment as JSON-ready values; the keys are a contract with scripts."""
        return {
            "sex": self.sex,
            "film": {
                "width": self.width,
                "height": self.height,
                "sha256": self.film_sha256,
                "laterality": self.laterality,
                "rotation_degrees": round(self.rotation_degrees, 1),
                "inverted": self.inverted,
            },
            "bone_age_months": _rounded(self.bone_age_months),
            "interval90_months": self.interval90_months and [_rounded(v) for v in self.interval90_months],
            "bones_age_months": _rounded(self.bones_age_months),
            "second_opinion": self.second_opinion
            and {"months": _rounded(self.second_opinion.months), "weight": self.second_opinion.weight},
            "standards": {key: card.to_dict() for key, card in self.standards.items()},
            "bones": {bone: graded and _bone_dict(graded) for bone, graded in self.bones.items()},
            "missing": list(self.missing),
            "inconsistencies": [one.to_dict() for one in self.inconsistencies],
            "checks": [{"name": c.name, "passed": c.passed, "message": c.message} for c in self.checks],
            "weights": self.weights,
            "seconds": round(self.seconds, 3),
            "notice": "Research use only; not a medical device.",
        }


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _bone_dict(bone: BoneAssessment) -> dict[str, Any]:
    return {
        "box": [round(v, 1) for v in bone.box],
        "axis_degrees": round(bone.axis_degrees, 1),
        "grade": bone.grade,
        "label": bone.label,
        "tw3_stage": bone.tw3_stage,
        "probabilities": [round(p, 5) for p in bone.probabilities],
        "confidence": round(bone.confidence, 4),
        "influence_months": [_rounded(v) for v in bone.influence_months],
    }


class Assessor:
    """The whole way from a radiograph to an assessment, with the networks held in memory. Stateless between films."""

    def __init__(
        self,
        localizer: Localizer,
        grader: Grader,
        spread: float,
        weights: dict[str, str],
        whole_hand: WholeHandReader | None,
    ):
        """spread: widening of the score distribution that makes the 90 % interval hold, measured on `val`.

        whole_hand: gives a second opinion on the age; where it is None the age is the 13 bones' alone.
        """
        self.localizer = localizer
        self.grader = grader
        self.spread = spread
        self.weights = weights
        self.whole_hand = whole_hand

    @classmethod
    def from_registry(cls) -> "Assessor":
        """With the shipped weights. Raises models.registry.WeightsError where they are missing or damaged."""
        localizer, localizer_hash = load_localizer()
        grader, file = load_grader()
        spread = float(file.metadata.get("interval_spread", "1"))
        hashes = {"localizer": localizer_hash, "grader": file.sha256}
        second = load_whole_hand()
        if second is None:
            return cls(Localizer(localizer), Grader(grader), spread, hashes, None)
        network, whole_hand = second
        reader = WholeHandReader(network, float(whole_hand.metadata["weight"]))
        return cls(Localizer(localizer), Grader(grader), spread, hashes | {"whole_hand": whole_hand.sha256}, reader)

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
        """Assesses one film. progress is called before each step, with a share done (0..1) and what is being done.

        Raises core.errors.FilmRefused where the film shows no hand.
        """
        started = time.monotonic()
        report = progress or (lambda share, text: None)
        report(0.1, "Finding the hand")
        localization = self.localizer.locate(radiograph, lambda: report(0.35, "Finding the 13 bones"))
        report(0.6, "Cutting the regions")
        crops = cut_all(radiograph, localization)
        report(0.7, "Grading the bones")
        probabilities = self.grader.grade(crops)
        report(0.85, "Looking at the whole hand")
        second = self._second_opinion(radiograph, localization, sex)
        report(0.95, "Adding the scores")
        return self.score(radiograph, sex, localization, probabilities, started, second)

    def for_sex(self, radiograph: Radiograph, assessment: Assessment, sex: Sex) -> Assessment:
        """What `assess` says of the same film for that sex, without localising and grading it again: neither knows the sex.

        The whole hand's opinion is asked anew, because it does. assessment: of this film by these weights; raises
        BoneGradeError for any other.
        """
        started = time.monotonic()
        if assessment.film_sha256 != radiograph.sha256 or assessment.weights != self.weights:
            raise BoneGradeError("The assessment is of another film or by other weights: assess the film again.")
        second = self._second_opinion(radiograph, assessment.localization, sex)
        return self.score(radiograph, sex, assessment.localization, assessment.probabilities, started, second)

    def _second_opinion(self, radiograph: Radiograph, localization: Localization, sex: Sex) -> SecondOpinion | None:
        if self.whole_hand is None:
            return None
        return self.whole_hand.opinion(hand_window(radiograph, localization), sex)

    def score(
        self,
        film: FilmFacts,
        sex: Sex,
        localization: Localization,
        probabilities: GradeProbabilities,
        started: float,
        second: SecondOpinion | None,
    ) -> Assessment:
        """Turns grade probabilities and the second opinion into totals, ages and checks.

        second: for the same sex; None only where no network looked at the whole hand.
        """
        cards = {key: score_card(key, sex, probabilities, spread=self.spread) for key in STANDARDS}
        age = bone_age(self.grader, sex, probabilities, self.spread, second)
        share = 1.0 if second is None else 1.0 - second.weight
        bones: dict[str, BoneAssessment | None] = {}
        grades = {bone: int(given.argmax()) for bone, given in probabilities.items()}
        for region in localization.regions:
            given = probabilities.get(region.bone)
            if given is None:
                bones[region.bone] = None
                continue
            grade = grades[region.bone]
            bones[region.bone] = BoneAssessment(
                bone=region.bone,
                box=region.box,
                axis_degrees=region.axis_degrees,
                grade=grade,
                label=grade_label(region.bone, grade),
                tw3_stage=tw3_stage(region.bone, grade),
                probabilities=tuple(float(p) for p in given),
                confidence=region.confidence,
                influence_months=self._influence(sex, region.bone, grade, cards["rus_chn"].expected_total, share),
            )
        return Assessment(
            sex=sex,
            width=film.width,
            height=film.height,
            film_sha256=film.sha256,
            laterality="R" if localization.mirrored else "L",
            rotation_degrees=localization.rotation_degrees,
            inverted=localization.inverted,
            bones=bones,
            standards=cards,
            bone_age_months=None if age is None else age.months,
            interval90_months=None if age is None else age.interval90,
            checks=(*_checks(film, localization), _consistency(grades), *_agreement(age, second)),
            weights=self.weights,
            seconds=time.monotonic() - started,
            localization=localization,
            second_opinion=second,
        )

    def regrade(
        self, radiograph: Radiograph, localization: Localization, bone: str, box: Box
    ) -> tuple[Region, NDArray[np.float64]]:
        """Cuts and grades one bone anew where a person moved, resized or drew its box; the film is not localised again.

        box: xmin, ymin, xmax, ymax in pixels of the film. Returns the region that was cut (see core.hand.crops.moved_region)
        and the probabilities of grades 0..n. The predicted box gives the predicted probabilities.
        Raises core.errors.BoxRefused for a box that is empty or not inside the film, ValueError for an unknown bone.
        """
        region = next((region for region in localization.regions if region.bone == bone), None)
        if region is None:
            raise ValueError(f"{bone!r} is none of the 13 RUS bones.")
        moved = moved_region(radiograph, region, box)
        return moved, self.grader.grade({bone: cut(radiograph, localization, moved)})[bone]

    def explain(self, radiograph: Radiograph, assessment: Assessment, stage: int = 3) -> Explanation:
        """Grad-CAM and Shuffle-Attention maps of all graded bones; the film is not localised again."""
        crops = cut_all(radiograph, assessment.localization)
        grades = {bone: graded.grade for bone, graded in assessment.bones.items() if graded is not None}
        return explain(self.grader.network, {bone: crops[bone] for bone in grades}, grades, stage)

    def _influence(
        self, sex: Sex, bone: str, grade: int, expected_total: float | None, share: float
    ) -> tuple[float, float]:
        """Months by which the bone age would move were the bone one grade lower, and one grade higher; share: what the 13
        bones have of it."""
        if expected_total is None:
            return 0.0, 0.0
        scores = standard("rus_chn").scores_of_grades(sex, bone)
        here, *moved = months_of_totals(
            self.grader,
            sex,
            [expected_total]
            + [expected_total + scores[min(max(grade + step, 0), len(scores) - 1)] - scores[grade] for step in (-1, 1)],
        )
        return share * (moved[0] - here), share * (moved[1] - here)


def _checks(film: FilmFacts, localization: Localization) -> tuple[Check, ...]:
    found = [r for r in localization.regions if r.status == "found"]
    lost = [f"{BONE_TITLES[r.bone]} ({'outside the film' if r.status == 'outside' else 'not recognised'})"
            for r in localization.regions if r.status != "found"]  # fmt: skip
    pixels_per_crop = [CROP_SIDE / math.sqrt(abs(np.linalg.det(crop_affine(r, False)[:, :2]))) for r in found]
    sharp = min(pixels_per_crop, default=0.0) >= CROP_SIDE / 3
    said = film.laterality
    shown = "R" if localization.mirrored else "L"
    turned = abs(localization.rotation_degrees) > 45
    return (
        Check(
            "all_bones",
            not lost,
            "All 13 bones were found."
            if not lost
            else f"{len(found)} of 13 bones were found, so no total is given. Missing: {', '.join(lost)}.",
        ),
        Check(
            "left_hand",
            shown == "L",
            "A left hand, as the standards ask."
            if shown == "L"
            else "The film shows a right hand or a mirrored left one; it was read as its mirror image.",
        ),
        Check(
            "laterality",
            said is None or said == shown,
            "The film's side marker in the file agrees with the picture, or there is none."
            if said is None or said == shown
            else f"The file says {said}, the picture looks like {shown}: check that the film is not mirrored.",
        ),
        Check(
            "upright",
            True,
            f"The hand is turned by {localization.rotation_degrees:.0f} degrees; it was read upright."
            if turned
            else "The hand is upright.",
        ),
        Check(
            "greys",
            True,
            "The film's greys are inverted; it was read with bone bright."
            if localization.inverted
            else "Bone is bright, as it should be.",
        ),
        Check(
            "resolution",
            sharp,
            "The film is sharp enough to grade."
            if sharp
            else "The hand is small on this film: its bones have too few pixels to grade finely.",
        ),
    )


def _agreement(age: BoneAge | None, second: SecondOpinion | None) -> tuple[Check, ...]:
    """Whether the 13 bones and the whole hand say about the same; nothing where there are no two opinions."""
    if age is None or second is None:
        return ()
    bones = without(age.months, second)
    apart = abs(bones - second.months)
    return (
        Check(
            "two_opinions",
            apart <= _FAR_OPINIONS,
            f"The 13 bones and the whole hand say about the same age ({bones / 12:.1f} and {second.months / 12:.1f} years)."
            if apart <= _FAR_OPINIONS
            else f"The 13 bones say {bones / 12:.1f} years, the whole hand {second.months / 12:.1f}: look at the film and "
            "at every grade.",
        ),
    )


def _consistency(grades: Mapping[str, int]) -> Check:
    found = inconsistencies(grades)
    return Check(
        "consistent_bones",
        not found,
        f"No bone is {FAR_APART} grades or more from its neighbours."
        if not found
        else f"{' '.join(one.sentence for one in found)} Look at {'its crop' if len(found) == 1 else 'their crops'}, "
        "and correct in the Annotate tab what is wrong.",
    )
