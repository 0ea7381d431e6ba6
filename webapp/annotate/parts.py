"""The components of the Annotate tab, where they stand, and the messages that they carry."""

import json
import uuid
from typing import Any, Literal

import gradio as gr
from gradio_image_annotation import image_annotator

from core.bones import RUS_BONES
from core.ledger.checks import LONGEST_NOTE
from webapp.annotate.view import key_strip, nothing_open, toolbar
from webapp.shared.bone_style import bone_colour
from webapp.shared.components import Updates, explained, part_heading, styled_html
from webapp.shared.consent_terms import ConsentTerms

Kind = Literal["good", "warning", "error"]


def told(**facts: Any) -> str:
    """One message to the script; the nonce distinguishes it from an earlier one that is seen again."""
    return json.dumps({"nonce": uuid.uuid4().hex, **facts}, allow_nan=False)


def remark(text: str, kind: Kind) -> dict[str, str] | None:
    """A sentence for the reader; None for no sentence."""
    return {"text": text, "kind": kind} if text else None


def asking(film_id: int) -> str:
    """What sets `Parts.film_to_open`; the token distinguishes it from an earlier request for the same film."""
    return f"{film_id}:{uuid.uuid4().hex}"


class Parts:
    """All components, laid out inside the surrounding gr.Blocks. The hidden ones carry messages to and from the browser."""

    def __init__(self) -> None:
        self.empty = styled_html(nothing_open(), elem_id="annotate-empty")
        with gr.Column(visible=False, elem_id="annotate") as self.page:
            styled_html(toolbar(), elem_id="annotate-bar")
            explained("grade", "epiphysis", "interval", "gold", "consent")
            self.clash = styled_html(elem_id="annotate-clash")
            with gr.Row(equal_height=False, elem_classes="annotate-row"):
                with gr.Column(scale=5, min_width=320, elem_classes="annotate-film-side"):
                    self.editor = image_annotator(
                        label_list=list(RUS_BONES),
                        label_colors=[bone_colour(bone) for bone in RUS_BONES],
                        boxes_alpha=0.06,
                        box_thickness=2,
                        box_selected_thickness=3,
                        image_type="filepath",
                        sources=[],
                        show_label=False,
                        show_download_button=False,
                        show_share_button=False,
                        show_clear_button=False,
                        show_remove_button=True,
                        container=False,
                        elem_id="box-editor",
                    )
                    self.no_pixels = styled_html(elem_id="no-pixels")
                with gr.Column(scale=7, min_width=320, elem_classes="annotate-reading-side"):
                    self.totals = styled_html(elem_id="annotate-totals")
                    self.workplace = styled_html(elem_id="annotate-work")
            styled_html(key_strip(), elem_id="annotate-keys")
            with gr.Row(equal_height=False, elem_classes="annotate-foot"):
                with gr.Column(scale=5, min_width=320):
                    with gr.Column() as self.consent_part:
                        self.consent = gr.Checkbox(
                            False,
                            label="Keep this film's pixels with my corrections",
                            info="Without the tick only its labels are kept; with it, its picture is stored on the server, so "
                            "that it can be read again and used for training. Names in the file are never stored.",
                            elem_id="consent",
                        )
                        self.terms = ConsentTerms("annotate")
                    self.writing = styled_html(elem_id="annotate-writing")
                    gr.Textbox(
                        label="Note on the film", lines=1, max_lines=4, max_length=LONGEST_NOTE, elem_id="film-note"
                    )
                with gr.Column(scale=7, min_width=320):
                    self.gold = styled_html(elem_id="annotate-gold")
                    part_heading("History of this film")
                    self.history = styled_html(elem_id="annotate-history")
        self.has_guide = gr.State(False)
        self.film_to_open = gr.Textbox(visible="hidden", elem_id="film-to-open", label="Film to open")
        self.opened = gr.Textbox(visible="hidden", elem_id="annotate-opened")
        self.kept = gr.Textbox(visible="hidden")
        self.boxes = gr.Textbox(visible="hidden")
        self.acted = gr.Textbox(visible="hidden")
        self.command = gr.Textbox(visible="hidden")
        self.work = gr.Textbox(visible="hidden")
        self.keep_button = gr.Button(visible="hidden", elem_id="annotate-keep")
        self.act_button = gr.Button(visible="hidden", elem_id="annotate-act")
        self.nudge_button = gr.Button(visible="hidden", elem_id="annotate-nudge")
        self.redraw_button = gr.Button(visible="hidden", elem_id="annotate-redraw")

    def asking_consent(self, asks: bool) -> Updates:
        """Asks anew for the consent to keep a film's pixels, or not at all: what was agreed for one film holds for no other."""
        return {self.consent_part: gr.Column(visible=asks), self.consent: False, **self.terms.unsaid()}
