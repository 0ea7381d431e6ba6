"""What the Assess tab shows of a film: nothing of the last one, or all there is to see of an assessment."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

import gradio as gr

from core.assessment.age.measured_error import shipped_errors
from core.assessment.records import Assessment, FilmAssessor
from core.bones import Sex
from core.film.stated import Side
from core.hand.several import offers_another
from webapp.assess.crop_cards import crop_grid
from webapp.assess.film_view import NO_FILM_YET, film_preview, film_with_boxes
from webapp.assess.in_hand import FilmInHand
from webapp.assess.layout import Layout
from webapp.assess.report import report_pdf
from webapp.assess.summary import (
    WELCOME,
    headline,
    how_it_comes_about,
    message,
    provenance,
    score_table,
    verdict,
    what_to_know,
)
from webapp.entrance.files.owners import hand_out
from webapp.languages.served import language_asked
from webapp.shared.components import Updates
from webapp.shared.figures import age_figure, influence_figure
from webapp.shared.words import short_hash

#: Shares of the progress bar at which reading, assessing, explaining and drawing end.
READ_UNTIL: Final = 0.05
_ASSESSED_AT, _EXPLAINED_AT, _DRAWN_AT = 0.6, 0.85, 0.97


class MapWish(NamedTuple):
    """Which map is laid over the crops, how strongly (0..1), and of which stage of the grader (1..4)."""

    overlay: str
    opacity: float
    stage: int


def emptied(parts: Layout, film: FilmInHand | None, text: str = "") -> Updates:
    """Takes every trace of the last result off the page, so that it is not taken for that of the next film. film: shown, not
    assessed. text: the message above it."""
    return {
        parts.message: message(text),
        parts.read_other: gr.Button(visible=False),
        parts.film_state: film,
        parts.assessment_state: None,
        parts.film_view: NO_FILM_YET if film is None or film.read is None else film_preview(film.read),
        parts.headline: WELCOME,
        parts.comes_about: gr.Accordion(visible=False),
        parts.verdict: "",
        parts.details: gr.Column(visible=False),
    }


def assessed(
    parts: Layout,
    load_assessor: Callable[[], FilmAssessor],
    film: FilmInHand,
    sex: Sex,
    side: Side,
    wish: MapWish,
    progress: gr.Progress,
) -> Updates:
    """Assesses a film and draws all there is to see. side: which hand is read where it shows two. Raises
    BoneGradeError."""
    progress(READ_UNTIL, desc="Loading the weights")
    assessor = load_assessor()
    span = _ASSESSED_AT - READ_UNTIL

    def told(share: float, text: str) -> None:
        progress(READ_UNTIL + span * share, desc=text)

    hand = assessor.find_hand(film.radiograph, told, side)
    assessment = assessor.assess_hand(hand, sex, told)
    drawn_film = drawn(parts, assessor, replace(film, hand=hand), assessment, wish, progress)
    return {**drawn_film, parts.other_side: "R" if side == "L" else "L"}


def drawn(
    parts: Layout,
    assessor: FilmAssessor,
    film: FilmInHand,
    assessment: Assessment,
    wish: MapWish,
    progress: gr.Progress,
) -> Updates:
    """All there is to see of an assessment of the film in hand. assessor: the one that made it."""
    progress(_ASSESSED_AT, desc="Explaining the grades")
    explanation = assessor.explain(film.found_hand, assessment, wish.stage)
    progress(_EXPLAINED_AT, desc="Drawing")
    report = report_pdf(film.radiograph, assessment, explanation, datetime.now().astimezone(), language_asked())
    data = json.dumps(assessment.to_dict(), indent=2, allow_nan=False).encode()
    name, of_film = f"bonegrade_{short_hash(assessment.film_sha256)}", (assessment.film_sha256, film.since)
    age_plot, influence_plot = age_figure(assessment), influence_figure(assessment)
    progress(_DRAWN_AT, desc="Sending")
    return {
        parts.message: message(what_to_know(assessment), "warning"),
        parts.read_other: gr.Button(visible=offers_another(assessment.localization)),
        parts.film_state: film,
        parts.assessment_state: assessment,
        parts.film_view: film_with_boxes(film.radiograph, assessment),
        parts.headline: headline(assessment, shipped_errors()),
        parts.comes_about: gr.Accordion(visible=True),
        parts.how: how_it_comes_about(assessment),
        parts.verdict: verdict(assessment),
        parts.age_plot: gr.Plot(value=age_plot, visible=age_plot is not None),
        parts.details: gr.Column(visible=True),
        parts.crops: crop_grid(assessment, explanation, wish.overlay, wish.opacity),
        parts.table: score_table(assessment),
        parts.influence: gr.Column(visible=influence_plot is not None),
        parts.influence_plot: influence_plot,
        parts.download_report: hand_out(report, f"{name}.pdf", parts.download_report.GRADIO_CACHE, of_film),
        parts.download_json: hand_out(data, f"{name}.json", parts.download_json.GRADIO_CACHE, of_film),
        parts.provenance: provenance(assessment),
    }
