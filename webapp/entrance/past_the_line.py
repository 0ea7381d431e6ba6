"""What the page asks for past the line, in answers that it does not wait for: with the visitor's own files alone."""

import json
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.entrance.doors import refusal_of_others_files, visitor_of
from webapp.entrance.refusing import part_of, refused

#: Of gradio's interface, the parts that answer at once.
_PARTS: Final = ("run", "api")
_NO_JSON: Final = "The request is no JSON that can be read: load the page again."


class PastTheLine:
    """ASGI middleware: looks at what such a request names before gradio does. It reads the body, so that a size has to be
    set before it."""

    def __init__(self, app: ASGIApp, shipped: Path):
        """shipped: files for everybody."""
        self._app = app
        self._shipped = shipped

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or part_of(scope["path"]) not in _PARTS:
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return  # there is nobody left to answer
        if refusal := self._refusal(body, visitor_of(Headers(scope=scope))):
            await refused(refusal, 403)(scope, receive, send)
            return
        told = False

        async def receive_again() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_again, send)

    def _refusal(self, body: bytes, visitor: str) -> str:
        try:
            return refusal_of_others_files(json.loads(body), visitor, self._shipped)
        except (ValueError, RecursionError):
            return _NO_JSON
