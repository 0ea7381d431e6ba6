"""What is said, to the client and in the log, where gradio cannot answer."""

import logging
import sys
import traceback
from typing import Final

import gradio as gr
from gradio import queueing, routes
from gradio.route_utils import FnIndexInferError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from webapp.entrance.requests import API, refused

_log = logging.getLogger(__name__)


async def misnamed(request: Request, error: Exception) -> Response:
    """The answer to a program that asks for a name that does not exist, for which gradio would give a server error."""
    if not request.url.path.startswith(f"{API}call/"):
        raise error
    if isinstance(error, TypeError):  # from gradio, about the inputs' names
        return refused(f"{str(error).split('. ')[0]}: see docs/api.md for the inputs.", 400)
    return refused("There is no endpoint of this name: see docs/api.md for those that there are.", 404)


#: For gradio's FastAPI.
EXCEPTION_HANDLERS: Final = {TypeError: misnamed, KeyError: misnamed, FnIndexInferError: misnamed}


def quote_nothing() -> None:
    """Makes gradio log what kind of error occurred and where, and never what was sent, which it would quote in full: it may be
    a patient's name."""
    for module in (queueing, routes):
        module.traceback = _Kinds  # type: ignore[attr-defined]


class _Kinds:
    """What gradio uses of the module traceback."""

    @staticmethod
    def print_exc() -> None:
        """Logs the error that is being handled."""
        error = sys.exception()
        if error is None:
            return
        if isinstance(error, gr.Error | ValidationError):
            _log.warning("An event's inputs were refused: %s.", type(error).__name__)
        else:
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("An event failed: %s\n%s", type(error).__name__, where)
