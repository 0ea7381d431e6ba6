"""MCP asks the app's line as whoever called the tool, and not as the machine that the app runs on."""

import json
from collections.abc import Iterator
from typing import Any

import gradio as gr
import gradio.mcp
import httpx
import pytest
from gradio.events import api

from webapp.app import launch_settings
from webapp.entrance.line.line import keep_order
from webapp.programs.asked import answered
from webapp.programs.mcp import speak_mcp


class Asks:
    """Everybody is an address."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Whoever it is."""
        return str(request.headers.get("x-client", "")), False


def _who(word: str, request: gr.Request) -> dict[str, Any]:
    """Says who asks.

    Parameters:
        word: Anything.
    """
    return {"word": word, "port": request.client.port, "header": request.headers.get("x-user")}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of an app with one tool."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((gr.queueing, "Queue"), (gr.routes, "StateHolder"), (gradio.mcp, "GradioMCPServer")):
            patch.setattr(module, name, getattr(module, name))
        keep_order(Asks())
        speak_mcp()
        with gr.Blocks(analytics_enabled=False) as app:
            api(answered(_who), api_name="who")
        app.queue(max_size=4)
        settings = launch_settings({}) | {"server_port": None, "prevent_thread_lock": True, "quiet": True}
        _, url, _ = app.launch(**settings)
        yield url
        app.close()


def call(client: httpx.Client, url: str, **inputs: Any) -> tuple[dict[str, Any], int]:
    """The tool's answer, and the port that it was asked from."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "_who", "arguments": inputs}}
    headers = {"Accept": "application/json, text/event-stream", "x-user": "anna"}
    answer = client.post(f"{url}gradio_api/mcp/", json=asked, headers=headers)
    port = int(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
    result: dict[str, Any] = json.loads(answer.text.partition("data: ")[2])["result"]
    return result, port


def test_a_tool_is_asked_for_by_whoever_called_it(url: str) -> None:
    with httpx.Client(timeout=60) as client:
        for word in ("one", "two"):
            result, port = call(client, url, word=word)
            assert json.loads(result["content"][0]["text"]) == {"word": word, "port": port, "header": "anna"}


def test_a_refusal_is_one_sentence(url: str) -> None:
    with httpx.Client(timeout=60) as client:
        result, _ = call(client, url, word=5)
        assert result["isError"] and "5 is not of type 'string'" in result["content"][0]["text"]
