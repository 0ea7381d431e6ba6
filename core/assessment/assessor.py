"""From a radiograph to an assessment: localise, cut, grade, score. The one object that the app and scripts ask."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import torch

from core.assessment.age.bone_age import bone_age, months_of_totals, table_scatter_years
from core.assessment.age.second_opinion import WholeHandReader
from core.assessment.checks.file_checks import checks_of_file
from core.assessment.checks.film_and_age import check_of_grades, checks_of_ages, checks_of_film
from core.assessment.grading.explain import FINEST_CAM, explain
from core.assessment.grading.grader import Grader
from core.assessment.grading.map_guide import guide_for
from core.assessment.live_model import live_model
from core.assessment.records import (
    Assessment,
    BoneAssessment,
    Explanation,
    FilmFacts,
    GradeProbabilities,
    IntervalSetting,
    Progress,
    RegradedBone,
    SecondOpinion,
)
from core.bones import Sex
from core.errors import BoneGradeError, FilmRefused
from core.film.box import Box
from core.film.radiograph import Radiograph
from core.film.stated import Side
from core.hand.hand import Hand
from core.hand.localization import Localization
from core.hand.localizer import Localizer
from core.machine import give_back
from core.networks.rest import Rest
from core.standards import STANDARDS, grade_label, score_card, standard, tw3_stage
from models.registry import load_grader, load_intervals, load_localizer, load_whole_hands

#: Seconds without a film after which the memory that films take is given back.
_REST_SECONDS: Final = 2.0
#: What to do where no hand was found in a colour picture.
_PHOTOGRAPH: Final = (
    "It is in colour, as photographs are: fill the picture with the film, hold the camera straight above it with the flash "
    "off, or use the film's own file."
)
OTHER_WEIGHTS: Final = "The assessment is of another film or by other weights: assess the film again."


class Assessor:
    """The whole way from a radiograph to an assessment, with the networks held in memory. Stateless between films."""

    def __init__(
        self,
        localizer: Localizer,
        grader: Grader,
        intervals: IntervalSetting,
        weights: dict[str, str],
        whole_hand: WholeHandReader | None,
    ):
        """intervals: set for these networks on hands that they were not trained on.

        whole_hand: gives a second opinion on the age; where it is None the age comes from the 13 bones alone. `former`:
        assessors that this one replaced in the same process, for what they have assessed.
        """
        self.localizer = localizer
        self.grader = grader
        self.intervals = intervals
        self.weights = weights
        self.whole_hand = whole_hand
        self.former: tuple[Self, ...] = ()
        self._rest = Rest(_REST_SECONDS, self._give_back)

    @classmethod
    def from_registry(cls) -> Self:
        """With the live weights: those promoted on this machine, or the shipped ones. Raises as `from_folder`."""
        return cls.from_folder(live_model().folder)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """With the weights in a folder that models.registry wrote. Raises models.registry.WeightsError where they are missing,
        damaged, or not those that the intervals were set for."""
        localizer, localizer_hash = _localizer_of(folder)
        grader, grader_hash = _grader_of(folder)
        reader, reader_hashes = _whole_hand_of(folder)
        hashes = {"grader": grader_hash, **reader_hashes}
        intervals = IntervalSetting(load_intervals(hashes, folder))
        give_back()
        return cls(localizer, grader, intervals, {"localizer": localizer_hash, **hashes}, reader)

    def _give_back(self) -> None:
        """Returns to the system the memory that films took; getting it back costs the next film a seventh of its time."""
        self.grader.give_back()
        give_back()

    def by(self, weights: Mapping[str, str]) -> Self:
        """The assessor with these weights (SHA-256 by network), among this one and the earlier ones; this one where
        none has them."""
        return next((one for one in self.former if one.weights == dict(weights)), self)

    def find_hand(self, radiograph: Radiograph, progress: Progress | None = None, wanted: Side = "L") -> Hand:
        """Finds the hand on a film, for everything that follows.

        wanted: the one that is read where the film shows two, by the picture; see core.hand.several.chosen.
        Raises core.errors.FilmRefused where the film shows no hand.
        """
        started = time.monotonic()
        self._rest.put_off()
        _told(progress, 0.1, "Finding the hand")
        try:
            localization = self.localizer.locate(
                radiograph, lambda: _told(progress, 0.35, "Finding the 13 bones"), wanted
            )
        except FilmRefused as refusal:
            if any(note.name == "photograph" for note in radiograph.notes):
                raise FilmRefused(refusal.reason, f"{refusal} {_PHOTOGRAPH}") from refusal
            raise
        return Hand(radiograph, localization, time.monotonic() - started)

    def assess(self, radiograph: Radiograph, sex: Sex, progress: Progress | None = None) -> Assessment:
        """Assesses one film. progress is called before each step, with the share done (0..1) and what is being done.

        Raises core.errors.FilmRefused where the film shows no hand.
        """
        return self.assess_hand(self.find_hand(radiograph, progress), sex, progress)

    def assess_hand(self, hand: Hand, sex: Sex, progress: Progress | None = None) -> Assessment:
        """Assesses a hand that was found; its crops and window stay with it. progress: as in `assess`."""
        started = time.monotonic() - hand.seconds
        _told(progress, 0.6, "Grading the bones and looking at the whole hand")
        probabilities, second = self._looked_at(hand, sex)
        _told(progress, 0.95, "Adding the scores")
        self._rest.put_off()
        return self.score(hand.film, sex, hand.localization, probabilities, started, second)

    def for_sex(self, hand: Hand, assessment: Assessment, sex: Sex) -> Assessment:
        """What `assess` says of the same film for that sex, without localising and grading it again: neither depends on the
        sex.

        The whole hand's opinion does, and is asked for again. assessment: of this film by these weights; raises BoneGradeError
        for any other.
        """
        started = time.monotonic()
        if assessment.film_sha256 != hand.film.sha256 or assessment.weights != self.weights:
            raise BoneGradeError(OTHER_WEIGHTS)
        second = self._second_opinion(hand, sex)
        return self.score(hand.film, sex, hand.localization, assessment.probabilities, started, second)

    def _looked_at(self, hand: Hand, sex: Sex) -> tuple[GradeProbabilities, SecondOpinion | None]:
        """What the networks say of the bones and of the whole hand: run in turn where this process has one thread, else in
        parallel, with half of the threads each."""
        if torch.get_num_threads() == 1:
            second = self._second_opinion(hand, sex)
            return self.grader.grade(hand.crops), second
        with ThreadPoolExecutor(1) as beside:
            opinion = beside.submit(self._second_opinion, hand, sex)
            return self.grader.grade(hand.crops), opinion.result()

    def _second_opinion(self, hand: Hand, sex: Sex) -> SecondOpinion | None:
        return None if self.whole_hand is None else self.whole_hand.opinion(hand, sex)

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

        localization: of the film's hand. probabilities: of grades 0..n by bone, each summing to 1; a bone that is left out was
        not graded, and then there is no total and no age. started: time.monotonic() when the work on the film began. second:
        for the same sex; None only where no network looked at the whole hand.
        """
        scatter_years = table_scatter_years(self.intervals)
        cards = {key: score_card(key, sex, probabilities, scatter_years=scatter_years) for key in STANDARDS}
        age = bone_age(self.grader, sex, probabilities, self.intervals.scatter_months, second)
        share = 1.0 if second is None else 1.0 - second.weight
        grades = {bone: int(given.argmax()) for bone, given in probabilities.items()}
        influence = self._influence(sex, grades, cards["rus_chn"].expected_total, share)
        return Assessment(
            sex=sex,
            width=film.width,
            height=film.height,
            film_sha256=film.sha256,
            laterality="R" if localization.mirrored else "L",
            rotation_degrees=localization.rotation_degrees,
            inverted=localization.inverted,
            bones=_bones(localization, probabilities, influence),
            standards=cards,
            bone_age_months=None if age is None else age.months,
            interval90_months=None if age is None else age.interval90,
            consensus90_months=None if age is None else age.consensus90,
            checks=(
                *checks_of_film(film, localization),
                *checks_of_file(film, sex),
                check_of_grades(grades),
                *checks_of_ages(age, second, sex),
            ),
            weights=self.weights,
            seconds=time.monotonic() - started,
            localization=localization,
            second_opinion=second,
            age_at_film_months=film.age_months,
        )

    def regrade(self, hand: Hand, bone: str, box: Box) -> RegradedBone:
        """Cuts and grades one bone again where a person moved, resized or drew its box; the film is not localised again.

        box: on the film. The predicted box gives the predicted probabilities. Raises core.errors.BoxRefused for a box that is
        not inside the film, ValueError for an unknown bone.
        """
        region = hand.moved(bone, box)
        crop = hand.cut(region)
        return RegradedBone(region, crop, self.grader.grade({bone: crop})[bone])

    def explain(self, hand: Hand, assessment: Assessment, stage: int) -> Explanation:
        """Maps of all graded bones: gates of a stage (1..4) and Grad-CAM of the same one, but of none with fewer than 12 x 12
        places. hand: the one assessed. Raises BoneGradeError for an assessment by other weights, whose maps would be another
        model's."""
        if assessment.weights != self.weights:
            raise BoneGradeError(OTHER_WEIGHTS)
        grades = {bone: graded.grade for bone, graded in assessment.bones.items() if graded is not None}
        crops = {bone: crop for bone, crop in hand.crops.items() if bone in grades}
        guide = guide_for(self.weights["grader"]).of_stage(stage)
        explanation = explain(self.grader.network, crops, grades, stage, min(stage, FINEST_CAM), guide)
        self._rest.put_off()
        return explanation

    def _influence(
        self, sex: Sex, grades: Mapping[str, int], expected_total: float | None, share: float
    ) -> dict[str, tuple[float, float]]:
        """Months by which the bone age would move if each bone were one grade lower, and one grade higher; share: the 13 bones'
        share in it."""
        if expected_total is None:
            return dict.fromkeys(grades, (0.0, 0.0))
        moved = [expected_total]
        for bone, grade in grades.items():
            scores = standard("rus_chn").scores_of_grades(sex, bone)
            moved += [
                expected_total + scores[min(max(grade + step, 0), len(scores) - 1)] - scores[grade] for step in (-1, 1)
            ]
        here, *months = months_of_totals(self.grader, sex, moved)
        pairs = zip(months[::2], months[1::2], strict=True)
        return {
            bone: (share * (low - here), share * (high - here)) for bone, (low, high) in zip(grades, pairs, strict=True)
        }


def _bones(
    localization: Localization, probabilities: GradeProbabilities, influence: Mapping[str, tuple[float, float]]
) -> dict[str, BoneAssessment | None]:
    """Every bone with its most probable grade; None where it was not graded. influence: months, see BoneAssessment."""
    bones: dict[str, BoneAssessment | None] = {}
    for region in localization.regions:
        given = probabilities.get(region.bone)
        if given is None:
            bones[region.bone] = None
            continue
        grade = int(given.argmax())
        bones[region.bone] = BoneAssessment(
            bone=region.bone,
            box=region.box,
            axis_degrees=region.axis_degrees,
            grade=grade,
            label=grade_label(region.bone, grade),
            tw3_stage=tw3_stage(region.bone, grade),
            probabilities=tuple(float(p) for p in given),
            confidence=region.confidence,
            influence_months=influence[region.bone],
        )
    return bones


# The networks are made ready here, one after the other, so that the first film need not wait a second or so for them. PyTorch's
# copy of one goes before the next is loaded; the grader's stays, because maps are made with it.


def _localizer_of(folder: Path) -> tuple[Localizer, str]:
    network, sha256 = load_localizer(folder=folder)
    localizer = Localizer(network)
    localizer.eyes.make_ready()
    return localizer, sha256


def _grader_of(folder: Path) -> tuple[Grader, str]:
    network, file = load_grader(folder=folder)
    # It is not trained here, and maps, which need only the crops' gradients, take half as long.
    network.requires_grad_(False)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch, for maps, is a fifth faster with it
    grader = Grader(network)
    grader.start()
    return grader, file.sha256


def _whole_hand_of(folder: Path) -> tuple[WholeHandReader | None, dict[str, str]]:
    shipped = load_whole_hands(folder)
    if not shipped:
        return None, {}
    reader = WholeHandReader([(network, float(file.metadata["weight"])) for network, file in shipped.values()])
    reader.make_ready()
    return reader, {name: file.sha256 for name, (_, file) in shipped.items()}


def _told(progress: Progress | None, share: float, text: str) -> None:
    if progress is not None:
        progress(share, text)
