"""What stands on the Train tab, and where."""

import os
from collections.abc import Callable
from typing import Final

import gradio as gr

from core.keeping.lasting import HUB_DATASET_VARIABLE
from webapp.shared.components import part_heading, styled_html
from webapp.shared.templates import render
from webapp.train.side_by_side import SideBySidePart

NOT_HERE: Final = (
    "Nothing is trained on a Space: export the readings on the Data tab, and run the command below on another machine."
)
ON_THE_HUB: Final = (
    "Or the same run on a Hugging Face machine: films whose consent allows sharing, the program and the live weights "
    "travel through a private dataset, which is emptied of them when the job has ended. The dataset's owner pays for "
    "the machine."
)
GATE: Final = (
    "A run that has ended can be compared with the live model, one that the gate lets through can be promoted, and what was "
    "promoted can be rolled back."
)

#: How often a run at work is looked at, in seconds.
_WATCHED_SECONDS: Final = 3.0
#: Machines of the hub by its own names, from the cheapest to the fastest that one run can use.
_HARDWARE: Final = [
    ("CPU", "cpu-upgrade"), ("NVIDIA T4", "t4-small"), ("NVIDIA L4", "l4x1"), ("NVIDIA A10G", "a10g-small"),
    ("NVIDIA A100", "a100-large"),
]  # fmt: skip


class Layout:
    """The components of the tab, laid out inside the surrounding gr.Blocks."""

    def __init__(self, build_beside: Callable[[], SideBySidePart], *, trains_here: bool, sends: bool):
        """build_beside: lays out the part with two models side by side. trains_here: runs may be started on this machine.
        sends: they may be sent to the hub."""
        with gr.Column(elem_id="train"):
            styled_html(render("train/introduction.html"))
            self.message = styled_html(elem_id="train-message", elem_classes="message-slot")
            part_heading("Collected since the live model was made")
            self.collected = styled_html()
            self.collected_plot = gr.Plot(show_label=False, visible=False)
            self._build_run(trains_here, sends)
            self._build_gate(compares=trains_here or sends)
            self.beside = build_beside()
            self.timer = gr.Timer(_WATCHED_SECONDS, active=False)

    def messages(self) -> list[gr.HTML]:
        """The messages that say what was not done: the tab's own, and those beside buttons."""
        return [self.message, self.run_message, self.job_message, self.gate_message, self.beside.message]

    def _build_run(self, trains_here: bool, sends: bool) -> None:
        part_heading("A run", "candidate")
        with gr.Row(equal_height=True):
            self.start = gr.Button(
                "Start a run on this machine", variant="primary", elem_id="train-start", visible=trains_here
            )
            self.cancel = gr.Button(
                "Cancel the run", elem_id="train-cancel", visible=trains_here or sends, interactive=False
            )
        self.run_message = styled_html(elem_id="train-run-message", elem_classes="message-slot")
        if not trains_here:
            styled_html(render("shared/line.html", text=NOT_HERE, kind="", role=None))
        self.command = gr.Textbox(
            label="Or on a machine with a GPU", elem_id="train-command", interactive=False, buttons=["copy"]
        )
        self.command_note = styled_html()
        with gr.Column(visible=sends, elem_id="train-on-hub"):
            styled_html(render("shared/line.html", text=ON_THE_HUB, kind="", role=None))
            with gr.Row(equal_height=False):
                self.dataset = gr.Textbox(
                    os.environ.get(HUB_DATASET_VARIABLE, ""),
                    label="Private dataset on the hub (OWNER/NAME)",
                    elem_id="train-dataset",
                )
                self.hardware = gr.Dropdown(_HARDWARE, value="t4-small", label="Machine", elem_id="train-hardware")
            self.start_job = gr.Button("Start it as a Hugging Face Job", elem_id="train-start-job")
            self.job_message = styled_html(elem_id="train-job-message", elem_classes="message-slot")
        self.run = gr.Dropdown([], label="Run", elem_id="train-run", interactive=True)
        self.progress = styled_html()
        self.curve = gr.Plot(show_label=False, visible=False, elem_id="train-curve")

    def _build_gate(self, compares: bool) -> None:
        part_heading("The gate", "gate", "gold")
        styled_html(render("shared/line.html", text=GATE, kind="table-note", role=None))
        with gr.Row(equal_height=True):
            self.compare = gr.Button(
                "Compare with the live model", elem_id="train-compare", visible=compares, interactive=False
            )
            self.promote = gr.Button("Promote", variant="primary", elem_id="train-promote", interactive=False)
            self.rollback = gr.Button("Roll back", elem_id="train-rollback", interactive=False)
        self.gate_message = styled_html(elem_id="train-gate-message", elem_classes="message-slot")
        self.gate = styled_html()
        self.gate_plots = {unit: gr.Plot(show_label=False, visible=False) for unit in ("months", "kappa", "share")}
