"""Which language an answer is to be in, and the catalogues as files for the page."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final, cast

from gradio.context import LocalContext
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from webapp.languages.catalogue import CATALOGUES, Language

#: The cookie in which the page's script says which language it shows.
COOKIE: Final = "bonegrade-language"
_FILES: Final = {f"/languages/{path.name}": path for path in CATALOGUES.values()}
_FOLDER: Final = StaticFiles(directory=Path(__file__).parent)


class Catalogues:
    """ASGI middleware: hands out the catalogues, to everybody, so that the sign-in page can be read too."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; all but those for a catalogue go on."""
        if scope["type"] == "http" and scope["path"] in _FILES and scope["method"] == "GET":
            answer = await _FOLDER.get_response(_FILES[scope["path"]].name, scope)
            # asked for anew at each visit, as an upgrade changes it; unchanged, it is not sent again
            answer.headers["Cache-Control"] = "no-cache"
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def language_of(headers: Mapping[str, str]) -> Language:
    """The language of whoever asks: that of their page, else their browser's first."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        found = None
    wanted = headers.get("accept-language", "")[:2].lower() if found is None else found.value
    return cast(Language, wanted) if wanted in CATALOGUES else "en"


def language_asked() -> Language:
    """The language of the browser whose event is being answered; English outside of one."""
    request = LocalContext.request.get(None)
    return "en" if request is None else language_of(request.headers)
