"""The Assess, the Annotate and the Agreement tab over a ledger, as a program that a test starts, kills and starts again.

BONEGRADE_DATA: the ledger's folder. TEST_DEMO: nothing is kept. Who reads: cookie "reader" of the browser, "NAME:ROLE".
"""

import os
from dataclasses import dataclass

import gradio as gr

from core.access.roles import Reader, Role
from core.composites.examples import read_examples
from core.ledger import Ledger, LedgerSettings
from webapp.agreement.tab import build_agreement_tab
from webapp.annotate.tab import build_annotate_tab
from webapp.app import launch_settings
from webapp.assess.tab import build_assess_tab
from webapp.desk import Desk
from webapp.service import live_assessor, warm_up


@dataclass(frozen=True)
class CookieAccess:
    """Believes the browser, so that one program can serve readers of every role."""

    keeps: bool

    def reader_of(self, request: gr.Request | None) -> Reader:
        """The reader that the browser's cookie names; "anna" with the role reader where there is none."""
        said = "" if request is None else str(request.cookies.get("reader", ""))
        name, _, role = (said or "anna:READER").partition(":")
        return Reader(name, Role[role])


def main() -> None:
    """Serves until it is killed."""
    demo = bool(os.environ.get("TEST_DEMO"))
    ledger = None if demo else Ledger.open(LedgerSettings.from_environment())
    desk = Desk(live_assessor, ledger, CookieAccess(keeps=not demo))
    with gr.Blocks(title="BoneGrade", analytics_enabled=False) as app:
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Assess", id="assess"):
                assess = build_assess_tab(desk, read_examples())
            with gr.Tab("Annotate", id="annotate", render_children=True) as tab:
                annotate = build_annotate_tab(desk, assess)
            with gr.Tab("Agreement", id="agreement") as agreement_tab:
                build_agreement_tab(desk, agreement_tab)
        annotate.wire_select(tab)
    app.queue(default_concurrency_limit=4)
    warm_up()
    app.launch(**launch_settings())


if __name__ == "__main__":
    main()
