"""What is read from a film, as frozen records: the assessment, its bones, ages, checks and maps. They do not import torch."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.assessment.consistency import Inconsistency, inconsistencies
from core.bones import Sex
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.film.stated import Note, Side
from core.hand.crops import Crop
from core.hand.hand import Hand
from core.hand.localization import Localization, Region
from core.standards import ScoreCard

#: Probabilities of the RUS-CHN grades 0..n by bone, each summing to 1; a bone that was not found is not in it.
GradeProbabilities = dict[str, NDArray[np.float64]]
#: Called with the share done (0..1) and what is being done.
Progress = Callable[[float, str], None]
#: CROP_SIDE x CROP_SIDE in [0, 1].
Map = NDArray[np.float32]


#: The bone age in months from which a hand is at the end of the scale: 16 1/2 years for a boy, 15 for a girl. Chosen on the
#: even rows of not_for_reading (see core.evaluation.refusals), with half a year to spare: of the seven adults there whose bones
#: agree with one another, six are given 204 months or more as boys and 187 as girls.
END_OF_SCALE: Final[dict[Sex, float]] = {"M": 198.0, "F": 180.0}


def is_mature(months: float | None, sex: Sex) -> bool:
    """Whether a bone age is at the end of the scale, so that no number is given; None is not an age."""
    return months is not None and months >= END_OF_SCALE[sex]


@dataclass(frozen=True)
class BoneAge:
    """months: of the mean RUS-CHN total, calibrated. Two 90 % intervals in months, neither ever without `months`:
    consensus90 for what six readers would agree on, interval90 for what one of them would read, which is wider."""

    months: float
    interval90: tuple[float, float]
    consensus90: tuple[float, float]


@dataclass(frozen=True)
class IntervalSetting:
    """What makes the 90 % intervals hold, set on hands not trained on for one set of networks.

    scatter_months: standard deviation of a single reading about the bone age beyond what the grade distributions say: errors
    that the 13 bones share, and the readers' own. A standard's table age is assumed to scatter as what six readers would agree
    on does about the bone age, see core.assessment.age.bone_age.consensus_scatter.
    """

    scatter_months: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scatter_months) and self.scatter_months >= 0.0):
            raise ValueError(f"The scatter must be 0 months or more, not {self.scatter_months}.")


@dataclass(frozen=True)
class SecondOpinion:
    """What the network that looks at the whole hand says: months, on the radiologists' scale; weight: its share, 0..1, in
    the bone age, the rest being the 13 bones'."""

    months: float
    weight: float

    def heard(self, bones: BoneAge) -> BoneAge:
        """The 13 bones' age moved towards this opinion by its weight; the intervals move along and keep their widths,
        except that they do not reach below 0."""
        shift = self.weight * (self.months - bones.months)
        interval, consensus = (
            (max(0.0, low + shift), max(0.0, high + shift)) for low, high in (bones.interval90, bones.consensus90)
        )
        return BoneAge(max(0.0, bones.months + shift), interval, consensus)

    def taken_from(self, months: float) -> float:
        """The 13 bones' own age in months, given the bone age that includes this opinion."""
        return (months - self.weight * self.months) / (1 - self.weight)


class FilmFacts(Protocol):
    """What scoring needs to know of a film apart from its grades: no pixels. Radiographs provide it, and so do films of the
    ledger.

    width, height: in pixels. sha256: core.film.radiograph.film_hash. laterality: the side that the file states. stated_sex: the
    child's, by the file; age_months: when the film was taken; None where the file does not say. notes: what a reader should
    know about the file. The ledger keeps neither stated_sex nor notes, and its films have None and () there.
    """

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def laterality(self) -> Literal["L", "R"] | None: ...
    @property
    def stated_sex(self) -> Sex | None: ...
    @property
    def age_months(self) -> float | None: ...
    @property
    def notes(self) -> tuple[Note, ...]: ...


@dataclass(frozen=True)
class BoneAssessment:
    """One graded bone.

    box: in pixels of the input. axis_degrees: its distal direction, clockwise from up.
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
    Greulich-Pyle scale, None unless all 13 bones are graded, as are all totals. interval90_months, consensus90_months: of
    the bone age, see BoneAge; for an earlier prediction by other weights the second was not kept, and is None. second_opinion:
    on the whole hand, which is part of bone_age_months; None where there is no such network. weights: SHA-256 (hex) by network.
    age_at_film_months: the child's age when the film was taken, None where nothing states it.
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
    consensus90_months: tuple[float, float] | None
    checks: tuple[Check, ...]
    weights: dict[str, str]
    seconds: float
    localization: Localization
    second_opinion: SecondOpinion | None
    age_at_film_months: float | None = None

    @cached_property
    def bones_age_months(self) -> float | None:
        """The bone age of the 13 bones alone, without the second opinion."""
        second = self.second_opinion
        if self.bone_age_months is None or second is None:
            return self.bone_age_months
        return second.taken_from(self.bone_age_months)

    @cached_property
    def mature(self) -> bool:
        """Whether the hand is at the end of the scale, so that its bone age says no more than that, see END_OF_SCALE."""
        return is_mature(self.bone_age_months, self.sex)

    def table_age(self, card: ScoreCard) -> str:
        """A standard's age in words; for a mature hand without a number that looks like a child's age."""
        return "mature or nearly so" if self.mature and not card.mature else card.age_text

    def table_interval(self, card: ScoreCard) -> tuple[float, float] | None:
        """A standard's 90 % interval in years; a mature hand has none."""
        return None if self.mature else card.interval90_years

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
        """Probabilities of grades 0..n by bone, each summing to 1; only bones that were found."""
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
                "age_months": self.age_at_film_months,
            },
            "bone_age_months": _rounded(self.bone_age_months),
            "mature": self.mature,
            "interval90_months": self.interval90_months and [_rounded(v) for v in self.interval90_months],
            "consensus90_months": self.consensus90_months and [_rounded(v) for v in self.consensus90_months],
            "bones_age_months": _rounded(self.bones_age_months),
            "second_opinion": self.second_opinion
            and {"months": _rounded(self.second_opinion.months), "weight": self.second_opinion.weight},
            "standards": {key: card.to_dict() for key, card in self.standards.items()},
            "bones": {bone: graded and _bone_dict(graded) for bone, graded in self.bones.items()},
            "other_hands": [
                {"laterality": "R" if hand.mirrored else "L", "box": [round(v, 1) for v in hand.box]}
                for hand in self.localization.other_hands
            ],
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


@dataclass(frozen=True)
class BoneMaps:
    """One bone's pictures, each CROP_SIDE x CROP_SIDE float32 in [0, 1].

    crop: what the network saw, upright. grad_cam: share of this crop's strongest attribution. The others are gates on their
    absolute scale, never stretched: how much of what is active at a place passes them. sa_spatial: Shuffle Attention's
    spatial gates. sa_channel: its channel gates, of the channels of MapGuide.channels. residual: the gates of the attention
    residual (paper, Fig. 3).
    """

    bone: str
    crop: Map
    grad_cam: Map
    sa_spatial: Map
    sa_channel: Map
    residual: Map


#: The kinds of BoneMaps that show gates.
GATE_MAPS: Final = ("sa_spatial", "sa_channel", "residual")


@dataclass(frozen=True)
class StageGuide:
    """How a stage's gates are shown.

    channels: numbers of the channels whose channel gates differ most between grades, among Shuffle Attention's channel
    half; None: all. scales: by GATE_MAPS, the lowest and the highest value that the colour bar spans (0..1). spread: the
    standard deviation of the spatial map over a crop, the median over hands; None where it was not measured.
    """

    channels: tuple[int, ...] | None = None
    scales: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict.fromkeys(GATE_MAPS, (0.0, 1.0)))
    spread: float | None = None


@dataclass(frozen=True)
class Explanation:
    """Maps of all bones that were graded, in RUS_BONES order: gates of `stage` (1..4) of the network, Grad-CAM of
    `cam_stage`. guide: how that stage's gates are shown."""

    stage: int
    cam_stage: int
    maps: dict[str, BoneMaps]
    guide: StageGuide


@dataclass(frozen=True)
class RegradedBone:
    """One bone cut and graded again where a person put its box. region: where it was cut. probabilities: of grades 0..n."""

    region: Region
    crop: Crop
    probabilities: NDArray[np.float64]


class AgeScale(Protocol):
    """Converts RUS-CHN ages into the radiologists': core.assessment.grading.grader.Grader."""

    def radiologists_age(self, rus_chn_years: NDArray[np.float64], sex: Sex) -> NDArray[np.float64]: ...


class FilmAssessor(Protocol):
    """The part of core.assessment.assessor.Assessor, which has the docstrings, that the ledger, the intake, a person's reading
    and the page use; importing it does not load torch."""

    @property
    def grader(self) -> AgeScale: ...
    @property
    def intervals(self) -> IntervalSetting: ...
    @property
    def weights(self) -> dict[str, str]: ...

    def by(self, weights: Mapping[str, str]) -> Self: ...
    def find_hand(self, radiograph: Radiograph, progress: Progress | None = None, wanted: Side = "L") -> Hand: ...
    def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment: ...
    def assess_hand(self, hand: Hand, sex: Sex, progress: Progress | None = None) -> Assessment: ...
    def for_sex(self, hand: Hand, assessment: Assessment, sex: Sex) -> Assessment: ...
    def regrade(self, hand: Hand, bone: str, box: Box) -> RegradedBone: ...
    def explain(self, hand: Hand, assessment: Assessment, stage: int) -> Explanation: ...

    def score(
        self,
        film: FilmFacts,
        sex: Sex,
        localization: Localization,
        probabilities: GradeProbabilities,
        started: float,
        second: SecondOpinion | None,
    ) -> Assessment: ...
