"""Builds the whole page and says how it is to be served."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import gradio as gr

from core.readers import Action
from webapp.agreement_tab import build_agreement_tab
from webapp.annotate_tab import build_annotate_tab
from webapp.assess_tab import KEPT_SECONDS, build_assess_tab
from webapp.data_tab import build_data_tab
from webapp.desk import Desk
from webapp.examples import EXAMPLES_FOLDER, read_examples
from webapp.queue_tab import build_queue_tab
from webapp.theme import page_head, theme
from webapp.words import DISCLAIMER

_HEADER: Final = f"""
<header class="masthead">
  <div><h1>BoneGrade</h1><p>Bone age from the 13 epiphyses of a child's hand: RUS-CHN, TW3-RUS and TW3-C</p></div>
  <p class="disclaimer" role="note">{DISCLAIMER}</p>
</header>
"""

_MAX_UPLOAD: Final = "200mb"
_CLEANED_EVERY_SECONDS: Final = 600
_WAITING_FILMS: Final = 64
_SESSIONS_IN_MEMORY: Final = 32


def build_app(desk: Desk, examples_folder: Path = EXAMPLES_FOLDER) -> gr.Blocks:
    """The page with all its tabs, ready to be launched with launch_settings().

    The desk's assessor is first asked for when a film is assessed.
    """
    app = gr.Blocks(title="BoneGrade", analytics_enabled=False, delete_cache=(_CLEANED_EVERY_SECONDS, KEPT_SECONDS))
    with app:
        gr.HTML(_HEADER, apply_default_css=False)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Assess", id="assess"):
                assess = build_assess_tab(desk.load_assessor, read_examples(examples_folder))
            with gr.Tab("Annotate", id="annotate") as annotate_tab:
                annotate = build_annotate_tab(desk, assess)
            with gr.Tab("Queue", id="queue"):
                build_queue_tab(desk, annotate, tabs, lambda: desk.those_who_may(Action.CORRECT))
            with gr.Tab("Agreement", id="agreement") as agreement_tab:
                agreement = build_agreement_tab(desk)
            with gr.Tab("Data", id="data"):
                build_data_tab(desk)
        annotate.wire_select(annotate_tab)
        agreement.refresh_on(agreement_tab.select)
    app.queue(default_concurrency_limit=4, max_size=_WAITING_FILMS)
    return app


def launch_settings(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Arguments for gr.Blocks.launch.

    environment: PORT (7860 if not set) and HOST or GRADIO_SERVER_NAME (this computer only, if neither is set; a
    Hugging Face Space, which sets SPACE_ID, is reachable from outside). Raises ValueError if PORT is no port number.
    """
    port = environment.get("PORT") or "7860"
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"PORT must be a number from 1 to 65535, not {port!r}.")
    host = environment.get("HOST") or environment.get("GRADIO_SERVER_NAME")
    return {
        "server_name": host or ("0.0.0.0" if environment.get("SPACE_ID") else "127.0.0.1"),
        "server_port": int(port),
        "theme": theme(),
        "head": page_head(),
        # So that the examples are found wherever the app is started from.
        "allowed_paths": [str(EXAMPLES_FOLDER)],
        "max_file_size": _MAX_UPLOAD,
        "state_session_capacity": _SESSIONS_IN_MEMORY,
        # Nothing of a film may stay behind in the browser's store.
        "run_history": False,
        "footer_links": ["api"],
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "share": False,
    }
