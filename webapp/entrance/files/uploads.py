"""Files that are sent here: counted while they arrive, kept under our own names, and removed where an upload was cut short."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextvars import ContextVar
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from gradio import route_utils, routes
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.machine import DISK_FULL
from webapp.entrance.files.films_passing import FILMS_PASSING
from webapp.entrance.files.owners import OWNERS, visitor_of
from webapp.entrance.files.quota import Quota, Upload, UploadLimits, UploadRefused
from webapp.entrance.requests import KnowsClients, client_asking, content_length, part_of, posted_to, refused

#: The endings by which a file's kind is recognised; any other ending may be part of a name, or of a patient's number.
_ENDINGS_KEPT: Final = (".zip", ".csv")
_FIELD: Final = "files"
#: The longest id by which a browser may ask how far its upload is; gradio's own have 13 characters.
_LONGEST_ID: Final = 64
_PROGRESS_SECONDS: Final = 60.0
#: In bytes; a longer call may contain a film.
_CALL_WITHOUT_FILM: Final = 4096
_NO_FILE: Final = "Files alone can be sent here, each in a field called files: see docs/api.md."
_CUT_SHORT: Final = "The upload ended before its last byte: send the files again."
_DISK_FULL: Final = (
    "The server's disk is full, so the file could not be kept: tell whoever runs it, and send it again later."
)


class _Counts(Protocol):
    """Counts what an upload writes; raises UploadRefused where there is no room."""

    def __call__(self, *, files: int = 0, size: int = 0) -> None: ...


def _count_nothing(*, files: int = 0, size: int = 0) -> None:
    """For a page that is served without limits."""


_COUNTS: Final[ContextVar[_Counts]] = ContextVar("counts", default=_count_nothing)


def receive_in_order() -> None:
    """Makes gradio write uploads under our own names, count them, and leave nothing of those that were cut short.

    A film's file is often named after the patient. The browser continues to show what it sent by its own name, and passes that
    on for `webapp.entrance.files.passing.sent_files`.
    """
    route_utils.GradioMultiPartParser = _OrderlyParser  # type: ignore[misc]


class UploadsWithin:
    """ASGI middleware: counts every upload towards its client's, and says in a sentence where there is no room for it."""

    def __init__(self, app: ASGIApp, access: KnowsClients, limits: UploadLimits):
        self._app = app
        self._access = access
        self._quota = Quota(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        in_a_call = _bytes_in_a_call(scope)
        if not in_a_call and not posted_to(scope, "upload"):
            await self._app(scope, receive, send)
            return
        upload, status = None, 0

        async def send_watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            upload = self._begun(scope)
            if in_a_call:
                self._quota.add(upload, files=1, size=in_a_call)
            await self._read(upload, scope, receive, send_watched)
        except ClientDisconnect:
            pass  # nobody is left to answer
        except UploadRefused as refusal:
            await PlainTextResponse(str(refusal), status_code=refusal.status)(scope, receive, send)
        except OSError as error:
            if error.errno not in DISK_FULL:
                raise
            await PlainTextResponse(_DISK_FULL, status_code=507)(scope, receive, send)
        finally:
            if upload is not None:
                self._quota.end(upload, kept=status == 200)

    def _begun(self, scope: Scope) -> Upload:
        client, known = client_asking(self._access, scope)
        return self._quota.begin(client, known=known, announced=_announced(scope))

    async def _read(self, upload: Upload, scope: Scope, receive: Receive, send: Send) -> None:
        def counts(*, files: int = 0, size: int = 0) -> None:
            self._quota.add(upload, files=files, size=size)

        reset = _COUNTS.set(counts)
        try:
            await self._app(scope, receive, send)
        finally:
            _COUNTS.reset(reset)


def _bytes_in_a_call(scope: Scope) -> int:
    """The bytes of a call over MCP that may contain a film, which is written to the disk as an upload is; 0 for any other
    request."""
    if not posted_to(scope, "mcp"):
        return 0
    announced = _announced(scope)
    return announced if announced > _CALL_WITHOUT_FILM else 0


def _announced(scope: Scope) -> int:
    return content_length(Headers(scope=scope)) or 0


class ProgressForgotten:
    """ASGI middleware: makes gradio forget how far an upload had come. It keeps that for ever, under any id that anybody asks
    for, so that made-up ids would fill the memory."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        part = part_of(scope["path"]) if scope["type"] == "http" else ""
        if part not in ("upload", "upload_progress"):
            await self._app(scope, receive, send)
            return
        ids = parse_qs(scope["query_string"].decode("latin-1")).get("upload_id", [])
        if any(len(one) > _LONGEST_ID for one in ids):
            await refused(f"An upload's id has {_LONGEST_ID} characters at most.", 400)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if part == "upload":  # whoever is watching must still be told of its end
                asyncio.get_running_loop().call_later(_PROGRESS_SECONDS, _forget_progress, ids)
            else:
                _forget_progress(ids)


def _forget_progress(ids: Iterable[str]) -> None:
    for one in ids:
        routes.file_upload_statuses._statuses.pop(one, None)
        routes.file_upload_statuses._signals.pop(one, None)


class _OrderlyParser(route_utils.GradioMultiPartParser):
    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], **settings: Any):
        self._counts = _COUNTS.get()
        super().__init__(headers, self._counted(stream), **settings)

    async def _counted(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            self._counts(size=len(chunk))
            yield chunk

    def on_headers_finished(self) -> None:
        """A part begins. One that is not a file would be read into memory, however long it is."""
        super().on_headers_finished()
        self._counts(files=1)
        if self._current_part.file is None or self._current_part.field_name != _FIELD:
            raise MultiPartException(_NO_FILE)

    async def parse(self) -> Any:
        """The form. If anything ends it before the last byte, even a lost connection, its files are removed."""
        try:
            form = await super().parse()
            files = [one for one in form.getlist(_FIELD) if isinstance(one, route_utils.GradioUploadFile)]
            if len(files) < len(self._files_to_close_on_error):  # the last one's end is missing
                raise MultiPartException(_CUT_SHORT)
        except BaseException:
            for written in self._files_to_close_on_error:
                written.close()
                Path(written.name).unlink(missing_ok=True)
            raise
        visitor = visitor_of(self.headers)
        for file in files:
            file.filename = f"upload{_kept_ending(file.filename or '')}"
            OWNERS.give(file.sha.hexdigest(), visitor)
            FILMS_PASSING.came(file.sha.hexdigest())
        return form


def _kept_ending(name: str) -> str:
    ending = PurePosixPath(name).suffix.lower()
    return ending if ending in _ENDINGS_KEPT else ""
