"""What is checked in every request before gradio sees it: which part, how long, whose; and how it is refused."""

from typing import Final, Protocol

import gradio as gr
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope

API: Final = "/gradio_api/"


def refused(sentence: str, status: int) -> JSONResponse:
    """A refusal in the form that gradio uses."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def part_of(path: str) -> str:
    """The first part of an address of gradio's interface; "" for any other."""
    return path.removeprefix(API).split("/")[0] if path.startswith(API) else ""


def posted_to(scope: Scope, part: str) -> bool:
    """Whether something is sent to this part of gradio's interface."""
    return scope["type"] == "http" and scope["method"] == "POST" and part_of(scope["path"]) == part


def content_length(headers: Headers) -> int | None:
    """Bytes of the body, according to the header: 0 without one, None where it is not a number."""
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else None


def read_again(body: bytes, receive: Receive) -> Receive:
    """Passes on a request's body that was already read, and then whatever else comes."""
    told = False

    async def receive_again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


class KnowsClients(Protocol):
    """Identifies clients; see webapp.entrance.who.identity.Access."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """A name for the client, and whether it is a person with a role."""


def client_asking(access: KnowsClients, scope: Scope) -> tuple[str, bool]:
    """As `client_of`, for a request that has come this far."""
    return access.client_of(gr.Request(Request(scope), username=_signed_in(scope)))


def _signed_in(scope: Scope) -> str | None:
    """The name by which gradio's login knows the request."""
    app, cookies = scope["app"], Request(scope).cookies
    token = cookies.get(f"access-token-{app.cookie_id}") or cookies.get(f"access-token-unsecure-{app.cookie_id}")
    found = app.tokens.get(token)
    return None if found is None else str(found)
