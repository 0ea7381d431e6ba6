"""Bodies that cannot be read get no further."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from webapp.entrance.doors.bodies import CallsInJson


@pytest.mark.parametrize("body", [b"[" * 100_000, b"{", b"\xff"])
def test_a_call_whose_json_cannot_be_read_gets_no_further(body: bytes) -> None:
    async def said(request: Request) -> PlainTextResponse:
        return PlainTextResponse(await request.body())

    app = Starlette(routes=[Route("/{path:path}", said, methods=["POST"])], middleware=[Middleware(CallsInJson)])
    with TestClient(app) as client:
        answer = client.post("/gradio_api/mcp/", content=body)
        assert answer.status_code == 400 and "nested too deeply" in answer.json()["detail"]
        assert client.post("/gradio_api/mcp/", content=b'{"id": 1}').content == b'{"id": 1}'
        assert client.post("/gradio_api/upload", content=body).content == body
