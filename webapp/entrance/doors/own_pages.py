"""Refuses requests that another website's page makes on behalf of somebody who is signed in here."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

REFUSAL: Final = (
    "This request comes from another website's page, which may not act for you here: open BoneGrade in its own tab."
)


class OwnPagesOnly:
    """ASGI middleware: browsers are answered only on this app's own pages; programs are served as before.

    Gradio's login cookie is sent with requests from anywhere (SameSite=None), and unless the app is addressed as localhost,
    gradio allows every website to send such requests and to read the answers. Following a link to the page is allowed.
    """

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves or refuses one request, the latter with status 403."""
        if scope["type"] == "http" and _is_foreign(scope["method"], Headers(scope=scope)):
            await PlainTextResponse(REFUSAL, status_code=403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_foreign(method: str, headers: Headers) -> bool:
    """Whether a browser says that the request comes from a page of another origin.

    Sec-Fetch-Site says so itself, and no script can write it; browsers leave it out where the connection is not
    encrypted, and there the page's origin must be the host that is asked. A proxy's headers do not count: a foreign page may
    write them.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        follows_link = headers.get("sec-fetch-mode") == "navigate" and method in ("GET", "HEAD")
        return site not in ("same-origin", "none") and not follows_link
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower()
