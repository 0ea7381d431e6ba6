"""Requests that are refused before gradio sees them: in its own form, and those that are too big to be read into memory."""

from typing import Final

from gradio.route_utils import FnIndexInferError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

API: Final = "/gradio_api/"
#: Of a request that is not an upload; a film inside a JSON text is a third longer than its file.
_MOST_BYTES: Final = 32 << 20
_TOO_BIG: Final = (
    f"The request is bigger than {_MOST_BYTES >> 20} MB, or does not say how big it is: upload the film's file to "
    f"{API}upload, and send what that answers."
)


def refused(sentence: str, status: int) -> JSONResponse:
    """In the form in which gradio refuses."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"detail": sentence}, status_code=status, headers=headers)


def part_of(path: str) -> str:
    """The first part of an address of gradio's interface; "" for any other."""
    return path.removeprefix(API).split("/")[0] if path.startswith(API) else ""


async def misnamed(request: Request, error: Exception) -> Response:
    """The answer to a program that asks for a name that does not exist, which gradio would answer with a server
    error."""
    if not request.url.path.startswith(f"{API}call/"):
        raise error
    if isinstance(error, TypeError):  # of gradio's, about the inputs' names
        return refused(f"{str(error).split('. ')[0]}: see docs/api.md for the inputs.", 400)
    return refused("There is no endpoint of this name: see docs/api.md for those that there are.", 404)


#: For gradio's FastAPI.
EXCEPTION_HANDLERS: Final = {TypeError: misnamed, KeyError: misnamed, FnIndexInferError: misnamed}


class Sizes:
    """ASGI middleware: refuses what is too big to be read into memory. Uploads are not, and have limits of their own."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request."""
        if scope["type"] != "http" or part_of(scope["path"]) == "upload":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal() or int(length) > _MOST_BYTES:
            await refused(_TOO_BIG, 413)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
