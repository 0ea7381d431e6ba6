"""Requests that are refused before gradio sees them: in its own form, and those that are too big to be read into memory."""

import json
import logging
import sys
import traceback
from typing import Final

import gradio as gr
from gradio import queueing, routes
from gradio.route_utils import FnIndexInferError
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.entrance.clients import KnowsClients, client_asking

_log = logging.getLogger(__name__)

API: Final = "/gradio_api/"
#: Of a request that is not an upload: what waits lies in memory. The longest that the page sends names the files that were
#: uploaded, half a kilobyte each: 1,000 of an address, 20,000 of a person; see webapp.entrance.quota.
_MOST_BYTES: Final = 1 << 20
#: Of who is known by name.
_MOST_BYTES_OF_KNOWN: Final = 32 << 20
#: What the library of MCP reads, in which a film inside a JSON text is a third longer than its file.
_MOST_BYTES_OF_MCP: Final = 4 << 20
_TOO_BIG: Final = (
    "The request is bigger than {} MB, or does not say how big it is: upload the film's file to "
    f"{API}upload, and send what that answers."
)
_NOT_JSON: Final = (
    "The call is not JSON that can be read, or is nested too deeply: see docs/api.md for what one looks like."
)


def refused(sentence: str, status: int) -> JSONResponse:
    """In the form in which gradio refuses."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def part_of(path: str) -> str:
    """The first part of an address of gradio's interface; "" for any other."""
    return path.removeprefix(API).split("/")[0] if path.startswith(API) else ""


def posted_to(scope: Scope, part: str) -> bool:
    """Whether something is sent to this part of gradio's interface."""
    return scope["type"] == "http" and scope["method"] == "POST" and part_of(scope["path"]) == part


def content_length(headers: Headers) -> int | None:
    """Bytes of the body, by the header that says it: 0 without one, None where it is no number."""
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else None


async def misnamed(request: Request, error: Exception) -> Response:
    """The answer to a program that asks for a name that does not exist, which gradio would answer with a server
    error."""
    if not request.url.path.startswith(f"{API}call/"):
        raise error
    if isinstance(error, TypeError):  # of gradio's, about the inputs' names
        return refused(f"{str(error).split('. ')[0]}: see docs/api.md for the inputs.", 400)
    return refused("There is no endpoint of this name: see docs/api.md for those that there are.", 404)


#: For gradio's FastAPI.
EXCEPTION_HANDLERS: Final = {TypeError: misnamed, KeyError: misnamed, FnIndexInferError: misnamed}


class Sizes:
    """ASGI middleware: refuses what is too big to be read into memory. Uploads are not, and have limits of their own."""

    def __init__(self, app: ASGIApp, access: KnowsClients):
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or part_of(scope["path"]) == "upload":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = None if "transfer-encoding" in headers else content_length(headers)
        most = _MOST_BYTES
        if length is None or length > most:
            most = self._most(scope)
        if length is None or length > most:
            await refused(_TOO_BIG.format(most >> 20), 413)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _most(self, scope: Scope) -> int:
        if part_of(scope["path"]) == "mcp":
            return _MOST_BYTES_OF_MCP
        return _MOST_BYTES_OF_KNOWN if client_asking(self._access, scope)[1] else _MOST_BYTES


class CallsInJson:
    """ASGI middleware: refuses calls over MCP whose JSON cannot be read. Its library would fail over what is nested more
    deeply than Python goes, and log all of the way there. It reads the body, so that a size has to be set before it."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if not posted_to(scope, "mcp"):
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
            json.loads(body)
        except ClientDisconnect:
            return  # there is nobody left to answer
        except (ValueError, RecursionError):
            await refused(_NOT_JSON, 400)(scope, receive, send)
            return
        await self._app(scope, read_again(body, receive), send)


def read_again(body: bytes, receive: Receive) -> Receive:
    """Hands on a request's body that was read already, and then whatever else comes."""
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def quote_nothing() -> None:
    """Has gradio say in the log of what kind an error was and where it came up, and never what was sent, which it quotes
    however long it is: it may be a patient's name."""
    for module in (queueing, routes):
        module.traceback = _Kinds  # type: ignore[attr-defined]


class _Kinds:
    """What gradio asks of the module traceback."""

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
