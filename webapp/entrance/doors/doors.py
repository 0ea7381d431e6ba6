"""Which of gradio's addresses are answered at all, and what browsers are told about the page."""

import secrets
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio import http_server, processing_utils
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webapp.entrance.files.owners import NO_ADDRESSES, NOT_YOURS, VISITOR, may_fetch, visitor_of
from webapp.entrance.requests import API

#: What the page and programs need of gradio's interface, by the first part of the address; everything else is closed: deep
#: links, which write a session's page to the disk and show it to others, recordings, proxies, tokens for scripts.
_OPEN: Final = frozenset(
    {
        "api", "app_id", "call", "cancel", "component_server", "custom_component", "heartbeat", "info", "login_check", "mcp",
        "openapi.json", "queue", "reset", "run", "startup-events", "theme.css", "upload", "upload_progress", "user",
    }
)  # fmt: skip
_CLOSED: Final = frozenset({"monitoring", "pwa_icon", "manifest.json", "docs", "redoc"})
#: MCP's parts; its older way, with two connections, is closed.
_MCP_PARTS: Final = ("", "http", "schema")
_CLOSED_HERE: Final = "There is nothing here: open BoneGrade's page."


def fetch_nothing() -> None:
    """Makes gradio refuse to fetch a file from an address that a visitor names, inside this network or outside it."""

    def refuse(url: str, cache_dir: str) -> str:
        raise gr.Error(NO_ADDRESSES, print_exception=False)

    async def refuse_soon(url: str, cache_dir: str) -> str:
        return refuse(url, cache_dir)

    processing_utils.async_ssrf_protected_download = refuse_soon
    processing_utils.ssrf_protected_download = refuse
    processing_utils.save_url_to_cache = refuse


def reload_nothing() -> None:
    """Stops gradio from starting what it starts with each Space where the package `spaces` is installed: a server on a port of
    its own, for every address and without a login, that reads and writes the program's files and runs what was written."""

    def wait(reloader: Any) -> None:
        reloader.stop_event.wait()

    http_server.watchfn_spaces = wait  # type: ignore[attr-defined]


class Doors:
    """ASGI middleware: closes what is not needed and keeps each browser to its own files."""

    def __init__(self, app: ASGIApp, shipped: Path, *, framed: bool):
        """shipped: files for everybody. framed: other websites may show the page in a frame, as Hugging Face does with a
        Space."""
        self._app = app
        self._shipped = shipped
        self._framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = visitor_of(headers)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message), new=not visitor and scope["path"] == "/", scope=scope)
            await send(message)

        refusal = self._refusal(scope["path"], visitor)
        if refusal:
            status = 403 if refusal == NOT_YOURS else 404
            await PlainTextResponse(refusal, status_code=status)(scope, receive, send_marked)
        else:
            await self._app(scope, receive, send_marked)

    def _refusal(self, path: str, visitor: str) -> str:
        """Why an address is not answered; "" where it is."""
        if not path.startswith(API):
            return _CLOSED_HERE if path.strip("/").split("/")[0] in _CLOSED else ""
        asked = path.removeprefix(API)
        for before in ("file=", "file/"):
            if asked.startswith(before):
                return "" if may_fetch(asked.removeprefix(before), visitor, self._shipped) else NOT_YOURS
        part, _, rest = asked.partition("/")
        is_open = part in _OPEN and (part != "mcp" or rest.strip("/") in _MCP_PARTS)
        return "" if is_open else _CLOSED_HERE

    def _mark(self, headers: MutableHeaders, *, new: bool, scope: Scope) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        if not self._framed:
            headers["Content-Security-Policy"] = "frame-ancestors 'self'"
            headers["X-Frame-Options"] = "SAMEORIGIN"
        if new:
            # inside another website's frame, browsers send back only cookies that say so
            where = "SameSite=None; Secure; Partitioned" if self._framed else "SameSite=Lax"
            secure = "; Secure" if scope["scheme"] == "https" and not self._framed else ""
            headers.append("Set-Cookie", f"{VISITOR}={secrets.token_urlsafe(24)}; Path=/; HttpOnly; {where}{secure}")
