"""The endpoints by their names, as gradio's interface, its clients and MCP have them."""

from collections.abc import Callable
from typing import Any, Final

from gradio.events import api

from core.intake.background import BackgroundAssessor
from webapp.desk import Desk
from webapp.programs.asked import answered
from webapp.programs.films import FilmEndpoints
from webapp.programs.ledger import LedgerEndpoints

#: The lines in which the page's own work waits, so that a program takes its turn among people.
_LINES: Final = {
    "assess": "inference",
    "explain": "inference",
    "film": "program",
    "correct": "program",
    "queue": "queue",
    "queue_add": "intake",
    "export": "export",
}


def build_endpoints(desk: Desk, background: BackgroundAssessor | None) -> None:
    """Adds the endpoints to the surrounding gr.Blocks. background: assesses the ledger's films; None in a demo."""
    films, ledger = FilmEndpoints(desk), LedgerEndpoints(desk, background)
    endpoints: list[Callable[..., Any]] = [
        films.assess, films.explain, ledger.film, ledger.correct, ledger.queue, ledger.queue_add, ledger.export,
    ]  # fmt: skip
    for endpoint in endpoints:
        name = endpoint.__name__
        api(answered(endpoint), api_name=name, concurrency_limit=1, concurrency_id=_LINES[name])
