"""What the page asks for past the line: little at a time for each client, and only with the visitor's own files."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.entrance.files.owners import refusal_of_others_files, visitor_of
from webapp.entrance.requests import KnowsClients, client_asking, part_of, read_again, refused

#: The parts of gradio's interface that answer at once.
_PARTS: Final = ("run", "api")
#: How many requests of one client are answered at once, and how many there may be including those that wait.
_AT_ONCE: Final = 2
_MOST: Final = 32
_TOO_MANY: Final = "Too much is asked for from your address at once: wait a little, then try again."
_NOT_JSON: Final = "The request is not JSON that can be read: load the page again."


@dataclass
class _Asked:
    """One client's requests. there: their number, some of which may be waiting."""

    there: int = 0
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))


class PastTheLine:
    """ASGI middleware: looks at what such a request names before gradio does. It reads the body, so that its size must be
    limited first."""

    def __init__(self, app: ASGIApp, access: KnowsClients, shipped: Path):
        """shipped: files for everybody."""
        self._app = app
        self._access = access
        self._shipped = shipped
        self._asked: dict[str, _Asked] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or part_of(scope["path"]) not in _PARTS:
            await self._app(scope, receive, send)
            return
        client, _ = client_asking(self._access, scope)
        asked = self._asked.setdefault(client, _Asked())
        if asked.there >= _MOST:
            await refused(_TOO_MANY, 429)(scope, receive, send)
            return
        asked.there += 1
        try:
            async with asked.turns:
                await self._answer(scope, receive, send)
        finally:
            asked.there -= 1
            if not asked.there:
                del self._asked[client]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return  # nobody is left to answer
        if refusal := self._refusal(body, visitor_of(Headers(scope=scope))):
            await refused(refusal, 403)(scope, receive, send)
            return
        await self._app(scope, read_again(body, receive), send)

    def _refusal(self, body: bytes, visitor: str) -> str:
        try:
            return refusal_of_others_files(json.loads(body), visitor, self._shipped)
        except (ValueError, RecursionError):
            return _NOT_JSON
