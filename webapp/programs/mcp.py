"""MCP behind the same door: each tool is an endpoint, and waits in the same line as whoever asked for it."""

import base64
import binascii
import json
from collections.abc import Coroutine
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import gradio.mcp
from gradio import processing_utils
from gradio.blocks import Blocks
from gradio.data_classes import PredictBodyInternal
from gradio.server_messages import ProcessCompletedMessage
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta
from starlette.requests import Request

from core.errors import BoneGradeError
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.entrance.files.owners import OWNERS, visitor_of
from webapp.shared.errors import TRY_AGAIN

_FILE: Final = "/gradio_api/file="
_HOW_FILMS_COME: Final = "a data: URI in base64, or the path that an upload to /gradio_api/upload answered"
_NO_FILE: Final = f"A film is given as {_HOW_FILMS_COME} with the same token."


def speak_mcp() -> None:
    """Has gradio's MCP server ask this app's own line for answers, from now on.

    Its own way is a client that asks the app over the network, as nobody: it is refused where people sign in, and would come
    from this machine, which is trusted as the proxy where a proxy says who people are.
    """
    gradio.mcp.GradioMCPServer = _InLine  # type: ignore[misc]


class _InLine(gradio.mcp.GradioMCPServer):
    """Gradio's MCP server, except for how it asks, what it takes for a film, and how it writes an answer."""

    def _get_or_create_client(self) -> Any:
        return _Asker(self.blocks, self._request())

    def _request(self) -> Request:
        request = self.mcp_server.request_context.request
        assert isinstance(request, Request)  # MCP comes over HTTP alone
        return request

    async def _execute_tool_without_progress(self, job: Any) -> list[Any]:
        return list(await job)

    async def _execute_tool_with_progress(self, job: Any, progress_token: str | int) -> Any:
        return list(await job)

    def convert_strings_to_filedata(self, value: Any, filedata_positions: list[list[str | int]]) -> Any:
        """The inputs by name, with files where the tool takes films."""
        visitor = visitor_of(self._request().headers)
        with_films = {place[0] for place in filedata_positions}
        return {name: _films(one, visitor) if name in with_films else one for name, one in value.items()}

    @property
    def _file_data_tool_description(self) -> str:
        return f" A film is given as {_HOW_FILMS_COME}."

    def simplify_filedata_schema(self, schema: dict[str, Any]) -> tuple[dict[str, Any], list[list[str | int]]]:
        """As gradio does it, which describes a file as an address with its parts."""
        simple, positions = super().simplify_filedata_schema(schema)
        for place in positions:
            node: Any = simple["properties"]
            for step in place:
                node = node[step]
            node.pop("required", None)
            node["format"] = _HOW_FILMS_COME
        return simple, positions

    def postprocess_output_data(self, data: Any, root_url: str) -> list[Any]:
        """Files as gradio answers them, all else as JSON."""
        plain = [one if is_file_obj_with_meta(one) else json.dumps(one, allow_nan=False) for one in data]
        return list(super().postprocess_output_data(plain, root_url))


class _Asker:
    """Stands where gradio has a client. request: of whoever asks."""

    def __init__(self, blocks: Blocks, request: Request):
        self._blocks = blocks
        self._request = request

    def submit(self, *data: Any, api_name: str, headers: Any) -> Coroutine[Any, Any, list[Any]]:
        """What to wait for."""
        return self._answer(list(data), api_name.removeprefix("/"))

    async def _answer(self, data: list[Any], name: str) -> list[Any]:
        line = self._blocks._queue
        fn = next(fn for fn in self._blocks.fns.values() if fn.api_name == name)
        # as if asked for at its own address, by which gradio tells it from the page's events
        scope = {**self._request.scope, "path": f"/gradio_api/call/{name}", "root_path": ""}
        request = Request(scope, self._request.receive)
        body = PredictBodyInternal(data=data, fn_index=fn._id, request=request)
        taken, event_or_sentence, _ = await line.push(body=body, request=request, username=None)
        if not taken:
            raise BoneGradeError(str(event_or_sentence))
        session = str(body.session_hash)
        messages = line.pending_messages_per_session[session]
        try:
            while not isinstance(message := await messages.get(), ProcessCompletedMessage):
                pass
        finally:
            await line.clean_events(session_hash=session)
            line.pending_messages_per_session.pop(session, None)
            line.pending_event_ids_session.pop(session, None)
        if not message.success:
            raise BoneGradeError(str(message.output.get("error") or TRY_AGAIN))
        return list(message.output["data"])


def _films(value: Any, visitor: str) -> Any:
    if isinstance(value, list):
        return [_films(one, visitor) for one in value]
    return _film(value, visitor) if isinstance(value, str) else value


def _film(text: str, visitor: str) -> dict[str, Any]:
    """A film that is written in the call, or the upload that it names; the line checks whose that is."""
    if text.startswith("data:"):
        head, _, content = text.partition(",")
        if not head.endswith(";base64"):
            raise BoneGradeError(_NO_FILE)
        try:
            film = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise BoneGradeError("The film's base64 text is damaged: encode the file again.") from None
        ending = ".zip" if "zip" in head else ".csv" if "csv" in head else ""
        path = str(processing_utils.save_bytes_to_cache(film, f"upload{ending}", get_upload_folder()))
        OWNERS.give(path.split("/")[-2], visitor)
        FILMS_PASSING.came(path.split("/")[-2])
    else:
        address = urlsplit(text)
        path = unquote(address.path.partition(_FILE)[2]) if _FILE in address.path else text
    return {"path": path, "orig_name": path.rpartition("/")[2], "meta": {"_type": "gradio.FileData"}}
