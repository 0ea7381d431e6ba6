"""What stands on the Queue tab, and where."""

from collections.abc import Callable
from typing import Final

import gradio as gr

from core.annotation.queue_wish import OLDEST
from core.ledger.queue.reading_queue import QueueOrder
from webapp.queue.upload import UploadPart
from webapp.shared.components import classes_if, explained, part_heading, styled_html
from webapp.shared.words import SEX_WORDS

_ORDERS: Final = [
    ("Expected gain", QueueOrder.EXPECTED_GAIN.value),
    ("Random", QueueOrder.RANDOM.value),
    ("Oldest first", QueueOrder.OLDEST.value),
]
_ORDER_INFO: Final = (
    "Expected gain: first the hands whose bones contradict one another or on which readers "
    "disagree, above all on the bones hardest to read."
)
_STATES: Final = [
    ("To read", "to_read"),
    ("Read by you", "read_by_me"),
    ("Read by anyone", "read"),
    ("Skipped", "skipped"),
    ("Flagged", "flagged"),
    ("Refused", "refused"),
    ("All", "all"),
]
#: Seconds between the page's looks at how the assessing is going.
_EVERY_SECONDS: Final = 2.0


class Layout:
    """The components of the tab, laid out inside the surrounding gr.Blocks. The hidden ones carry messages to and from the
    browser."""

    def __init__(self, build_upload: Callable[[], UploadPart]):
        """build_upload: lays out the part in which films are added."""
        with gr.Column(elem_id="queue"):
            self._build_start()
            self._build_list()
            self._build_acts()
            self.page = gr.State(0)
            self.opened = gr.Textbox(visible="hidden", elem_id="queue-opened", label="Film to open")
            self.chosen = gr.Textbox(visible="hidden", elem_id="queue-chosen", label="Chosen films")
            self.timer = gr.Timer(_EVERY_SECONDS, active=False)
            with gr.Column(elem_classes="queue-part"):
                part_heading("Add films", "consent")
                self.viewer = styled_html(elem_id="queue-viewer")
                with gr.Column() as self.uploading:
                    self.upload = build_upload()

    def _build_start(self) -> None:
        self.counts = styled_html(elem_id="queue-counts")
        explained("order", "gold")
        self.progress = styled_html(elem_id="queue-background")
        with gr.Row(elem_classes="queue-start", equal_height=True) as self.starting:
            self.order = gr.Radio(
                _ORDERS,
                value=QueueOrder.EXPECTED_GAIN.value,
                label="Order",
                info=_ORDER_INFO,
                elem_id="queue-order",
                scale=3,
            )
            self.start = gr.Button("Start reading", variant="primary", size="lg", elem_id="queue-start", scale=1)
        self.message = styled_html(elem_id="queue-message")

    def _build_list(self) -> None:
        with gr.Row(elem_classes="queue-filters", equal_height=True) as self.filtering:
            self.state = gr.Dropdown(_STATES, value="to_read", label="State", elem_id="queue-state", min_width=130)
            self.sex = gr.Dropdown(
                [("Both", ""), *[(word, sex) for sex, word in SEX_WORDS.items()]],
                value="",
                label="Sex",
                elem_id="queue-filter-sex",
                min_width=110,
            )
            self.youngest = gr.Number(
                0,
                label="Bone age from, years",
                minimum=0,
                maximum=OLDEST,
                elem_id="queue-from",
                min_width=130,
            )
            self.oldest = gr.Number(
                OLDEST, label="to, years", minimum=0, maximum=OLDEST, elem_id="queue-to", min_width=110
            )
            self.mine = gr.Checkbox(False, label="Assigned to me", elem_id="queue-mine", min_width=130)
        self.table = styled_html(elem_id="queue-films")
        with gr.Row(elem_classes="queue-pages"):
            self.previous = gr.Button("Previous", size="sm", min_width=90, elem_id="queue-previous", interactive=False)
            self.place = styled_html(elem_id="queue-place")
            self.next = gr.Button("Next", size="sm", min_width=90, elem_id="queue-next", interactive=False)

    def _build_acts(self) -> None:
        with gr.Row(elem_classes="queue-acts", equal_height=True) as self.acts:
            self.skip = gr.Button("Skip", size="sm", min_width=80, elem_id="queue-skip")
            self.reason = gr.Textbox(
                label="Reason for the flag", max_lines=1, max_length=500, elem_id="queue-reason", min_width=180, scale=2
            )
            self.flag = gr.Button("Flag", size="sm", min_width=80, elem_id="queue-flag")
            self.unflag = gr.Button("Remove flag", size="sm", min_width=110, elem_id="queue-unflag")
            with gr.Row(elem_classes=classes_if(False), equal_height=True, elem_id="queue-assigning") as self.assigning:
                self.assignee = gr.Dropdown(
                    [], label="Reader", allow_custom_value=True, elem_id="queue-assignee", min_width=150, scale=2
                )
                self.assign = gr.Button("Assign", size="sm", min_width=80, elem_id="queue-assign")
