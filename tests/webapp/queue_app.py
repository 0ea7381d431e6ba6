"""The Queue tab over a ledger, with the Annotate tab that it opens films in, as a program that a test starts and kills.

BONEGRADE_DATA: the ledger's folder. TEST_DEMO: nothing is kept. Who reads: cookie "reader" of the browser, "NAME:ROLE".
"""

import os

import gradio as gr

from core.composites.examples import read_examples
from core.ledger import Ledger, LedgerSettings
from tests.webapp.annotate_app import CookieAccess
from webapp.annotate.tab import build_annotate_tab
from webapp.app import launch_settings
from webapp.assess.tab import build_assess_tab
from webapp.desk import Desk
from webapp.queue.tab import build_queue_tab
from webapp.service import live_assessor


def main() -> None:
    """Serves until it is killed."""
    demo = bool(os.environ.get("TEST_DEMO"))
    ledger = None if demo else Ledger.open(LedgerSettings.from_environment())
    desk = Desk(live_assessor, ledger, CookieAccess(keeps=not demo))
    with gr.Blocks(title="BoneGrade", analytics_enabled=False) as app, gr.Tabs(elem_id="tabs") as tabs:
        with gr.Tab("Assess", id="assess"):
            assess = build_assess_tab(desk, read_examples())
        with gr.Tab("Annotate", id="annotate"):
            annotate = build_annotate_tab(desk, assess)
        with gr.Tab("Queue", id="queue") as tab:
            build_queue_tab(desk, annotate, tabs, tab)
    app.queue(default_concurrency_limit=4)
    app.launch(**launch_settings())


if __name__ == "__main__":
    main()
