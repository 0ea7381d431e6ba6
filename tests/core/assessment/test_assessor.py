"""The whole pipeline on the shipped example hands: every film, every way round."""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.age.bone_age import bone_age
from core.assessment.age.person import around_grades, model_scores, person_scores, score_cards
from core.assessment.assessor import Assessor
from core.assessment.records import END_OF_SCALE, Assessment, SecondOpinion
from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError, FilmRefused
from core.film.box import Box
from core.film.radiograph import Radiograph, read_radiograph
from core.hand.hand import Hand
from core.ledger import PredictionRecord
from core.standards import STANDARDS, grade_count, grade_label, scattered, score_card, standard, tw3_stage
from core.training.programs.intervals import calibrate_intervals
from models.registry import load_whole_hands
from tests.hands import Assess, Example, assert_same, shipped_examples
from tests.no_hands import black

MakeFilm = Callable[[NDArray[np.float32]], Radiograph]

EXAMPLES = shipped_examples()
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path.stem)


def _check(assessment: Assessment, name: str) -> bool:
    (check,) = (check for check in assessment.checks if check.name == name)
    assert check.message.endswith(".")
    return check.passed


def test_examples_are_shipped() -> None:
    assert len(EXAMPLES) >= 2
    assert {example.sex for example in EXAMPLES} == {"M", "F"}
    assert all(example.path.is_file() for example in EXAMPLES)


@each_example
def test_all_bones_are_found(example: Example, assessed: Assess) -> None:
    assessment = assessed(example)
    assert list(assessment.bones) == list(RUS_BONES)
    assert assessment.missing == () and _check(assessment, "all_bones")
    assert assessment.laterality == "L" and _check(assessment, "left_hand")
    for bone, graded in assessment.bones.items():
        assert graded is not None
        assert graded.bone == bone
        assert len(graded.probabilities) == grade_count(bone) + 1
        assert graded.grade == int(np.argmax(graded.probabilities))
        assert graded.label == grade_label(bone, graded.grade)
        assert graded.tw3_stage == tw3_stage(bone, graded.grade)


@each_example
def test_the_age_is_near_the_stated_one(example: Example, assessed: Assess) -> None:
    assessment = assessed(example)
    assert assessment.bone_age_months is not None and assessment.interval90_months is not None
    assert abs(assessment.bone_age_months - 12 * example.age_years) <= 24
    low, high = assessment.interval90_months
    assert low <= assessment.bone_age_months <= high


@each_example
def test_the_scores_of_the_grades_add_up(example: Example, assessed: Assess) -> None:
    assessment = assessed(example)
    assert tuple(assessment.standards) == STANDARDS
    for key, card in assessment.standards.items():
        scores = {
            bone: standard(key).score(example.sex, bone, graded.grade)
            for bone, graded in assessment.bones.items()
            if graded is not None
        }
        assert card.scores == scores and card.total == sum(scores.values())


@each_example
def test_a_grade_more_makes_older(example: Example, assessed: Assess) -> None:
    for bone, graded in assessed(example).bones.items():
        assert graded is not None
        lower, higher = graded.influence_months
        assert lower <= 0 <= higher
        assert graded.grade > 0 or lower == 0
        assert graded.grade < grade_count(bone) or higher == 0


def test_the_same_film_has_the_same_answer_and_progress_is_told(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    told: list[float] = []
    film = read_radiograph(example.path)
    assessment = assessor.assess(film, example.sex, lambda share, text: told.append(share))
    assert {**assessment.to_dict(), "seconds": 0} == {**assessed(example).to_dict(), "seconds": 0}
    assert told == sorted(told) and told[0] > 0 and told[-1] <= 1
    assert set(assessment.weights) == {"localizer", "grader", *load_whole_hands()}
    assert all(len(sha256) == 64 for sha256 in assessment.weights.values())
    assert assessment.film_sha256 == film.sha256
    assert (assessment.width, assessment.height) == (film.width, film.height)
    assert assessment.seconds > 0


def test_without_a_bone_there_is_no_age(assessor: Assessor, example: Example, assessed: Assess) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    for lost in ("Radius", "DP5"):
        regions = tuple(
            replace(region, status="missing") if region.bone == lost else region
            for region in whole.localization.regions
        )
        given = {bone: values for bone, values in whole.probabilities.items() if bone != lost}
        partial = assessor.score(film, example.sex, replace(whole.localization, regions=regions), given, 0.0, None)
        assert partial.missing == (lost,) and partial.bones[lost] is None
        assert partial.bone_age_months is None and partial.interval90_months is None
        assert all(card.total is None and card.interval90_years is None for card in partial.standards.values())
        assert all(bone is None or bone.influence_months == (0.0, 0.0) for bone in partial.bones.values())
        assert not _check(partial, "all_bones")
        document = json.loads(json.dumps(partial.to_dict()))
        assert document["bone_age_months"] is None and document["bones"][lost] is None


def test_a_film_that_names_the_other_hand(assessor: Assessor, example: Example, assessed: Assess) -> None:
    whole = assessed(example)
    for side, agrees in (("L", True), ("R", False), (None, True)):
        film = replace(read_radiograph(example.path), laterality=side)
        scored = assessor.score(film, example.sex, whole.localization, whole.probabilities, 0.0, None)
        assert _check(scored, "laterality") is agrees


def test_a_tiny_hand_is_called_so(assessor: Assessor, example: Example, assessed: Assess) -> None:
    whole = assessed(example)
    assert _check(whole, "resolution")
    tiny = tuple(replace(region, size=region.size / 8) for region in whole.localization.regions)
    film = read_radiograph(example.path)
    located = replace(whole.localization, regions=tiny)
    scored = assessor.score(film, example.sex, located, whole.probabilities, 0.0, None)
    assert not _check(scored, "resolution")


@pytest.mark.parametrize("sex", ["M", "F"])
def test_a_refusal_is_one_sentence(assessor: Assessor, make_film: MakeFilm, sex: Sex) -> None:
    with pytest.raises(FilmRefused) as refused:
        assessor.assess(make_film(black()), sex)
    message = str(refused.value)
    assert message.endswith(".") and message.count(". ") == 0 and "\n" not in message


# --- The same film, another way round -------------------------------------------------------------------------------


def _quarter(box: Box, width: float) -> Box:
    """Where a box lies once its film, `width` pixels wide, is turned anticlockwise by a quarter (np.rot90)."""
    return Box(box.ymin, width - box.xmax, box.ymax, width - box.xmin)


def _mirror(box: Box, width: float) -> Box:
    return Box(width - box.xmax, box.ymin, width - box.xmin, box.ymax)


def _around(degrees: float) -> float:
    """The same angle in -180..180."""
    return (degrees + 180) % 360 - 180


#: Mirrored, quarter turns anticlockwise, inverted.
_WAYS = [(False, 1, False), (False, 2, False), (False, 3, False), (True, 0, False), (True, 3, False),
         (False, 0, True), (False, 2, True), (True, 1, True)]  # fmt: skip


@pytest.mark.parametrize(("mirrored", "turns", "inverted"), _WAYS)
@pytest.mark.parametrize("example", EXAMPLES[1:-1:5], ids=lambda example: example.path.stem)
def test_any_way_round(
    assessor: Assessor,
    assessed: Assess,
    make_film: MakeFilm,
    example: Example,
    mirrored: bool,
    turns: int,
    inverted: bool,
) -> None:
    plain, pixels = assessed(example), read_radiograph(example.path).pixels
    shown = np.rot90(pixels[:, ::-1] if mirrored else pixels, turns)
    found = assessor.assess(make_film(1 - shown if inverted else shown), example.sex)

    assert found.bone_age_months is not None and plain.bone_age_months is not None
    assert found.bone_age_months == pytest.approx(plain.bone_age_months, abs=3.0)
    assert found.inverted is inverted
    assert found.laterality == ("R" if mirrored else "L")
    assert _check(found, "left_hand") is not mirrored
    expected_rotation = (-1 if mirrored else 1) * plain.rotation_degrees - 90 * turns
    assert abs(_around(found.rotation_degrees - expected_rotation)) < 3
    for bone, graded in found.bones.items():
        before = plain.bones[bone]
        assert before is not None and graded is not None
        height, width = pixels.shape
        box = _mirror(before.box, width) if mirrored else before.box
        for _ in range(turns):
            box = _quarter(box, width)
            height, width = width, height
        assert graded.box.iou(box) >= 0.7, bone


def test_a_bone_out_of_line_fails_a_check_and_is_told_to_scripts(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    last = {bone: np.eye(grade_count(bone) + 1)[-1] for bone in RUS_BONES}
    mature = assessor.score(film, example.sex, whole.localization, last, 0.0, None)
    assert _check(mature, "consistent_bones") and mature.to_dict()["inconsistencies"] == []

    slip = last | {"MC3": np.eye(grade_count("MC3") + 1)[2]}
    flagged = assessor.score(film, example.sex, whole.localization, slip, 0.0, None)
    assert not _check(flagged, "consistent_bones")
    (found,) = json.loads(json.dumps(flagged.to_dict()))["inconsistencies"]
    assert found == {"bone": "MC3", "grade": 2, "expected_grade": 10, "grades_apart": -8}
    assert flagged.bones["MC3"] is not None and flagged.bones["MC3"].grade == 2, "the grade itself stands"


def test_an_age_at_the_end_of_the_scale_is_pointed_out(assessor: Assessor, example: Example, assessed: Assess) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    last = {bone: np.eye(grade_count(bone) + 1)[-1] for bone in RUS_BONES}
    for sex, end in END_OF_SCALE.items():
        mature = assessor.score(film, sex, whole.localization, last, 0.0, None)
        assert mature.bone_age_months is not None and not _check(mature, "end_of_scale")
        for months, short in ((end - 1, True), (end + 1, False)):
            second = SecondOpinion(mature.bone_age_months + (months - mature.bone_age_months) / 0.4, 0.4)
            assert _check(assessor.score(film, sex, whole.localization, last, 0.0, second), "end_of_scale") is short
    assert _check(whole, "end_of_scale"), "the example is a child of the middle ages"


def test_two_opinions_make_the_age_and_a_check(assessor: Assessor, example: Example, assessed: Assess) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    given = (film, example.sex, whole.localization, whole.probabilities, 0.0)
    alone = assessor.score(*given, None)
    assert alone.second_opinion is None and alone.bones_age_months == alone.bone_age_months
    assert alone.bone_age_months is not None and "two_opinions" not in {check.name for check in alone.checks}
    for months, agree in ((alone.bone_age_months + 20, True), (alone.bone_age_months + 30, False)):
        both = assessor.score(*given, SecondOpinion(months, 0.4))
        assert both.bone_age_months == pytest.approx(0.6 * alone.bone_age_months + 0.4 * months)
        assert both.bones_age_months == pytest.approx(alone.bone_age_months)
        assert _check(both, "two_opinions") is agree
        document = json.loads(json.dumps(both.to_dict()))
        assert document["second_opinion"] == {"months": pytest.approx(months, abs=0.01), "weight": 0.4}
        for bone, graded in both.bones.items():
            before = alone.bones[bone]
            assert graded is not None and before is not None
            assert graded.influence_months == pytest.approx([0.6 * value for value in before.influence_months])


def test_the_shipped_second_opinion_is_asked(assessor: Assessor, example: Example, assessed: Assess) -> None:
    whole = assessed(example)
    assert assessor.whole_hand is not None and whole.second_opinion is not None
    assert whole.second_opinion.weight == assessor.whole_hand.weight > 0
    assert abs(whole.second_opinion.months - 12 * example.age_years) < 24
    assert set(whole.weights) == {"localizer", "grader", *load_whole_hands()}


@pytest.mark.parametrize("example", EXAMPLES[1:-1:5], ids=lambda example: example.path.stem)
def test_for_the_other_sex_the_whole_hand_is_asked_anew(
    assessor: Assessor, example: Example, assessed: Assess, monkeypatch: pytest.MonkeyPatch
) -> None:
    film, of_one = read_radiograph(example.path), assessed(example)
    other: Sex = "F" if example.sex == "M" else "M"
    of_other = assessor.assess(film, other)
    monkeypatch.setattr(assessor.localizer, "locate", lambda *_: pytest.fail("the film was localised again"))
    monkeypatch.setattr(assessor.grader, "grade", lambda *_: pytest.fail("the film was graded again"))
    hand = Hand(film, of_one.localization)
    assert_same(assessor.for_sex(hand, of_one, other), of_other)
    assert_same(assessor.for_sex(hand, of_other, example.sex), of_one)
    assert of_one.second_opinion is not None and of_other.second_opinion is not None
    assert of_one.second_opinion.months != of_other.second_opinion.months


def test_another_film_and_other_weights_are_no_matter_of_sex(
    assessor: Assessor, example: Example, assessed: Assess, make_film: MakeFilm
) -> None:
    film, whole = read_radiograph(example.path), assessed(example)
    for shown, given in ((make_film(1 - film.pixels), whole), (film, replace(whole, weights={"grader": "00" * 32}))):
        with pytest.raises(BoneGradeError, match="assess the film again"):
            assessor.for_sex(Hand(shown, given.localization), given, "F")


@pytest.mark.parametrize(
    ("ask", "names"),
    [
        (Assessor.__init__, {"intervals", "whole_hand"}),
        (Assessor.score, {"second"}),
        (Assessment.__init__, {"second_opinion"}),
        (PredictionRecord.__init__, {"second_opinion"}),
        (bone_age, {"scatter", "second"}),
        (person_scores, {"model", "second"}),
        (model_scores, {"second"}),
        (score_cards, {"model", "scatter_years"}),
        (around_grades, {"model"}),
        (score_card, {"scatter_years"}),
        (scattered, {"scatter", "coverage"}),
        (calibrate_intervals, {"second"}),
    ],
)
def test_what_changes_the_age_is_always_said(ask: Callable[..., Any], names: set[str]) -> None:
    known = inspect.signature(ask).parameters
    assert {name for name in names if known[name].default is inspect.Parameter.empty} == names


# --- For scripts ----------------------------------------------------------------------------------------------------


def test_the_document_keeps_its_contract(example: Example, assessed: Assess) -> None:
    assessment = assessed(example)
    document = json.loads(json.dumps(assessment.to_dict(), allow_nan=False))
    assert document["bone_age_months"] == pytest.approx(assessment.bone_age_months, abs=0.01)
    assert len(document["interval90_months"]) == 2
    assert set(document["standards"]) == {"rus_chn", "tw3_rus", "tw3_c_rus"}
    for card in document["standards"].values():
        assert {"total", "age_years", "interval90_years"} <= card.keys()
    assert list(document["bones"]) == list(RUS_BONES)
    for bone in document["bones"].values():
        assert {"box", "grade", "label", "probabilities", "confidence"} <= bone.keys()
        assert len(bone["box"]) == 4 and sum(bone["probabilities"]) == pytest.approx(1.0, abs=1e-3)
    assert all({"name", "passed", "message"} == check.keys() for check in document["checks"])
    assert document["weights"] == assessment.weights
    assert "Research use only" in document["notice"]
