"""The report of one page."""

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth

from core.assessment.age.measured_error import error_on_hands_like, shipped_errors
from core.assessment.assessor import Assessor
from core.assessment.records import Assessment, Explanation
from core.bones import RUS_BONES
from core.film.radiograph import Radiograph
from core.hand.hand import Hand
from core.standards import grade_count
from webapp.assess.report import _ERROR_SIZE, report_pdf
from webapp.assess.summary import checks_title
from webapp.languages.catalogue import Language
from webapp.languages.lines import in_language, line_width
from webapp.shared.words import DISCLAIMER

_NOON = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class _Run:
    """A string as it stands on the page, in points from its lower left corner."""

    text: str
    left: float
    right: float
    bottom: float
    size: float


def _runs(pdf: bytes) -> list[_Run]:
    """All that is written on the one page; what the codes of Chinese mean stands in the embedded font's table."""
    assert pdf.startswith(b"%PDF") and re.findall(rb"/Count (\d+)", pdf) == [b"1"]
    found = re.findall(rb"<<([^<>]*)>>\s*stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    texts = [stream.strip() for head, stream in found if b"/Image" not in head]
    packed = [zlib.decompressobj().decompress(one) for one in texts if one.startswith(b"x\x9c")]
    tables = [one for one in packed if b"begincmap" in one]
    letters = {
        int(code, 16): chr(int(said, 16))
        for table in tables
        for code, said in re.findall(rb"<(\w{2})> <(\w{4})>", table)
    }
    (page,) = [zlib.decompress(base64.a85decode(one[:-2])).decode("latin-1") for one in texts if one[-2:] == b"~>"]
    fonts = {name.decode(): base.decode() for base, name in re.findall(rb"/BaseFont /(\S+)[^>]*?/Name /(F\d+)", pdf)}
    runs, font, size, left, bottom = [], "", 0.0, 0.0, 0.0
    marks = r"/(F\S+) ([\d.]+) Tf|1 0 0 1 ([\d.]+) ([\d.]+) Tm|\(((?:[^\\()]|\\.)*)\) Tj"
    for switched, points, x, y, said in re.findall(marks, page, re.DOTALL):
        if switched:
            font, size = switched, float(points)
        elif x:
            left, bottom = float(x), float(y)
        else:
            text = re.sub(r"\\(\d{3}|.)", lambda mark: chr(int(mark[1], 8)) if len(mark[1]) == 3 else mark[1], said)
            own = "+" in font
            text = "".join(letters[ord(code)] for code in text) if own else text.encode("latin-1").decode("cp1252")
            width = size * len(text) if own else stringWidth(text, fonts[font], size)
            runs.append(_Run(text, left, left + width, bottom, size))
    return runs


def _text(pdf: bytes) -> str:
    """All that is written on the one page, a line for each string."""
    return "\n".join(run.text for run in _runs(pdf))


def test_one_page_says_age_grades_weights_date_and_what_it_is_not(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation
) -> None:
    text = _text(report_pdf(radiograph, assessment, explanation, _NOON, "en"))
    assert DISCLAIMER in text and "17 May 2026, 12:30" in text
    assert assessment.bone_age_months is not None and f"{assessment.bone_age_months / 12:.1f}" in text
    assert "90 % interval" in text and "Localiser abababab" in text and assessment.film_sha256 in text
    for bone in RUS_BONES:
        one = assessment.bones[bone]
        assert one is not None and one.label in text
        assert f"\n{bone}\n" in text
    for card in assessment.standards.values():
        assert card.name in text and str(card.total) in text


def test_a_report_by_the_weights_that_were_measured_says_how_good_it_is(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation
) -> None:
    assert "Off by" not in _text(report_pdf(radiograph, assessment, explanation, _NOON, "en"))
    figures = shipped_errors()
    assert figures is not None
    measured = replace(assessment, weights=dict(figures.weights))
    error = error_on_hands_like(measured, figures)
    assert error is not None and error.sentence in _text(report_pdf(radiograph, measured, explanation, _NOON, "en"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lines_at_the_foot_have_room_beside_each_other(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation, language: Language
) -> None:
    figures = shipped_errors()
    assert figures is not None and len(figures.weights) >= 4
    shipped = replace(assessment, weights=dict(figures.weights))
    runs = _runs(report_pdf(radiograph, shipped, explanation, _NOON, language))
    foot = [run for run in runs if run.bottom < 20 * mm]
    said = "".join(run.text for run in foot)
    assert in_language(DISCLAIMER, language) in said and assessment.film_sha256 in said
    assert all(digest[:8] in said for digest in figures.weights.values())
    assert all(14 * mm <= run.left and run.right <= A4[0] - 14 * mm and run.bottom >= 5 * mm for run in foot)
    for one, other in combinations(foot, 2):
        apart = min(one.right, other.right) - max(one.left, other.left) < 0.01
        assert apart or abs(one.bottom - other.bottom) >= max(one.size, other.size), (one.text, other.text)


def test_how_good_it_is_fits_on_its_line() -> None:
    figures = shipped_errors()
    assert figures is not None
    for group in figures.groups:
        for language in ("en", "zh"):
            assert line_width(in_language(group.sentence, language), "Helvetica", _ERROR_SIZE) <= A4[0] - 28 * mm  # type: ignore[arg-type]


def test_a_report_without_a_bone_gives_no_age(
    radiograph: Radiograph, assessor: Assessor, without_ulna: Assessment
) -> None:
    maps = assessor.explain(Hand(radiograph, without_ulna.localization), without_ulna, 2)
    text = _text(report_pdf(radiograph, without_ulna, maps, _NOON, "en"))
    assert "No bone age" in text and "12 of 13 bones found" in text and "not found" in text


def test_a_report_says_which_bone_is_out_of_line_in_words_and_under_its_crop(
    radiograph: Radiograph, assessment: Assessment, out_of_line: Assessment, explanation: Explanation
) -> None:
    assert "out of line" not in _text(report_pdf(radiograph, assessment, explanation, _NOON, "en"))
    text = _text(report_pdf(radiograph, out_of_line, explanation, _NOON, "en"))
    assert text.count("out of line") == 1
    (found,) = out_of_line.inconsistencies
    assert found.sentence in text.replace("\n", " ")
    assert checks_title(out_of_line) in text and "1 of" in checks_title(out_of_line)


def test_a_report_that_has_no_room_for_all_it_found_says_so(
    radiograph: Radiograph, assess: Callable[..., Assessment], explanation: Explanation
) -> None:
    scattered = assess({bone: grade_count(bone) for bone in ("Ulna", "MC1", "PP3", "DP1", "DP5")})
    assert len(scattered.inconsistencies) >= 4
    text = _text(report_pdf(radiograph, scattered, explanation, _NOON, "en"))
    assert text.count("out of line") == len(scattered.inconsistencies)
    assert "The rest is on the page and in the JSON." in text


def _chinese_text(pdf: bytes) -> str:
    """All that is written on a page in Chinese, without spaces."""
    return "".join(run.text for run in _runs(pdf)).replace(" ", "")


def test_a_report_in_chinese_says_the_same_and_carries_its_letters(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation
) -> None:
    pdf = report_pdf(radiograph, assessment, explanation, _NOON, "zh")
    text = _chinese_text(pdf)
    assert b"/FontFile2" in pdf
    assert "仅供科研使用，不是医疗器械。" in text and "2026-05-17,12:30" in text and assessment.film_sha256 in text
    assert assessment.bone_age_months is not None and f"{assessment.bone_age_months / 12:.1f}岁" in text
    for words in ("骨龄", "90%区间", "第一掌骨", "定位网络abababab", "总分", "查表骨龄", "Grad-CAM（第"):
        assert words in text
    for card in assessment.standards.values():
        assert card.name.replace(" ", "") in text and str(card.total) in text
    assert not re.search("(?:[A-Za-z]{3,} ){2}[A-Za-z]{3,}", text)


def test_a_report_in_chinese_says_what_is_wrong(
    radiograph: Radiograph, assessment: Assessment, out_of_line: Assessment, explanation: Explanation
) -> None:
    text = _chinese_text(report_pdf(radiograph, out_of_line, explanation, _NOON, "zh"))
    (found,) = out_of_line.inconsistencies
    assert "与相邻骨不符" in text and in_language(found.sentence, "zh").replace(" ", "") in text
