"""What two models' answers come to: a candidate better on age and worse on one bone is refused, as is one of chance alone."""

from dataclasses import replace

import numpy as np
import pytest

from core.agreement.measures import kappa_of_two
from core.bones import RUS_BONES
from core.evaluation.figures import plain
from core.learning.gate.comparison import differences_on_gold, differences_on_val, differences_under_stress
from core.learning.gate.judging import Answers, Judged, Stressed
from core.learning.gate.report import (
    Difference,
    Films,
    GateReport,
    Sides,
    as_markdown,
    as_text,
    judged,
)

SIDES = Sides("run", {"grader": "b" * 64}, ("grader",), {"grader": "a" * 64}, "shipped", False, None, None)
ULNA = RUS_BONES.index("Ulna")


def answers(gold: np.ndarray, months: np.ndarray, bone_noise: float, age_noise: float, seed: int) -> Answers:  # type: ignore[type-arg]
    """Grades and ages that scatter so much about the gold ones, with intervals of two years."""
    chance = np.random.default_rng(seed)
    grades = np.clip(np.round(gold + chance.normal(0, bone_noise, gold.shape)), 0, 12).astype(np.int8)
    said = months + chance.normal(0, age_noise, len(months))
    return Answers(grades, said, said, np.stack([said - 12, said + 12], axis=1))


@pytest.fixture
def films() -> Judged:
    """Forty gold films on which the candidate's ages are nearer than the live model's, and its grades are as good."""
    chance = np.random.default_rng(0)
    gold = chance.integers(2, 10, (40, len(RUS_BONES))).astype(np.int8)
    months = np.linspace(40, 180, 40)
    live, candidate = answers(gold, months, 0.7, 9.0, 5), answers(gold, months, 0.7, 3.0, 6)
    return Judged(gold, months, months, live, candidate)


def verdict(films: Judged, *more: Difference) -> GateReport:
    differences = (*differences_on_gold(films), *more)
    return judged("question", SIDES, Films(len(films.gold), 30, 0, 0, 9, 0), differences)


def by_key(report: GateReport) -> dict[str, Difference]:
    return {one.key: one for one in report.differences}


def test_better_ages_and_nothing_worse_is_promoted(films: Judged) -> None:
    report = verdict(films)
    assert report.promotes and by_key(report)["gold_age"].verdict == "better"
    assert not report.of("worse") and report.reasons[0].startswith("Better than the live model: Bone age")
    age = by_key(report)["gold_age"]
    errors = [float(np.abs(side.months - films.months).mean()) for side in (films.live, films.candidate)]
    assert (age.live, age.candidate) == (pytest.approx(errors[0], abs=1e-4), pytest.approx(errors[1], abs=1e-4))
    assert age.interval is not None and age.difference is not None
    assert age.interval[0] < age.difference < age.interval[1] < 0


def test_better_on_age_and_worse_on_one_bone_is_refused(films: Judged) -> None:
    grades = films.candidate.grades.copy()
    grades[:, ULNA] = np.random.default_rng(3).permutation(grades[:, ULNA])
    report = verdict(replace(films, candidate=replace(films.candidate, grades=grades)))
    assert by_key(report)["gold_age"].verdict == "better" and not report.promotes
    assert [one.key for one in report.of("worse") if one.group == "bones"] == ["gold_kappa_Ulna"]
    assert any(reason.startswith("Worse than the live model: Kappa, Ulna") for reason in report.reasons)


def test_a_model_is_not_better_than_itself(films: Judged) -> None:
    report = verdict(replace(films, candidate=films.live))
    assert not report.promotes and not report.of("worse", "better")
    assert report.reasons == ("Nothing is better than the live model by more than chance could explain.",)


def test_models_that_are_alike_are_seldom_told_apart(films: Judged) -> None:
    worse = 0
    for seed in range(5):
        pair = [answers(films.gold, films.months, 0.7, 6.0, 100 + 2 * seed + side) for side in (0, 1)]
        found = differences_on_gold(replace(films, live=pair[0], candidate=pair[1]))
        worse += any(one.group == "bones" and one.verdict == "worse" for one in found)
    assert worse <= 1


def test_kappa_is_the_agreement_tab_s(films: Judged) -> None:
    found = {one.key: one for one in differences_on_gold(films)}
    for position, bone in enumerate(RUS_BONES):
        kappa = kappa_of_two(films.gold[:, position], films.candidate.grades[:, position]).value
        assert kappa is not None and found[f"gold_kappa_{bone}"].candidate == pytest.approx(kappa, abs=1e-4)


def test_bones_lost_and_ages_lost_are_worse(films: Judged) -> None:
    grades, months = films.candidate.grades.copy(), films.candidate.months.copy()
    grades[:12, 3] = -1
    months[:12] = np.nan
    found = {
        one.key: one
        for one in differences_on_gold(replace(films, candidate=replace(films.candidate, grades=grades, months=months)))
    }
    assert found["gold_bones_missing"].verdict == found["gold_unanswered"].verdict == "worse"
    assert found["gold_bones_missing"].candidate == pytest.approx(12 / (40 * 13), abs=1e-4)
    assert found["gold_age"].n == 28


def test_narrow_intervals_are_worse_and_wide_ones_no_better(films: Judged) -> None:
    def coverage(reach: float) -> Difference:
        ends = films.candidate.months[:, None] + np.array([-reach, reach])
        candidate = replace(films.candidate, interval90=ends)
        return differences_on_val(replace(films, candidate=candidate))[1]

    narrow, wide = coverage(0.5), coverage(60.0)
    assert narrow.key == "val_coverage" and narrow.verdict == "worse"
    assert wide.candidate == 1.0 and wide.verdict == "no difference"


def test_too_few_of_a_bone_are_not_compared(films: Judged) -> None:
    gold = films.gold.copy()
    gold[9:, ULNA] = -1
    gold[:, 0] = 5
    found = {one.key: one for one in differences_on_gold(replace(films, gold=gold))}
    for bone in ("Ulna", RUS_BONES[0]):
        assert found[f"gold_kappa_{bone}"].verdict == "not compared"
        assert "10 gold films" in found[f"gold_kappa_{bone}"].remark
    assert found["gold_kappa"].live is not None


def test_too_few_gold_films_say_how_many_are_missing(films: Judged) -> None:
    report = judged("question", SIDES, Films(12, 30, 5, 0, 9, 0), differences_on_gold(films))
    assert not report.promotes and len(report.reasons) == 1
    assert "needs 30 gold films" in report.reasons[0] and "18 are missing" in report.reasons[0]
    assert "5 more cannot be used" in report.reasons[0]


def test_stress_counts_ages_that_move_are_lost_or_given_to_no_hand() -> None:
    live = np.full((8, 13), 2.0)
    moved, lost = np.full((8, 13), 4.0), np.where(np.arange(13) < 5, np.nan, np.full((8, 13), 2.0))
    first, second, third = differences_under_stress(Stressed(live, moved, 14, 0, 4))
    assert (first.verdict, second.verdict, third.verdict) == ("worse", "no difference", "worse")
    assert (first.candidate, first.n, third.candidate) == (4.0, 8, pytest.approx(4 / 14, abs=1e-4))
    found = differences_under_stress(Stressed(live, lost, 0, 0, 0))
    assert [one.verdict for one in found] == ["no difference", "worse", "not compared"]
    assert (found[0].candidate, found[1].candidate) == (2.0, pytest.approx(5 / 13, abs=1e-4))
    nothing = np.zeros((0, 0))
    found = differences_under_stress(Stressed(nothing, nothing, 0, 0, 0))
    assert [one.verdict for one in found] == ["not compared"] * 3


def test_changed_films_of_one_hand_are_one_hand() -> None:
    """One hand of eight moves by a year in whatever is changed: drawn film by film, that would be 13 films that say so."""
    live = np.full((8, 13), 2.0)
    candidate = live.copy()
    candidate[0] = 14.0
    moved, lost, _ = differences_under_stress(Stressed(live, candidate, 2, 0, 0))
    assert moved.verdict == "no difference" and moved.difference == pytest.approx(1.5)
    one_by_one = differences_under_stress(Stressed(live.reshape(-1, 1), candidate.reshape(-1, 1), 2, 0, 0))[0]
    assert one_by_one.verdict == "worse" and one_by_one.difference == moved.difference
    without_age = np.where(candidate == 14.0, np.nan, candidate)
    moved, lost, _ = differences_under_stress(Stressed(live, without_age, 2, 0, 0))
    assert (lost.verdict, lost.n, moved.n) == ("no difference", 8, 7)


def test_the_report_is_a_record_in_json_and_words(films: Judged) -> None:
    report = verdict(films)
    assert GateReport.from_json(plain(report)) == report
    text, markdown = as_text(report), as_markdown(report)
    assert "on 40 gold films of the ledger's revision 9" in text and "better" in text
    assert markdown.startswith("# The gate: promoted") and markdown.count("\n|") == len(report.differences) + 2
