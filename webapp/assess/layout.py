"""What stands on the Assess tab, and where."""

from collections.abc import Sequence
from typing import Final

import gradio as gr

from core.assessment.grading.map_guide import shipped_guide
from core.composites.examples import Example
from webapp.assess.crop_cards import OVERLAY_CHOICES
from webapp.assess.film_view import NO_FILM_YET
from webapp.assess.summary import WELCOME
from webapp.shared.components import part_heading, styled_html
from webapp.shared.templates import render
from webapp.shared.words import SEX_WORDS

#: How long a film and its result stay in memory after the last use, in seconds; uploaded files go after the same time.
KEPT_SECONDS: Final = 3600

_STAGES: Final = [(f"Stage {stage}", stage) for stage in (1, 2, 3, 4)]

#: Low enough that the bone can be judged under the map.
_FIRST_OPACITY: Final = 0.4


class Layout:
    """The components of the tab, laid out inside the surrounding gr.Blocks, and the states of the session."""

    def __init__(self, examples: Sequence[Example]):
        self.film_state = gr.State(None, time_to_live=KEPT_SECONDS)
        self.assessment_state = gr.State(None, time_to_live=KEPT_SECONDS)
        self.answer = gr.State(None, time_to_live=KEPT_SECONDS)
        self.answer_number = gr.Textbox(visible="hidden")
        self.first_side, self.other_side = gr.State("L"), gr.State("R")
        with gr.Row(elem_classes="assess-page", equal_height=False):
            with gr.Column(scale=0, min_width=300, elem_classes="side"):
                self._build_inputs(examples)
            with gr.Column(scale=1, min_width=320, elem_id="answer"):
                self._build_answer()
        with gr.Column(visible=False, elem_id="details") as self.details:
            self._build_details()

    def _build_inputs(self, examples: Sequence[Example]) -> None:
        self.sex = gr.Radio(
            [(word, sex) for sex, word in SEX_WORDS.items()], label="1. Sex of the child", elem_id="sex", scale=0
        )
        self.film = gr.File(label="2. Hand radiograph", elem_id="film", height=150, scale=0)
        styled_html(render("assess/camera.html"), elem_id="camera")
        self.assess = gr.Button("Assess", variant="primary", elem_id="assess", size="lg", scale=0)
        self.example_buttons = []
        if examples:
            with gr.Column(elem_classes="examples", scale=0):
                styled_html(render("assess/examples_head.html"))
                with gr.Row(elem_classes="example-row"):
                    for number, example in enumerate(examples):
                        button = gr.Button(
                            example.caption,
                            icon=example.path,
                            elem_id=f"example-{number}",
                            elem_classes="example",
                            min_width=80,
                        )
                        self.example_buttons.append(button)

    def _build_answer(self) -> None:
        self.message = styled_html(elem_id="message", elem_classes="message-slot")
        self.read_other = gr.Button("Read the other hand", visible=False, elem_id="read-other", scale=0)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                self.film_view = styled_html(NO_FILM_YET, elem_id="film-view")
            with gr.Column(scale=6, min_width=320, elem_classes="headline-column"):
                self.headline = styled_html(WELCOME, elem_id="headline")
                with gr.Accordion(
                    "How this age is worked out", open=False, visible=False, elem_id="comes-about"
                ) as self.comes_about:
                    self.how = styled_html()
                    self.age_plot = gr.Plot(visible=False, show_label=False, container=False, elem_id="age-plot")
                self.verdict = styled_html(elem_id="verdict")

    def _build_details(self) -> None:
        part_heading(
            "The 13 bones",
            "rus",
            "epiphysis",
            "grad_cam",
            "shuffle_attention",
            "attention_residual",
            "stage",
            "localised",
        )
        with gr.Row(elem_classes="overlay-controls", equal_height=True):
            self.overlay = gr.Radio(
                OVERLAY_CHOICES, value="grad_cam", label="Overlay", elem_id="overlay", scale=4, min_width=300
            )
            self.opacity = gr.Slider(
                0.0, 1.0, value=_FIRST_OPACITY, step=0.05, label="Opacity", elem_id="opacity", scale=2, buttons=[]
            )
            first = shipped_guide().first_stage
            self.stage = gr.Dropdown(
                _STAGES, value=first, label="Maps of stage", elem_id="stage", scale=1, min_width=150
            )
        self.crops = styled_html(elem_id="crops")
        with gr.Row(equal_height=False):
            with gr.Column(scale=6, min_width=320):
                part_heading("Scores under each standard", "grade", "score")
                self.table = styled_html(elem_id="score-table")
            with gr.Column(scale=5, min_width=320) as self.influence:
                part_heading("Which bones move the age most")
                self.influence_plot = gr.Plot(show_label=False, container=False, elem_id="influence-plot")
        with gr.Row():
            self.correct = gr.Button("Correct this reading", elem_id="correct-reading")
            self.download_report = gr.DownloadButton("Download report (PDF)", elem_id="download-report")
            self.download_json = gr.DownloadButton("Download data (JSON)", elem_id="download-json")
        self.provenance = styled_html(elem_id="provenance")
