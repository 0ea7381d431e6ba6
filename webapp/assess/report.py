"""The assessment as a report of one A4 page, with its pictures, for printing or filing."""

import io
from datetime import datetime
from typing import Final

import numpy as np
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from core.assessment.age.measured_error import error_on_hands_like, shipped_errors
from core.assessment.records import Assessment, Explanation
from core.bones import BONE_TITLES
from core.film.radiograph import Radiograph
from core.standards import STANDARDS, ScoreCard
from webapp.assess.film_view import labels_of
from webapp.assess.summary import checks_title, failed_checks
from webapp.languages.catalogue import Language
from webapp.languages.lines import draw_line, in_language, line_width, wrapped
from webapp.shared.bone_style import bone_colour
from webapp.shared.pictures import blended, film_picture, grey8, heat, jpeg, png
from webapp.shared.words import (
    DISCLAIMER,
    NO_VALUE,
    SEX_WORDS,
    SIDE_WORDS,
    probability,
    short_hash,
    weights_line,
    year_range,
    years,
    years_and_months,
)

_WIDTH, _HEIGHT = A4
_MARGIN: Final = 14 * mm
_RIGHT: Final = _WIDTH - _MARGIN
_INK: Final = HexColor("#14202e")
_QUIET: Final = HexColor("#5a6675")
_RULE: Final = HexColor("#d5dbe3")
_BAND: Final = HexColor("#f2f5f8")
_ACCENT: Final = HexColor("#0b6e75")
_ALARM: Final = HexColor("#b42318")
_PLAIN, _BOLD = "Helvetica", "Helvetica-Bold"

#: Tops of the four parts of the page, in points from its lower edge.
_AGE_TOP: Final = _HEIGHT - 27 * mm
_FILM_TOP: Final = _HEIGHT - 61 * mm
_CROPS_TOP: Final = _HEIGHT - 160 * mm
_FOOT_TOP: Final = 20 * mm

_CROPS_A_ROW: Final = 7
_NOTE_LINES: Final = 4
#: Size of the letters that say how good the age is, small enough for that longest of all sentences to stay on its line.
_ERROR_SIZE: Final = 7.5
_MAP_OPACITY: Final = 0.5


class _Page(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A page in one language."""

    def __init__(self, file: io.BytesIO, language: Language):
        super().__init__(file, pagesize=A4, pageCompression=1)
        self.language = language


def report_pdf(
    radiograph: Radiograph, assessment: Assessment, explanation: Explanation, made_at: datetime, language: Language
) -> bytes:
    """One A4 page: age and interval, film with boxes, score table, crops with their Grad-CAM, weights and date.

    Nothing on it names a person: the film is known by the SHA-256 of its pixels.
    """
    file = io.BytesIO()
    page = _Page(file, language)
    page.setTitle(in_language("BoneGrade report", language))
    page.setSubject(in_language(DISCLAIMER, language))
    _head(page, assessment, made_at)
    _age(page, assessment)
    _film(page, radiograph, assessment)
    _scores(page, assessment)
    _crops(page, assessment, explanation)
    _foot(page, assessment)
    page.showPage()
    page.save()
    return file.getvalue()


def _write(
    page: _Page, x: float, y: float, text: str, size: float = 8, font: str = _PLAIN, colour: Color = _INK
) -> float:
    """Writes a line in the page's language and returns where it ends."""
    page.setFillColor(colour)
    return draw_line(page, x, y, in_language(text, page.language), font, size)


def _write_right(
    page: _Page, x: float, y: float, text: str, size: float = 8, font: str = _PLAIN, colour: Color = _INK
) -> None:
    _write(page, x - line_width(in_language(text, page.language), font, size), y, text, size, font, colour)


def _wrapped(page: _Page, text: str, width: float, size: float) -> list[str]:
    """Text of the page's language in lines no wider than width, in points."""
    return wrapped(in_language(text, page.language), width, _PLAIN, size)


def _head(page: _Page, assessment: Assessment, made_at: datetime) -> None:
    top = _HEIGHT - 17 * mm
    end = _write(page, _MARGIN, top, "BoneGrade", 16, _BOLD, _ACCENT)
    _write(page, end + 3 * mm, top, "Bone age from 13 epiphyses of the hand", 10, colour=_QUIET)
    day = made_at.strftime("%d %B %Y" if page.language == "en" else "%Y-%m-%d")
    _write_right(page, _RIGHT, top + 5, f"{day}, {made_at:%H:%M}", 8.5)
    _write_right(page, _RIGHT, top - 5, f"Film {short_hash(assessment.film_sha256)}", 8.5, colour=_QUIET)
    page.setStrokeColor(_ACCENT)
    page.setLineWidth(1.2)
    page.line(_MARGIN, top - 4 * mm, _RIGHT, top - 4 * mm)


def _age(page: _Page, assessment: Assessment) -> None:
    sex, side = SEX_WORDS[assessment.sex], SIDE_WORDS[assessment.laterality]
    _write(page, _MARGIN, _AGE_TOP - 3 * mm, f"BONE AGE  ·  {sex}, {side}", 8, _BOLD, _QUIET)
    if assessment.bone_age_months is None:
        found = len(assessment.bones) - len(assessment.missing)
        _write(page, _MARGIN, _AGE_TOP - 12 * mm, "No bone age", 22, _BOLD)
        _write(page, _MARGIN, _AGE_TOP - 18 * mm, f"{found} of {len(assessment.bones)} bones found; all are needed.", 9)
    elif assessment.mature:
        _write(page, _MARGIN, _AGE_TOP - 12 * mm, "Mature or nearly so", 22, _BOLD)
        _write(page, _MARGIN, _AGE_TOP - 18 * mm, "At the end of the scale; no bone age is given.", 9)
        return
    else:
        end = _write(page, _MARGIN, _AGE_TOP - 14 * mm, f"{years(assessment.bone_age_months):.1f}", 32, _BOLD)
        end = _write(page, end + 2 * mm, _AGE_TOP - 14 * mm, "years", 15)
        if assessment.interval90_months is not None:
            low, high = (years(months) for months in assessment.interval90_months)
            _write(page, _MARGIN, _AGE_TOP - 20.5 * mm, f"90 % interval {year_range(low, high)} years", 10, _BOLD)
        if assessment.consensus90_months is not None:
            low, high = (years(months) for months in assessment.consensus90_months)
            agreed = f"{year_range(low, high)} years for what six readers would agree on"
            _write(page, _MARGIN, _AGE_TOP - 24.5 * mm, agreed, 8, colour=_QUIET)
        spoken = years_and_months(assessment.bone_age_months)
        _write(
            page, _MARGIN, _AGE_TOP - 28.5 * mm, f"{spoken}, calibrated to Greulich-Pyle readings.", 8, colour=_QUIET
        )
        if (error := error_on_hands_like(assessment, shipped_errors())) is not None:
            _write(page, _MARGIN, _AGE_TOP - 32 * mm, error.sentence, _ERROR_SIZE, colour=_QUIET)
    _standards_scale(page, assessment, _MARGIN + 78 * mm, _RIGHT)


def _standards_scale(page: _Page, assessment: Assessment, left: float, right: float) -> None:
    """The calibrated age and the table ages with their intervals, one below the other on one axis."""
    rows: list[tuple[str, str, tuple[float, float] | None, float | None, Color]] = []
    if assessment.bone_age_months is not None and assessment.interval90_months is not None:
        low, high = (years(months) for months in assessment.interval90_months)
        age_years = years(assessment.bone_age_months)
        rows.append(("Bone age", f"{age_years:.1f} years", (low, high), age_years, HexColor("#c2410c")))
    for key in STANDARDS:
        card = assessment.standards[key]
        text = card.age_text if card.total is not None else "no total"
        rows.append((card.name, text, card.interval90_years, card.age_years, _ACCENT))
    from_x, to_x = left + 21 * mm, right - 42 * mm
    ends = [end for _, _, interval, _, _ in rows if interval is not None for end in interval]
    if not ends:
        return
    first, last = int(np.floor(min(ends) - 0.5)), int(np.ceil(max(ends) + 0.5))
    place = np.interp
    bottom = _AGE_TOP - 25 * mm
    page.setLineWidth(0.5)
    step = 1 if last - first <= 8 else 2
    for tick in range(first, last + 1, step):
        x = float(place(tick, (first, last), (from_x, to_x)))
        page.setStrokeColor(_RULE)
        page.line(x, bottom, x, _AGE_TOP - 0.5 * mm)
        _write(page, x - 2.5, bottom - 3 * mm, str(tick), 6.5, colour=_QUIET)
    for index, (name, text, interval, age, colour) in enumerate(rows):
        y = _AGE_TOP - 3.2 * mm - index * 6 * mm
        _write(page, left, y - 2.5, name, 8, _BOLD if name == "Bone age" else _PLAIN)
        _write(page, to_x + 3 * mm, y - 2.5, text, 8, _BOLD)
        page.setStrokeColor(colour)
        page.setFillColor(colour)
        if interval is not None:
            page.setLineWidth(2.2)
            page.line(*(v for end in interval for v in (float(place(end, (first, last), (from_x, to_x))), y)))
        if age is not None:
            page.circle(float(place(age, (first, last), (from_x, to_x))), y, 3.2, stroke=0, fill=1)
    _write(page, to_x + 3 * mm, bottom - 3 * mm, "years; bars: 90 % intervals", 6.5, colour=_QUIET)


def _film(page: _Page, radiograph: Radiograph, assessment: Assessment) -> None:
    wide, high = 68 * mm, 92 * mm
    scale = min(wide / assessment.width, high / assessment.height)
    left, top = _MARGIN, _FILM_TOP
    drawn_wide, drawn_high = assessment.width * scale, assessment.height * scale
    page.drawImage(_image(jpeg(film_picture(radiograph.pixels, 1000))), left, top - drawn_high, drawn_wide, drawn_high)
    for bone, one in assessment.bones.items():
        if one is not None:
            x0, y0, x1, y1 = (value * scale for value in one.box)
            page.setStrokeColor(HexColor(bone_colour(bone)))
            page.setLineWidth(0.9)
            page.rect(left + x0, top - y1, x1 - x0, y1 - y0)
    for label in labels_of(assessment):
        x, y = left + label.x * scale, top - (label.y + label.height) * scale
        page.setFillColor(Color(0, 0, 0, alpha=0.72))
        page.roundRect(x, y, label.width * scale, label.height * scale, 1.5, stroke=0, fill=1)
        size = label.height * scale / 1.6
        text = in_language(f"{label.name} {label.grade}", page.language)
        inset = (label.width * scale - line_width(text, _BOLD, size)) / 2
        _write(page, x + inset, y + size * 0.42, text, size, _BOLD, HexColor(bone_colour(label.bone)))


def _scores(page: _Page, assessment: Assessment) -> None:
    left = _MARGIN + 74 * mm
    columns = [_RIGHT - 52 * mm, _RIGHT - 26 * mm, _RIGHT]
    line = 4.4 * mm
    y = _FILM_TOP - 3.5 * mm
    cards = [assessment.standards[key] for key in STANDARDS]
    _write(page, left, y, "Bone", 8, _BOLD, _QUIET)
    for x, card in zip(columns, cards, strict=True):
        _write_right(page, x, y, card.name, 8, _BOLD, _QUIET)
    y -= line
    for column in columns:
        _write_right(page, column - 10 * mm, y, "grade", 6.5, colour=_QUIET)
        _write_right(page, column, y, "score", 6.5, colour=_QUIET)
    for index, bone in enumerate(assessment.bones):
        y -= line
        if index % 2 == 0:
            page.setFillColor(_BAND)
            page.rect(left - 1.5 * mm, y - 1.3 * mm, _RIGHT - left + 2.5 * mm, line, stroke=0, fill=1)
        page.setFillColor(HexColor(bone_colour(bone)))
        page.circle(left + 1.2 * mm, y + 2.6, 2, stroke=0, fill=1)
        _write(page, left + 4 * mm, y, BONE_TITLES[bone], 8.5)
        for x, card in zip(columns, cards, strict=True):
            label, score = card.labels[bone], card.scores[bone]
            _write_right(page, x - 10 * mm, y, NO_VALUE if label is None else label, 8.5, _BOLD)
            _write_right(page, x, y, NO_VALUE if score is None else str(score), 8.5)
    page.setStrokeColor(_INK)
    page.setLineWidth(0.7)
    page.line(left - 1.5 * mm, y - 1.8 * mm, _RIGHT + 1 * mm, y - 1.8 * mm)
    y -= line * 0.25
    for title, values in (
        ("Total score", [NO_VALUE if card.total is None else str(card.total) for card in cards]),
        ("Table age", [_short_age(assessment, card) for card in cards]),
        ("90 % interval, years", [_interval(assessment, card) for card in cards]),
    ):
        y -= line
        _write(page, left, y, title, 8.5, _BOLD)
        for x, value in zip(columns, values, strict=True):
            _write_right(page, x, y, value, 8.5, _BOLD)
    _notes(page, assessment, left, y - line * 1.15)


def _short_age(assessment: Assessment, card: ScoreCard) -> str:
    """The age in words without what stands in brackets: "10.1 years", "mature", "below 2.0 years"."""
    return NO_VALUE if card.total is None else assessment.table_age(card).partition(" (")[0]


def _interval(assessment: Assessment, card: ScoreCard) -> str:
    return NO_VALUE if (ends := assessment.table_interval(card)) is None else year_range(*ends)


def _notes(page: _Page, assessment: Assessment, left: float, y: float) -> None:
    failed = failed_checks(assessment)
    text = " ".join((f"{checks_title(assessment)}.", *(check.message for check in failed)))
    lines = _wrapped(page, text, _RIGHT - left, 7)
    if len(lines) > _NOTE_LINES:
        lines = [*lines[: _NOTE_LINES - 1], "The rest is on the page and in the JSON."]
    for line in lines:
        _write(page, left, y, line, 7, colour=_ALARM if failed else _QUIET)
        y -= 3.1 * mm


def _crops(page: _Page, assessment: Assessment, explanation: Explanation) -> None:
    title = f"The 13 regions, and below each the Grad-CAM of its grade (stage {explanation.cam_stage})"
    _write(page, _MARGIN, _CROPS_TOP, title, 8, _BOLD, _QUIET)
    gap = 2 * mm
    side = (_RIGHT - _MARGIN - gap * (_CROPS_A_ROW - 1)) / _CROPS_A_ROW
    picture = side * 0.92
    row_height = 2 * picture + 12 * mm
    out_of_line = {one.bone for one in assessment.inconsistencies}
    for index, (bone, one) in enumerate(assessment.bones.items()):
        row, column = divmod(index, _CROPS_A_ROW)
        x = _MARGIN + column * (side + gap)
        top = _CROPS_TOP - 2.5 * mm - row * row_height
        if one is None:
            page.setStrokeColor(_RULE)
            page.rect(x, top - 2 * picture, picture, 2 * picture)
            _write(page, x + 2 * mm, top - picture, "not found", 8, colour=_QUIET)
            _write(page, x, top - 2 * picture - 3.4 * mm, bone, 8, _BOLD)
            continue
        maps = explanation.maps[bone]
        page.drawImage(_image(jpeg(grey8(maps.crop), 92)), x, top - picture, picture, picture)
        overlay = jpeg(blended(maps.crop, maps.grad_cam, _MAP_OPACITY), 92)
        page.drawImage(_image(overlay), x, top - 2 * picture, picture, picture)
        page.setFillColor(HexColor(bone_colour(bone)))
        page.rect(x, top - 2 * picture - 1, picture, 1.6, stroke=0, fill=1)
        end = _write(page, x, top - 2 * picture - 3.8 * mm, bone, 8, _BOLD)
        _write(page, end + 1.5 * mm, top - 2 * picture - 3.8 * mm, one.label, 8, _BOLD, _ACCENT)
        about = f"TW3 {one.tw3_stage}, p {probability(one.probabilities[one.grade])}"
        _write(page, x, top - 2 * picture - 7 * mm, about, 6.8, colour=_QUIET)
        if bone in out_of_line:
            _write(page, x, top - 2 * picture - 9.8 * mm, "out of line", 6.8, _BOLD, _ALARM)
    _legend(page, _MARGIN + 6 * (side + gap), _CROPS_TOP - 2.5 * mm - row_height, picture)


def _legend(page: _Page, x: float, top: float, width: float) -> None:
    """Says what the colours and the numbers mean, in the place of a 14th crop."""
    ramp = np.linspace(0.0, 1.0, 128, dtype=np.float32)[None, :].repeat(4, axis=0)
    page.drawImage(_image(png(heat(ramp))), x, top - 4 * mm, width, 4 * mm)
    _write(page, x, top - 7 * mm, "0", 6.5, colour=_QUIET)
    _write_right(page, x + width, top - 7 * mm, "1", 6.5, colour=_QUIET)
    y = top - 11 * mm
    for line in _wrapped(
        page,
        "Grad-CAM: share of the crop's own maximum. Bold: RUS-CHN grade. TW3: stage. p: probability of that grade.",
        width,
        6.5,
    ):
        _write(page, x, y, line, 6.5, colour=_QUIET)
        y -= 2.9 * mm


def _foot(page: _Page, assessment: Assessment) -> None:
    page.setFillColor(_INK)
    page.roundRect(_MARGIN, _FOOT_TOP - 6.5 * mm, _RIGHT - _MARGIN, 6.5 * mm, 3, stroke=0, fill=1)
    _write(page, _MARGIN + 3 * mm, _FOOT_TOP - 4.4 * mm, DISCLAIMER, 9, _BOLD, white)
    # the weights have a line of their own, as there is a name for each network
    for place, line in enumerate(
        (f"Weights: {weights_line(assessment.weights)}", f"SHA-256 of the film's pixels: {assessment.film_sha256}")
    ):
        _write(page, _MARGIN, _FOOT_TOP - (9.7 + 3.1 * place) * mm, line, 6.5, colour=_QUIET)


def _image(file: bytes) -> ImageReader:
    return ImageReader(io.BytesIO(file))
