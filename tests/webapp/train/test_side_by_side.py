"""Two models' words on one film, as the page has them."""

import re

from core.assessment.records import Assessment
from core.learning.promotion.side_by_side import ModelAnswer, SideBySide
from webapp.shared.words import NO_VALUE
from webapp.train.side_by_side import as_html

_LIVE, _OTHER = {"grader": "a1" * 32}, {"grader": "b2" * 32}


def rows(html: str) -> dict[str, tuple[bool, list[str]]]:
    """By title: whether the row is marked, and its cells."""
    found = re.findall(r"<tr([^>]*)><th scope=\"row\">(.*?)</th>(.*?)</tr>", html, re.DOTALL)
    return {title: ("apart" in marks, re.findall(r"<td>(.*?)</td>", cells)) for marks, title, cells in found}


def beside(live: Assessment | None, other: Assessment | None, refusal: str | None = None) -> str:
    return as_html(SideBySide(ModelAnswer("shipped", _LIVE, live, None), ModelAnswer("first", _OTHER, other, refusal)))


def test_what_differs_is_marked_and_each_side_has_its_weights(
    assessment: Assessment, out_of_line: Assessment, without_ulna: Assessment
) -> None:
    html = beside(assessment, out_of_line)
    assert "Grader a1a1a1a1" in html and "Grader b2b2b2b2" in html
    graded = [one.bones["PP3"] for one in (assessment, out_of_line)]
    steps = graded[1].grade - graded[0].grade  # type: ignore[union-attr]
    said = rows(html)
    assert said["Proximal phalanx III"][0] and said["Proximal phalanx III"][1][2] == f"{steps:+d}"
    assert not said["Radius"][0] and said["Radius"][1][2] == ""
    months = [one.bone_age_months or 0.0 for one in (assessment, out_of_line)]
    assert said["Bone age, months"][1] == [f"{months[0]:.1f}", f"{months[1]:.1f}", f"{months[1] - months[0]:+.1f}"]

    said = rows(beside(assessment, without_ulna))
    assert said["Ulna"][0] and said["Ulna"][1][1:] == [NO_VALUE, ""]
    assert said["RUS-CHN score"][1][1:] == [NO_VALUE, ""]


def test_a_refusal_is_told_beside_what_the_other_says(assessment: Assessment) -> None:
    html = beside(assessment, None, "No hand was found.")
    assert "No hand was found." in html and rows(html)["Radius"][1][1] == NO_VALUE
