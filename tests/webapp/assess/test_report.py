"""The report of one page."""

import base64
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from core.assessment.assessor import Assessor
from core.assessment.measured_error import error_on_hands_like, shipped_errors
from core.assessment.records import Assessment, Explanation
from core.bones import RUS_BONES
from core.film.radiograph import Radiograph
from core.hand.hand import Hand
from core.standards import grade_count
from webapp.assess.report import report_pdf
from webapp.languages.lines import in_language
from webapp.shared.words import DISCLAIMER

_NOON = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)


def _text(pdf: bytes) -> str:
    """All that is written on the one page, a line for each string; round brackets come out as square ones."""
    assert pdf.startswith(b"%PDF") and re.findall(rb"/Count (\d+)", pdf) == [b"1"]
    for head, stream in re.findall(rb"<<([^<>]*)>>\s*stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        if b"/Subtype /Image" not in head:
            content = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>"))).decode("cp1252")
            return "\n".join(re.findall(r"\((.*?)\) Tj", content.replace("\\(", "[").replace("\\)", "]")))
    raise AssertionError("the report has no text")


def test_one_page_says_age_grades_weights_date_and_what_it_is_not(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation
) -> None:
    text = _text(report_pdf(radiograph, assessment, explanation, _NOON, "en"))
    assert DISCLAIMER in text and "17 May 2026, 12:30" in text
    assert assessment.bone_age_months is not None and f"{assessment.bone_age_months / 12:.1f}" in text
    assert "90 % interval" in text and "Localiser abababab" in text and assessment.film_sha256 in text
    for bone in RUS_BONES:
        one = assessment.bones[bone]
        assert one is not None and one.label.replace("(", "[").replace(")", "]") in text
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
    assert found.sentence.replace("(", "[").replace(")", "]") in text.replace("\n", " ")


def test_a_report_that_has_no_room_for_all_it_found_says_so(
    radiograph: Radiograph, assess: Callable[..., Assessment], explanation: Explanation
) -> None:
    scattered = assess({bone: grade_count(bone) for bone in ("Ulna", "MC1", "PP3", "DP1", "DP5")})
    assert len(scattered.inconsistencies) >= 4
    text = _text(report_pdf(radiograph, scattered, explanation, _NOON, "en"))
    assert text.count("out of line") == len(scattered.inconsistencies)
    assert "The rest is on the page and in the JSON." in text


def _chinese_text(pdf: bytes) -> str:
    """All that is written on a page in Chinese, without spaces: what its codes mean stands in the embedded font's table."""
    found = re.findall(rb"<<([^<>]*)>>\s*stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    texts = [stream for head, stream in found if b"/Image" not in head]
    packed = [zlib.decompressobj().decompress(one) for one in texts if one.startswith(b"x\x9c")]
    (table,) = [one for one in packed if b"begincmap" in one]
    letters = {int(code, 16): chr(int(said, 16)) for code, said in re.findall(rb"<(\w{2})> <(\w{4})>", table)}
    (page,) = [
        zlib.decompress(base64.a85decode(one.strip()[:-2])).decode("latin-1")
        for one in texts
        if one.strip().endswith(b"~>")
    ]
    text, font = "", ""
    for switched, said in re.findall(r"/(F\S+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) Tj", page, re.DOTALL):
        font = switched or font
        codes = re.sub(r"\\(\d{3}|.)", lambda mark: chr(int(mark[1], 8)) if len(mark[1]) == 3 else mark[1], said)
        text += "".join(letters[ord(code)] for code in codes) if "+" in font else codes
    return text.replace(" ", "")


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
