"""A program that asks the app's endpoints, over HTTP and over MCP."""

import json
from typing import Any

import httpx

MCP = {"Accept": "application/json, text/event-stream"}


class Program:
    """One that asks with a token."""

    def __init__(self, url: str, token: str):
        self.http = httpx.Client(base_url=url, timeout=120, headers={"Authorization": f"Bearer {token}"})

    def sends(self, content: bytes) -> dict[str, Any]:
        """A film that it sends, as it is named to an endpoint."""
        answer = self.http.post("/gradio_api/upload", files={"files": ("film.png", content)})
        assert answer.status_code == 200
        return {"path": answer.json()[0], "orig_name": "film.png", "meta": {"_type": "gradio.FileData"}}

    def asks(self, endpoint: str, **inputs: Any) -> Any:
        """The first output, or the sentence that says why there is none."""
        asked = self.http.post(f"/gradio_api/call/v2/{endpoint}", json=inputs)
        if asked.status_code != 200:
            return asked.json()["detail"]
        answer = self.http.get(f"/gradio_api/call/{endpoint}/{asked.json()['event_id']}").text
        event, data = answer.strip().split("\n\n")[-1].removeprefix("event: ").split("\ndata: ")  # heartbeats before
        told = json.loads(data)
        return told[0] if event == "complete" else told["error"]

    def calls(self, tool: str, **inputs: Any) -> tuple[bool, str]:
        """Over MCP: whether it went well, and the text."""
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": inputs}}
        answer = self.http.post("/gradio_api/mcp/", json=call, headers=MCP)
        assert answer.status_code == 200, answer.text
        result = json.loads(answer.text.partition("data: ")[2])["result"]
        return not result["isError"], result["content"][0]["text"]
