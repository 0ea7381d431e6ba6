"""What stands on the Agreement tab, and where."""

from typing import Any, Final

import gradio as gr
from markupsafe import Markup

from core.agreement import AgeScale
from core.bones import BONE_TITLES, RUS_BONES
from core.ledger import Ledger
from core.standards import standard
from webapp.agreement.gold import GoldFilms
from webapp.shared.components import Updates, explained, styled_html
from webapp.shared.templates import render

#: As in "RUS-CHN age".
SCALE_NAMES: Final[dict[AgeScale, str]] = {
    "rus_chn": standard("rus_chn").name,
    "tw3_rus": standard("tw3_rus").name,
    "tw3_c_rus": standard("tw3_c_rus").name,
    "calibrated": "calibrated bone",
}


class Layout:
    """The components of the tab, laid out inside the surrounding gr.Blocks."""

    def __init__(self, ledger: Ledger | None):
        """ledger: whose films may be made gold; None in a demo."""
        with gr.Column(elem_id="agreement", elem_classes="agreement-page"):
            with gr.Row(elem_classes="agreement-controls", equal_height=True):
                self.choice = gr.Dropdown([], label="Compare", elem_id="agreement-choice", scale=4, min_width=260)
                self.scale = gr.Dropdown(
                    [(f"{name[0].upper()}{name[1:]} age", scale) for scale, name in SCALE_NAMES.items()],
                    value="rus_chn",
                    label="Ages by",
                    elem_id="agreement-scale",
                    scale=2,
                    min_width=170,
                )
                self.refresh = gr.Button("Refresh", elem_id="agreement-refresh", scale=0, min_width=140)
            self.message = styled_html(elem_id="agreement-message", elem_classes="message-slot")
            self.status = styled_html(elem_id="agreement-status")
            with gr.Column(visible=False) as self.body:
                self._build_body(ledger)
        self.look_back = styled_html(elem_id="agreement-look-back")
        self.answer = gr.Textbox(visible="hidden")

    def _build_body(self, ledger: Ledger | None) -> None:
        self.tiles = styled_html(elem_id="agreement-tiles")
        explained("kappa", "confusion", "bias", "gold")
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=320):
                self.kappa = FigurePart("kappa")
            with gr.Column(scale=1, min_width=320) as self.confusion_column:
                self.bone = gr.Dropdown(
                    [(BONE_TITLES[bone], bone) for bone in RUS_BONES],
                    value=None,
                    label="Bone",
                    elem_id="agreement-bone",
                    render=False,
                )
                self.confusion = FigurePart("confusion", self.bone)
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=320) as self.ages_column:
                self.ages = FigurePart("ages")
            with gr.Column(scale=1, min_width=320) as self.times_column:
                self.times = FigurePart("times")
        self.gold = styled_html(elem_id="agreement-gold")
        self.gold_said = styled_html(elem_id="agreement-gold-said", elem_classes="message-slot")
        self.gold_films = GoldFilms(ledger)


class FigurePart:
    """One figure: a heading, a sentence on what it shows, the figure, and its numbers as a table."""

    def __init__(self, name: str, control: gr.components.Component | None = None):
        """control: to be rendered between the sentence and the figure."""
        self._text = styled_html(elem_id=f"agreement-{name}-text")
        if control is not None:
            control.render()  # type: ignore[no-untyped-call]
        self._plot = gr.Plot(
            show_label=False, container=False, elem_id=f"agreement-{name}", elem_classes="agreement-plot"
        )
        self._table = styled_html(elem_id=f"agreement-{name}-table")
        self.outputs = [self._text, self._plot, self._table]

    def shows(self, title: str, sentence: str, figure: Any, table: Markup | None, note: str = "") -> Updates:
        """figure: None where there is nothing to draw, which the sentence explains. note: a caveat, below it."""
        numbers = render("agreement/numbers.html", table=table, note=note) if figure else ""
        return {
            self._text: heading(title, sentence),
            self._plot: gr.Plot(value=figure, visible=figure is not None),
            self._table: numbers,
        }


def heading(title: str, sentence: str) -> str:
    """A part's heading with the sentence that says what it shows, as HTML."""
    return render("agreement/heading.html", title=title, sentence=sentence)
