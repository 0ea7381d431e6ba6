"""Which client a request is of, before gradio has looked at it."""

from typing import Protocol

import gradio as gr
from starlette.requests import Request
from starlette.types import Scope


class KnowsClients(Protocol):
    """Tells clients apart; see webapp.entrance.identity.Access."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """A name for the client, and whether it is a person with a role."""


def client_asking(access: KnowsClients, scope: Scope) -> tuple[str, bool]:
    """As the access says of a request that has come so far."""
    return access.client_of(gr.Request(Request(scope), username=_signed_in(scope)))


def _signed_in(scope: Scope) -> str | None:
    """The name that gradio's login knows the request by."""
    app, cookies = scope["app"], Request(scope).cookies
    token = cookies.get(f"access-token-{app.cookie_id}") or cookies.get(f"access-token-unsecure-{app.cookie_id}")
    found = app.tokens.get(token)
    return None if found is None else str(found)
