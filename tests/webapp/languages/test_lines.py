"""Lines of a PDF page in English and Chinese."""

import io

from reportlab.pdfgen.canvas import Canvas

from webapp.languages.lines import draw_line, in_language, line_width, wrapped

_CHINESE = "片子不清晰，可能是手动了或片子被放大过：等级和骨龄可能相差数月。请使用原片（DICOM 文件），或重新拍摄。"


def test_english_stays_english() -> None:
    assert in_language("Table age", "en") == "Table age"
    assert in_language("Table age", "zh") == "查表骨龄"


def test_a_chinese_letter_is_as_wide_as_high() -> None:
    assert line_width("骨龄", "Helvetica", 8) == 16
    assert line_width("骨龄 8.1", "Helvetica", 8) > line_width("骨龄", "Helvetica", 8) + line_width(
        "8.1", "Helvetica", 8
    )


def test_a_line_ends_where_its_width_says() -> None:
    page = Canvas(io.BytesIO())
    for font in ("Helvetica", "Helvetica-Bold"):
        assert draw_line(page, 10, 20, "90% 区间 5.9 岁", font, 9) == 10 + line_width("90% 区间 5.9 岁", font, 9)


def test_chinese_is_broken_between_letters_but_never_before_a_mark() -> None:
    lines = wrapped(_CHINESE, 80, "Helvetica", 7)
    assert "".join(lines).replace(" ", "") == _CHINESE.replace(" ", "")
    assert len(lines) > 3 and all(line_width(line, "Helvetica", 7) <= 87 for line in lines)
    assert not any(line[0] in "，。：）" for line in lines)
    assert any("DICOM" in line for line in lines)


def test_english_is_broken_between_words() -> None:
    text = "The rest is on the page and in the JSON."
    lines = wrapped(text, 60, "Helvetica", 7)
    assert " ".join(lines) == text and len(lines) == 3
