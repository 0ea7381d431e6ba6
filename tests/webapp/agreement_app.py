"""The Agreement tab alone, for its browser test: `python -m tests.webapp.agreement_app FOLDER` (no folder: a demo).

Who is at the screen stands in the address, as in "?as=anna:REVIEWER".
"""

import os
import sys
from pathlib import Path

import gradio as gr

from core.access.roles import Reader, Role
from core.ledger import Ledger, LedgerSettings
from webapp.agreement.tab import build_agreement_tab
from webapp.app import launch_settings
from webapp.desk import Desk
from webapp.service import live_assessor


class FromAddress:
    """Whoever the page's address names."""

    keeps = True

    def reader_of(self, request: gr.Request | None) -> Reader:
        assert request is not None
        name, _, role = request.query_params["as"].partition(":")
        return Reader(name, Role[role])


def build(folder: str | None) -> gr.Blocks:
    """The tab beside an empty one."""
    ledger = None if folder is None else Ledger.open(LedgerSettings.in_folder(Path(folder)))
    with gr.Blocks(analytics_enabled=False) as app, gr.Tabs():
        with gr.Tab("Start"):
            gr.Markdown("Start")
        with gr.Tab("Agreement") as tab:
            build_agreement_tab(Desk(live_assessor, ledger, FromAddress()), tab)
    return app


if __name__ == "__main__":
    build(sys.argv[1] if len(sys.argv) > 1 else None).launch(**launch_settings(os.environ))
