"""What a person's grades add up to."""

import numpy as np
import pytest

from core.assessment.age.person import around_grades, filled_up, model_scores, person_scores, score_cards
from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.standards import MATURE_TOTAL, STANDARDS, grade_count, standard
from tests.hands import Assess, Example


def _middle() -> dict[str, int]:
    return {bone: grade_count(bone) // 2 for bone in RUS_BONES}


@pytest.mark.parametrize("sex", ["M", "F"])
def test_the_total_is_the_sum_of_the_printed_scores(sex: str) -> None:
    grades = _middle() | {"Ulna": 0}
    cards = score_cards(sex, grades, None, 1.0)  # type: ignore[arg-type]
    assert set(cards) == set(STANDARDS)
    for key, card in cards.items():
        scores = [standard(key).score(sex, bone, grade) for bone, grade in grades.items()]  # type: ignore[arg-type]
        assert card.total == sum(scores)
        assert card.missing == ()


def test_without_a_bone_there_is_no_total() -> None:
    for lost in RUS_BONES:
        grades = {bone: grade for bone, grade in _middle().items() if bone != lost}
        for card in score_cards("F", grades, None, 1.0).values():
            assert card.total is None and card.interval90_years is None and card.missing == (lost,)
    assert all(card.missing == RUS_BONES for card in score_cards("F", {}, None, 1.0).values())


def test_the_last_grades_are_mature() -> None:
    for card in score_cards("M", {bone: grade_count(bone) for bone in RUS_BONES}, None, 1.0).values():
        assert card.total == MATURE_TOTAL and card.mature


@pytest.mark.parametrize("grade", [-1, 15])
def test_a_grade_that_the_bone_does_not_have_is_refused(grade: int) -> None:
    with pytest.raises(ValueError, match="Radius has the grades 0 to 14"):
        score_cards("M", _middle() | {"Radius": grade}, None, 1.0)


def test_the_model_spread_is_moved_onto_the_grade_that_was_said() -> None:
    model = {"MC3": np.array([0.0, 0.1, 0.6, 0.2, 0.1, 0, 0, 0, 0, 0, 0])}
    assert around_grades({"MC3": 2}, model)["MC3"] == pytest.approx(model["MC3"])
    assert around_grades({"MC3": 5}, model)["MC3"] == pytest.approx([0, 0, 0, 0, 0.1, 0.6, 0.2, 0.1, 0, 0, 0])
    assert around_grades({"MC3": 10}, model)["MC3"] == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0, 0, 0.1, 0.9])
    assert around_grades({"MC3": 0}, model)["MC3"] == pytest.approx([0.7, 0.2, 0.1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert around_grades({"MC3": 4}, None)["MC3"][4] == 1.0


def test_to_accept_every_grade_is_to_get_the_model_answer(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    whole = assessed(example)
    accepted = {bone: graded.grade for bone, graded in whole.bones.items() if graded is not None}
    person = person_scores(assessor, example.sex, accepted, whole.probabilities, whole.second_opinion)
    model = model_scores(assessor, example.sex, whole.probabilities, whole.second_opinion)
    assert person.cards == model.cards == whole.standards
    assert person.age is not None and model.age is not None
    assert person.age.months == pytest.approx(whole.bone_age_months)
    assert model.age.interval90 == pytest.approx(whole.interval90_months)


def test_a_grade_more_makes_older_under_every_standard_and_moves_the_interval(
    assessor: Assessor, example: Example, assessed: Assess
) -> None:
    whole = assessed(example)
    accepted = {bone: graded.grade for bone, graded in whole.bones.items() if graded is not None}
    before = person_scores(assessor, example.sex, accepted, whole.probabilities, whole.second_opinion)
    older = {bone: min(grade + 2, grade_count(bone)) for bone, grade in accepted.items()}
    after = person_scores(assessor, example.sex, older, whole.probabilities, whole.second_opinion)
    assert before.age is not None and after.age is not None
    assert after.age.months > before.age.months
    assert after.age.interval90[0] > before.age.interval90[0]
    for key in STANDARDS:
        low, high = before.cards[key].total, after.cards[key].total
        assert low is not None and high is not None and high > low


def test_no_age_with_a_bone_missing(assessor: Assessor, example: Example, assessed: Assess) -> None:
    whole = assessed(example)
    grades = {bone: graded.grade for bone, graded in whole.bones.items() if graded is not None and bone != "MP5"}
    assert person_scores(assessor, example.sex, grades, whole.probabilities, whole.second_opinion).age is None
    assert grades | {"MP5": filled_up(grades, whole.probabilities)["MP5"]} == filled_up(grades, whole.probabilities)
