"""The answer in words and numbers."""

import re
from collections.abc import Callable
from dataclasses import replace

from core.assessment.age.measured_error import AlikeHands, MeasuredError, MeasuredErrors
from core.assessment.records import END_OF_SCALE, Assessment, Check, SecondOpinion
from core.bones import RUS_BONES
from core.standards import STANDARDS, grade_count
from webapp.assess.summary import (
    headline,
    how_it_comes_about,
    message,
    missing_sentence,
    provenance,
    report_sentence,
    score_table,
    verdict,
    what_to_know,
)


def test_the_age_on_the_page_is_the_age_of_the_assessment(assessment: Assessment) -> None:
    assert assessment.bone_age_months is not None and assessment.interval90_months is not None
    html = headline(assessment, None)
    found = re.search(r'id="bone-age" data-months="([\d.]+)"><strong>([\d.]+)</strong> years', html)
    assert found is not None
    assert float(found[1]) == assessment.bone_age_months
    assert abs(float(found[2]) - assessment.bone_age_months / 12) <= 0.05 + 1e-9
    assert f"{assessment.interval90_months[0] / 12:.1f}" in html and "90 % interval" in html


def test_without_a_bone_there_is_no_age_and_no_total(without_ulna: Assessment) -> None:
    html = headline(without_ulna, None)
    assert 'id="bone-age" data-months=""' in html and "12 of 13" in html
    assert how_it_comes_about(without_ulna).count("No total") == len(STANDARDS)
    assert report_sentence(without_ulna) == "" and "for-report" not in verdict(without_ulna)
    assert missing_sentence(without_ulna).startswith("12 of 13") and "Ulna" in missing_sentence(without_ulna)


def test_with_all_bones_nothing_is_said_to_be_missing(assessment: Assessment) -> None:
    assert missing_sentence(assessment) == ""


def test_the_table_has_each_bones_grade_and_score_and_the_totals(assessment: Assessment) -> None:
    html = score_table(assessment)
    rows = re.findall(r'<tr data-bone="(\w+)".*?>(.*?)</tr>', html, re.DOTALL)
    assert [bone for bone, _ in rows] == list(RUS_BONES)
    for bone, row in rows:
        cells = re.findall(r"<td>(.*?)</td>", row)
        cards = [assessment.standards[key] for key in STANDARDS]
        assert cells == [str(value) for card in cards for value in (card.labels[bone], card.scores[bone])]
    for key in STANDARDS:
        assert f">{assessment.standards[key].total}</td>" in html
        assert assessment.standards[key].age_text in html


def test_a_mature_hand_is_called_mature(assess: Callable[..., Assessment]) -> None:
    mature = assess({bone: grade_count(bone) for bone in RUS_BONES})
    html, how = headline(mature, None), how_it_comes_about(mature)
    assert how.count("mature (") == len(STANDARDS) and "Mature or nearly so, at the end of the scale" in html
    assert 'data-months=""' in html and "90 %" not in html + how and "opinions" not in how
    assert "mature or nearly so, at the end of the scale" in report_sentence(mature) and "years" not in report_sentence(
        mature
    )
    nearly = assess({bone: grade_count(bone) for bone in RUS_BONES} | {"Radius": grade_count("Radius") - 1})
    nearly = replace(nearly, bone_age_months=END_OF_SCALE[nearly.sex] + 1)
    assert (
        nearly.mature
        and "mature or nearly so" in how_it_comes_about(nearly)
        and "mature or nearly so" in score_table(nearly)
    )
    assert not re.search(r"\d years</", score_table(nearly))


def test_two_hands_and_missing_bones_are_said_above_the_result(
    assessment: Assessment, without_ulna: Assessment
) -> None:
    assert what_to_know(assessment) == ""
    two = Check("one_hand", False, "The film shows two hands.")
    assert what_to_know(replace(without_ulna, checks=(two,))).startswith("The film shows two hands. 12 of 13 bones")


def test_both_intervals_are_shown(assessment: Assessment) -> None:
    (single,) = re.findall(r"90 % interval <b>([\d.]+) – ([\d.]+) years</b>", headline(assessment, None))
    (agreed,) = re.findall(r'<b id="consensus">([\d.]+) – ([\d.]+)</b>', how_it_comes_about(assessment))
    assert float(single[0]) < float(agreed[0]) < float(agreed[1]) < float(single[1])
    earlier = replace(assessment, consensus90_months=None)
    assert "90 % interval" in headline(earlier, None) and "six" not in how_it_comes_about(earlier)


def _figures(assessment: Assessment) -> MeasuredErrors:
    """Measured for these weights, on girls of any age."""
    girls = MeasuredError(AlikeHands(None, None, "F", None), 12, 6.0, (5.0, 7.0), 0.75)
    return MeasuredErrors("val", assessment.weights, (girls,))


def test_how_good_it_is_stands_beside_the_age_for_the_weights_that_were_measured(assessment: Assessment) -> None:
    figures = _figures(assessment)
    html = " ".join(headline(assessment, figures).split())
    assert "Off by <b>6.0 months</b> on average" in html and "on 12 girls; 95 % interval 5.0 – 7.0." in html
    assert "For 9 of them the age was within a year" in html
    assert "how-good" not in headline(assessment, None)
    assert "how-good" not in headline(replace(assessment, weights={"grader": "e" * 64}), figures)


def test_a_rare_age_is_told_beside_the_error_and_counts_among_the_checks(assessment: Assessment) -> None:
    rare = replace(assessment, checks=(Check("rare_age", False, "Only 20 were learned from."),))
    figures = _figures(assessment)
    assert "Only 20" in headline(rare, figures) and "Only 20" not in headline(rare, None)
    assert "Only 20" in verdict(rare) and "1 of 1 checks needs a look" in verdict(rare)


def test_the_checks_that_need_a_look_are_counted_and_come_first(assessment: Assessment) -> None:
    checks = tuple(Check(str(number), number not in (1, 3), f"Said {number}.") for number in range(5))
    html = verdict(replace(assessment, checks=checks))
    assert "2 of 5 checks need a look" in html
    assert re.findall(r"Said (\d)", html) == ["1", "3", "0", "2", "4"]
    assert "1 of 3 checks needs a look" in verdict(replace(assessment, checks=checks[2:]))


def test_the_sentence_for_a_report(assessment: Assessment) -> None:
    sentence = report_sentence(assessment)
    assert assessment.bone_age_months is not None
    assert f"{assessment.bone_age_months / 12:.1f} years (" in sentence and "90 % interval" in sentence
    assert all(card.name in sentence and f"(score {card.total})" in sentence for card in assessment.standards.values())
    assert "Grader cdcdcdcd" in sentence and sentence.endswith("Research use only; not a medical device.")
    assert f'<p id="report-sentence">{sentence}</p>' in verdict(assessment)


def test_a_failed_check_opens_the_list(assessment: Assessment, without_ulna: Assessment) -> None:
    passed = verdict(assessment)
    assert f"All {len(assessment.checks)} checks passed" in passed and '<details class="checks">' in passed
    html = verdict(without_ulna)
    assert '<details class="checks" open>' in html and "Failed: " in html


def test_a_bone_out_of_line_is_named_with_what_to_do(out_of_line: Assessment) -> None:
    html = verdict(out_of_line)
    (found,) = out_of_line.inconsistencies
    assert '<details class="checks" open>' in html and f"1 of {len(out_of_line.checks)} checks needs a look" in html
    assert f"{found.sentence} Look at its crop, and correct in the Annotate tab what is wrong." in html


def test_messages_are_text_not_html() -> None:
    assert "<b>x</b>" not in message("<b>x</b>") and 'role="alert"' in message("No hand.")
    assert message("") == ""


def test_the_result_names_its_weights_and_film(assessment: Assessment) -> None:
    html = provenance(assessment)
    assert "abababab" in html and "cdcdcdcd" in html and assessment.film_sha256[:8] in html
    assert "left hand" in html and "420 x 560" in html


def test_both_opinions_are_told(assessment: Assessment) -> None:
    assert "opinions" not in how_it_comes_about(assessment), "there is one opinion"
    bones = assessment.bone_age_months
    assert bones is not None
    second = SecondOpinion(bones + 30.0, 0.4)
    html = how_it_comes_about(replace(assessment, second_opinion=second, bone_age_months=bones + 12.0))
    assert 'id="opinions"' in html and "counts 40 %" in html
    assert f"The 13 bones alone say <b>{bones / 12:.1f}</b>" in html and f"<b>{(bones + 30) / 12:.1f}</b>" in html


def test_without_a_bone_the_whole_hand_gives_a_hint(without_ulna: Assessment) -> None:
    assert 'id="hint"' not in headline(without_ulna, None)
    html = headline(replace(without_ulna, second_opinion=SecondOpinion(150.0, 0.4)), None)
    assert 'data-months=""' in html and "would say <b>12.5</b> years: a hint" in html


def test_the_age_at_the_film_stands_beside_the_bones(assessment: Assessment) -> None:
    assert assessment.bone_age_months is not None and 'id="age-at-film"' not in headline(assessment, None)
    for apart, words in (
        (24, "the bones are 2.0 years behind"),
        (-18, "1.5 years ahead"),
        (0, "the bone age is the same"),
    ):
        html = headline(replace(assessment, age_at_film_months=assessment.bone_age_months + apart), None)
        assert words in html and "years old when the film was taken, by its file" in html


def test_the_age_at_the_film_is_set_against_no_mature_and_no_missing_bones(
    assessment: Assessment, without_ulna: Assessment
) -> None:
    mature = replace(assessment, checks=(Check("end_of_scale", False, "Mature."),), age_at_film_months=120.0)
    for one in (mature, replace(without_ulna, age_at_film_months=120.0)):
        assert "10.0 years old when the film was taken, by its file.</p>" in headline(one, None)
