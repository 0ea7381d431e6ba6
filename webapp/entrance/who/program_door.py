"""Lets programs in by their tokens, only to the named endpoints."""

from collections.abc import MutableMapping
from typing import Any, Final, Protocol
from urllib.parse import unquote

import gradio as gr
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.access.log import AccessLog
from core.access.roles import Reader
from core.access.tokens import TOKEN, Tokens
from core.errors import BoneGradeError
from webapp.entrance.requests import part_of, refused
from webapp.entrance.who.sign_ins import PROGRAM, Arrivals, Tries

#: The key under which a request carries the public number of its token, once that was found valid.
_KEY: Final = "bonegrade.program"
_SCHEME: Final = "bearer "
_PREFIX: Final = "bonegrade_"
_MCP: Final = "mcp"
#: What programs use of gradio's interface, by the first part of the address; the page's own parts are not among them.
_FOR_PROGRAMS: Final = frozenset(
    {
        "app_id", "call", "cancel", "heartbeat", "info", "login_check", _MCP, "openapi.json", "queue", "reset",
        "startup-events", "upload", "upload_progress", "user",
    }
)  # fmt: skip

WRONG: Final = "This token is unknown here, or was revoked: ask an administrator for another."
_WAIT: Final = "Too many wrong tokens came from your address: wait a minute, then try again with the right one."
_IN_ADDRESS: Final = (
    "A token never belongs in an address, which others can read: send it in the header Authorization, and have this one "
    "revoked."
)
NOT_FOR_PROGRAMS: Final = "A token opens the named endpoints alone, not the page: see docs/api.md."
_NEEDED: Final = "A token is needed here: send it in the header Authorization, as Bearer and the token."


class LetsProgramsIn(Protocol):
    """What is used of webapp.entrance.who.identity.Access."""

    @property
    def tokens(self) -> Tokens: ...
    @property
    def log(self) -> AccessLog | None: ...
    def program(self, number: str) -> Reader: ...
    def address_of(self, request: gr.Request) -> str: ...


def token_of(headers: Headers) -> str:
    """The BoneGrade token of a request; "" without one, or with a token of another kind."""
    given = headers.get("authorization", "")
    token = given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
    return token if token.startswith(_PREFIX) else ""


def number_of(request: gr.Request | None) -> str:
    """The public number of the token by which a request came in; "" where it is not a program's."""
    raw = None if request is None else request.request
    return "" if raw is None else str(raw.scope.get(_KEY, ""))


class ProgramDoor:
    """ASGI middleware: a request with a token is a program's, and is answered as that program's or not at all."""

    def __init__(self, app: ASGIApp, access: LetsProgramsIn, *, everybody_signs_in: bool):
        """everybody_signs_in: by name and password, so that MCP is only for programs with a token."""
        self._app = app
        self._access = access
        self._everybody_signs_in = everybody_signs_in
        self._tries = Tries()
        self._arrivals = Arrivals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = token_of(Headers(scope=scope))
        address = self._access.address_of(gr.Request(Request(scope)))
        if TOKEN.search(unquote(f"{scope['path']}?{scope.get('query_string', b'').decode('latin-1')}")):
            self._note("program:?", address, "a token in an address")
            await refused(_IN_ADDRESS, 400)(scope, receive, send)
            return
        name = ""
        if token:
            try:
                name = self._admitted(token, address, scope)
            except BoneGradeError as refusal:
                await refused(str(refusal), 401)(scope, receive, send)
                return
            if not _is_for_programs(scope["path"]):
                await refused(NOT_FOR_PROGRAMS, 403)(scope, receive, send)
                return
        elif self._everybody_signs_in and part_of(scope["path"]) == _MCP:
            await refused(_NEEDED, 401)(scope, receive, send)
            return
        reset = PROGRAM.set(name)
        try:
            await self._app(scope, receive, send)
        finally:
            PROGRAM.reset(reset)

    def _admitted(self, token: str, address: str, scope: MutableMapping[str, Any]) -> str:
        """The name of the token's program, with which the request is marked. Raises BoneGradeError."""
        found = TOKEN.fullmatch(token)
        number = "" if found is None else found[1]
        moment = self._tries.begin(number, address)
        if moment is None:
            self._note("program:?", address, "too many wrong tokens")
            raise BoneGradeError(_WAIT)
        program = self._access.tokens.holder(token)
        if program is None:
            self._note("program:?", address, f"a wrong token, no. {number}" if number else "a wrong token")
            raise BoneGradeError(WRONG)
        self._tries.forgive(number, address, moment)
        try:
            reader = self._access.program(number)
        except BoneGradeError:
            self._note(program.reader_name, address, "its token is no longer valid")
            raise
        scope[_KEY] = number
        if self._arrivals.is_new(number, address) and self._access.log is not None:
            self._access.log.note(reader.name, "signed in", address=address, detail="with a token")
        return reader.name

    def _note(self, who: str, address: str, detail: str) -> None:
        if self._access.log is not None:
            self._access.log.note(who, "refused", address=address, detail=detail)


def _is_for_programs(path: str) -> bool:
    part = part_of(path)
    return path.rstrip("/") == "/config" or part in _FOR_PROGRAMS or part.startswith("file=") or part == "file"
