"""Answers that stay open, and those that there are not."""

from collections.abc import AsyncIterator

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from webapp.entrance.line import streams
from webapp.entrance.line.streams import Streams


class OneAddress:
    """Everybody comes from one address."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Who asks."""
        return "address", False


async def answer(request: Request) -> StreamingResponse:
    """As gradio answers with what there is not, or what fails: it begins, says so, and raises an error."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"event: error\n\n"
        raise HTTPException(404) if request.path_params["event"] == "unknown" else ValueError("a mistake")

    return StreamingResponse(parts())


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Of a program with such answers."""
    monkeypatch.setattr(streams, "client_asking", lambda access, scope: access.client_of(scope))
    routes = [Route("/gradio_api/call/assess/{event}", answer)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Streams, OneAddress())]))


def test_whoever_asks_for_an_answer_that_there_is_not_is_told_so_and_fills_no_log(client: TestClient) -> None:
    """The server writes a hundred lines for each error that reaches it, and anybody may ask."""
    told = client.get("/gradio_api/call/assess/unknown")
    assert told.status_code == 200 and "error" in told.text
    with pytest.raises(ValueError, match="a mistake"):
        client.get("/gradio_api/call/assess/known")
