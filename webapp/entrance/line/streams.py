"""Answers that stay open: limited for each client, so that nobody takes all the connections that the program may have."""

import contextlib
from collections import Counter
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.entrance.requests import KnowsClients, client_asking, part_of, refused

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]

#: The parts of gradio's interface that stay open while a page is open, or while an answer is awaited.
_PARTS: Final = frozenset({"call", "heartbeat", "mcp", "queue", "upload_progress"})
#: An open page has one, and another while it waits for an answer. A client known by name may have more, as several programs may
#: use one name.
_OF_AN_ADDRESS, _OF_A_PERSON = 40, 200
_TOO_MANY: Final = (
    "Too many connections from your address are open at once: close some of its pages, then load this one again."
)


class Streams:
    """ASGI middleware: refuses a client's connections beyond those that may be open at once."""

    def __init__(self, app: ASGIApp, access: KnowsClients):
        self._app = app
        self._access = access
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or part_of(scope["path"]) not in _PARTS:
            await self._app(scope, receive, send)
            return
        client, known = client_asking(self._access, scope)
        if self._open[client] >= (_OF_A_PERSON if known else _OF_AN_ADDRESS):
            await refused(_TOO_MANY, 429)(scope, receive, send)
            return
        self._open[client] += 1
        try:
            await self._app(scope, receive, send)
        except RuntimeError as error:
            # whoever asked for an answer that does not exist has been told so; gradio then raises it, and would fill the log
            if not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


def open_as_many_as_may_be() -> None:
    """Lets the program have as many connections and files open as the machine allows, rather than a shell's lower default."""
    if resource is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS states a greater number than it allows
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
