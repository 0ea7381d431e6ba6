"""Builds the whole page and says how it is to be served."""

import contextlib
import functools
import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import gradio as gr
from starlette.middleware import Middleware

from core.access.roles import Action
from core.access.settings import served_host
from core.composites.examples import EXAMPLES_FOLDER, read_examples
from core.dataset.hub.events import start_pushing
from core.errors import BoneGradeError
from core.keeping.erasing import Retention, keep_erasing
from core.keeping.lasting import outlives_restart
from core.ledger import Ledger, LedgerSettings
from core.machine import keep_private, on_zero_gpu, served_port
from webapp.agreement.tab import build_agreement_tab
from webapp.annotate.tab import build_annotate_tab
from webapp.assess.layout import KEPT_SECONDS
from webapp.assess.tab import build_assess_tab
from webapp.data.tab import build_data_tab
from webapp.desk import Desk
from webapp.entrance.doors.bodies import CallsInJson, Sizes
from webapp.entrance.doors.doors import Doors, fetch_nothing, reload_nothing
from webapp.entrance.doors.own_pages import OwnPagesOnly
from webapp.entrance.failures import EXCEPTION_HANDLERS, quote_nothing
from webapp.entrance.files.passing import passing_folder, stop_in_peace
from webapp.entrance.files.quota import UploadLimits
from webapp.entrance.files.uploads import ProgressForgotten, UploadsWithin, receive_in_order
from webapp.entrance.line.line import PLACES, keep_order
from webapp.entrance.line.past_the_line import PastTheLine
from webapp.entrance.line.streams import Streams, open_as_many_as_may_be
from webapp.entrance.who.identity import Access, keep_peers
from webapp.erasures import LooksFirst
from webapp.languages.served import Catalogues
from webapp.programs.endpoints import build_endpoints
from webapp.programs.mcp import speak_mcp
from webapp.queue.tab import build_queue_tab
from webapp.service import live_assessor, warm_up
from webapp.shared.components import styled_html
from webapp.shared.templates import render
from webapp.shared.theme import page_head, theme
from webapp.shared.words import DISCLAIMER
from webapp.train.tab import build_train_tab
from webapp.zero_gpu import announce

_log = logging.getLogger(__name__)

_WELCOMES: Final = {
    "local": "One reader, this machine's user, with every role; what they say is kept.",
    "login": "People sign in with the names and passwords of the users file.",
    "proxy": "A proxy says who is at the screen.",
    "space": "People sign in with their Hugging Face account; anyone without a role sees no films.",
    "demo": "A demo: anybody may try it, and nothing is kept. Add a user with a password to collect readings.",
}

#: What gradio.routes prints for a file of a custom component.
_OF_A_COMPONENT: Final = re.compile(r"id=\w+, environment=\w+, type=\w+, file_name=\S+")

_MAX_UPLOAD: Final = "200mb"
_CLEANED_EVERY_SECONDS: Final = 600


def build_app(desk: Desk, examples_folder: Path = EXAMPLES_FOLDER) -> gr.Blocks:
    """The page with all its tabs, ready to be launched with launch_settings().

    The desk's assessor is first asked for when a film is assessed.
    """
    examples = read_examples(examples_folder)
    app = gr.Blocks(title="BoneGrade", analytics_enabled=False, delete_cache=(_CLEANED_EVERY_SECONDS, KEPT_SECONDS))
    with app:
        styled_html(render("page/header.html", disclaimer=DISCLAIMER))
        _build_sign(desk)
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Assess", id="assess"):
                assess = build_assess_tab(desk, examples)
            with gr.Tab("Annotate", id="annotate") as annotate_tab:
                annotate = build_annotate_tab(desk, assess)
            with gr.Tab("Queue", id="queue") as queue_tab:
                names = functools.partial(desk.those_who_may, Action.CORRECT)
                background = build_queue_tab(desk, annotate, tabs, queue_tab, names)
            with gr.Tab("Agreement", id="agreement") as agreement_tab:
                build_agreement_tab(desk, agreement_tab)
            with gr.Tab("Data", id="data"):
                build_data_tab(desk)
            with gr.Tab("Train", id="train") as train_tab:
                build_train_tab(desk, train_tab, assess, examples)
        annotate.wire_select(annotate_tab)
        annotate.wire_correct(tabs)
        build_endpoints(desk, background)
    # No request bypasses the line.
    app.queue(default_concurrency_limit=4, max_size=PLACES, api_open=False)
    return app


def _build_sign(desk: Desk) -> None:
    """Says who is signed in, and lets them in or out where there is a login."""
    with gr.Row(elem_classes="sign", equal_height=True):
        sign = styled_html(elem_id="who")
        if desk.access.mode == "space":
            gr.LoginButton(
                "Sign in with Hugging Face", logout_value="Sign out", elem_id="sign-in", icon=None, scale=0, size="sm",
                min_width=220,
            )  # fmt: skip
        elif desk.access.mode == "login":
            gr.Button("Sign out", link="/logout", elem_id="sign-out", scale=0, size="sm", min_width=110)

    forgets = desk.access.keeps and not desk.lasts

    def who(request: gr.Request) -> str:
        try:
            reader = desk.reader(request)
        except BoneGradeError as error:
            return render("page/who.html", refused=str(error), forgets=forgets)
        remark = "" if desk.access.keeps else " · demo: nothing is kept here"
        return render("page/who.html", refused="", reader=reader, remark=remark, forgets=forgets)

    gr.on(None, who, None, sign, show_progress="hidden", api_visibility="private")


def serve(environment: Mapping[str, str] = os.environ) -> None:
    """Opens the ledger, builds the page and serves it until it is stopped. A wrong setting ends it with a sentence."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    keep_private()
    for library in ("alembic", "httpx", "mcp"):  # their messages are for their developers
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        settings = launch_settings(environment)
        if on_zero_gpu(environment):
            announce()
        desk = open_desk(environment)
    except (BoneGradeError, OSError) as error:
        sys.exit(str(error))
    _log.info(_WELCOMES[desk.access.mode])
    warm_up()
    if desk.access.mode == "proxy":
        keep_peers()
    limits = UploadLimits(seconds=KEPT_SECONDS + _CLEANED_EVERY_SECONDS)
    settings["app_kwargs"]["middleware"] += [
        *desk.access.middleware(),
        Middleware(Streams, desk.access),
        Middleware(Sizes, desk.access),
        Middleware(ProgressForgotten),
        Middleware(UploadsWithin, desk.access, limits),
        Middleware(CallsInJson),
        Middleware(PastTheLine, desk.access, EXAMPLES_FOLDER),
    ]
    settings["app_kwargs"]["middleware"].insert(0, Middleware(LooksFirst, desk.erasures))
    desk.erasures.keep_looking()
    receive_in_order()
    keep_order(desk.access)
    quote_nothing()
    open_as_many_as_may_be()
    fetch_nothing()
    reload_nothing()
    leave_matplotlib_out()
    print_no_requests()
    speak_mcp()
    stop_in_peace()
    try:
        with passing_folder():
            build_app(desk).launch(**settings, **desk.access.launch_arguments())
    except BoneGradeError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:  # before the server was up
        sys.exit(1)


def leave_matplotlib_out() -> None:
    """Keeps gradio from loading matplotlib (40 MiB) to set its backend around each event: the page's figures are plotly's."""
    gr.utils.MatplotlibBackendMananger = contextlib.nullcontext  # type: ignore[assignment,misc]


def print_no_requests() -> None:
    """Keeps gradio from printing a line for each file of the box editor that a page fetches; it still prints all else."""

    def said(*values: Any, **settings: Any) -> None:
        if not (len(values) == 1 and _OF_A_COMPONENT.match(str(values[0]))):
            print(*values, **settings)

    gr.routes.print = said  # type: ignore[attr-defined]


def open_desk(environment: Mapping[str, str] = os.environ) -> Desk:
    """The desk of this process: who comes in and how, and the ledger, brought up to date.

    Raises BoneGradeError where the ledger, the list of users or a setting cannot be used.
    """
    access = Access.from_environment(environment)
    ledger = Ledger.open(LedgerSettings.from_environment(environment)) if access.keeps else None
    if ledger is not None:
        start_pushing(ledger, environment, access.log)
        keep_erasing(ledger, Retention.from_environment(environment), access.log)
    return Desk(live_assessor, ledger, access, access.log, outlives_restart(environment))


def launch_settings(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Arguments for gr.Blocks.launch.

    environment: see served_host and served_port, which raises BoneGradeError if PORT is not a port number.
    """
    return {
        "server_name": served_host(environment),
        "server_port": served_port(environment),
        "theme": theme(),
        "head": page_head(),
        # So that the examples are found wherever the app is started from.
        "allowed_paths": [str(EXAMPLES_FOLDER)],
        "app_kwargs": {
            "middleware": [
                Middleware(Doors, EXAMPLES_FOLDER, framed=bool(environment.get("SPACE_ID"))),
                Middleware(OwnPagesOnly),
                Middleware(Catalogues),
            ],
            "exception_handlers": EXCEPTION_HANDLERS,
        },
        "enable_monitoring": False,
        "max_file_size": _MAX_UPLOAD,
        # Nothing of a film may stay behind in the browser's storage.
        "run_history": False,
        "footer_links": ["api"],
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": True,
        "share": False,
    }
