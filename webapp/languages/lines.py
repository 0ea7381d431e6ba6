"""Lines of a PDF page in English or Chinese: Latin letters in Helvetica, Chinese ones in han.ttf."""

import functools
import re
from pathlib import Path
from typing import Final

from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from webapp.languages.catalogue import Language, catalogue

#: Where a line is in Helvetica-Bold, its Chinese letters are drawn with an outline of this share of their size.
_BOLD_OUTLINE: Final = 0.035
_FONT_FILE: Final = Path(__file__).with_name("han.ttf")
_HAN: Final = "[\u2e80-\u9fff\uff00-\uffef]"
_RUNS: Final = re.compile(f"{_HAN}+|(?:(?!{_HAN}).)+", re.DOTALL)
#: The pieces between which a line may be broken: words, and Chinese letters with the mark that follows them.
_PIECES: Final = re.compile(rf"\s+|{_HAN}[，。：；、）！？]*|(?:(?!{_HAN})\S)+[，。：；、）！？]*")


@functools.cache
def _han() -> str:
    """The name of the Chinese font, once it is known to the PDF library."""
    registerFont(TTFont("Han", _FONT_FILE))
    return "Han"


def in_language(text: str, language: Language) -> str:
    """A text of the report in its language."""
    return text if language == "en" else catalogue(language).translate(text)


def line_width(text: str, font: str, size: float) -> float:
    """How wide a line is, in points."""
    return sum(float(stringWidth(run, _font_of(run, font), size)) for run in _RUNS.findall(text))


def draw_line(page: Canvas, x: float, y: float, text: str, font: str, size: float) -> float:
    """Draws a line in the page's colour and returns where it ends."""
    for run in _RUNS.findall(text):
        of_run = _font_of(run, font)
        bold = of_run != font and font.endswith("Bold")
        page.setFont(of_run, size)
        if bold:
            page.saveState()
            page.setStrokeColor(page._fillColorObj)
            page.setLineWidth(_BOLD_OUTLINE * size)
        page.drawString(x, y, run, mode=2 if bold else None)
        if bold:
            page.restoreState()
        x += float(stringWidth(run, of_run, size))
    return x


def wrapped(text: str, width: float, font: str, size: float) -> list[str]:
    """Text in lines no wider than width, in points."""
    lines = [""]
    for piece in _PIECES.findall(text):
        longer = lines[-1] + (" " if piece.isspace() else piece)
        if lines[-1].strip() and line_width(longer.rstrip(), font, size) > width:
            lines.append("" if piece.isspace() else piece)
        else:
            lines[-1] = longer
    return [line.strip() for line in lines]


def _font_of(run: str, font: str) -> str:
    return _han() if re.match(_HAN, run) else font
