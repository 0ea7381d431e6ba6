"""What goes past the line is answered little at a time for one client, and others do not wait for it."""

import asyncio
from pathlib import Path

import gradio as gr
import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from webapp.entrance.line.past_the_line import PastTheLine


class ByHeader:
    """Believes a header of each request."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Who asks."""
        return str(request.headers.get("x-client", "")), False


def test_one_client_who_asks_for_much_at_once_is_answered_little_by_little(tmp_path: Path) -> None:
    async def ask() -> None:
        go, inside, most = asyncio.Event(), 0, 0

        async def answer(request: Request) -> PlainTextResponse:
            nonlocal inside, most
            if request.headers["x-client"] == "other":
                return PlainTextResponse(await request.body())
            inside += 1
            most = max(most, inside)
            await go.wait()
            inside -= 1
            return PlainTextResponse(await request.body())

        app = Starlette(
            routes=[Route("/{path:path}", answer, methods=["POST"])],
            middleware=[Middleware(PastTheLine, ByHeader(), tmp_path)],
        )
        app.tokens, app.cookie_id = {}, "x"  # type: ignore[attr-defined]  # gradio's app has them
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:

            def post(who: str, path: str = "run/keep") -> asyncio.Task[httpx.Response]:
                headers = {"x-client": who}
                return asyncio.create_task(client.post(f"/gradio_api/{path}", json={"data": [who]}, headers=headers))

            flood = [post("one", path) for path in ("run/keep", "api/keep") * 20]
            done = set[asyncio.Task[httpx.Response]]()
            while len(done) < 8:
                done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0)
            assert {one.result().status_code for one in done} == {429} and len(done) == 8
            assert (await post("other")).json() == {"data": ["other"]}
            go.set()
            answers = await asyncio.gather(*flood)
        assert most == 2 and sum(one.status_code == 200 for one in answers) == 32

    asyncio.run(asyncio.wait_for(ask(), 60))
