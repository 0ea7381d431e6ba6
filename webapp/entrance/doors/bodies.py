"""Which request bodies are read into memory: none that is too big, and no call over MCP that is not JSON."""

import json
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.entrance.requests import (
    API,
    KnowsClients,
    client_asking,
    content_length,
    part_of,
    posted_to,
    read_again,
    refused,
)

#: The largest body of a request that is not an upload, since bodies wait in memory. The longest that the page sends names the
#: uploaded files, half a kilobyte each: 1,000 for an address, 20,000 for a person; see webapp.entrance.files.quota.
_MOST_BYTES: Final = 1 << 20
#: The same for a client known by name.
_MOST_BYTES_OF_KNOWN: Final = 32 << 20
#: What the MCP library reads, where a film inside JSON is a third larger than its file.
_MOST_BYTES_OF_MCP: Final = 4 << 20
_TOO_BIG: Final = (
    "The request is bigger than {} MB, or does not say how big it is: upload the film's file to "
    f"{API}upload, and send what that answers."
)
_NOT_JSON: Final = (
    "The call is not JSON that can be read, or is nested too deeply: see docs/api.md for what one looks like."
)


class Sizes:
    """ASGI middleware: refuses what is too big to be read into memory. Uploads are not read into memory, and have limits of
    their own."""

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
    """ASGI middleware: refuses calls over MCP whose JSON cannot be read. Its library would fail over JSON nested more deeply
    than Python allows, and log the whole traceback. This reads the body, so that its size must be limited first."""

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
            return  # nobody is left to answer
        except (ValueError, RecursionError):
            await refused(_NOT_JSON, 400)(scope, receive, send)
            return
        await self._app(scope, read_again(body, receive), send)
