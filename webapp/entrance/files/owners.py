"""To whom each file belongs that was sent here or made for a page: nobody fetches or names another's."""

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from gradio import processing_utils
from gradio.context import LocalContext
from gradio.utils import get_upload_folder
from starlette.datastructures import Headers

from webapp.entrance.files.films_passing import ERASED, FILMS_PASSING
from webapp.entrance.who.program_door import token_of

VISITOR: Final = "bonegrade-visitor"
#: Number of files beyond which those that are gone are forgotten.
_MANY: Final = 10_000
NO_ADDRESSES: Final = "Only files can be sent here, not addresses of files: fetch it, and send the file."
_NOT_SENT: Final = (
    "There is no such file of yours here: upload it to /gradio_api/upload, with the same token, and give the path that this "
    "answers."
)
NOT_YOURS: Final = "This file is not yours, or is gone: reload the page and ask for it again."


class Owners:
    """Which browser may fetch each temporary file; a file without an owner is served to nobody.

    A file's folder in gradio's cache is named by a hash of its content. A program without a token, or a browser that takes no
    cookies, is the visitor "": what was made for one of these is served to anybody who has its address and no cookie.
    """

    def __init__(self) -> None:
        self._visitors: dict[str, set[str]] = {}

    def give(self, folder: str, visitor: str) -> None:
        """Makes the files in the folder of this name the visitor's, too."""
        self._visitors.setdefault(folder, set()).add(visitor)
        if len(self._visitors) > _MANY:
            passing = Path(get_upload_folder())
            self._visitors = {name: who for name, who in self._visitors.items() if (passing / name).exists()}

    def may(self, visitor: str, path: Path) -> bool:
        """Whether the visitor may fetch a file that passes through."""
        return visitor in self._visitors.get(path.parent.name, ())


OWNERS: Final = Owners()


def refusal_of_files(asked: Any, visitor: str) -> str:
    """Why the files that a program names among its inputs cannot be used; "" where they can: it has sent them itself."""

    def refusal(named: str) -> str:
        path = Path(named)
        if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", named):
            return NO_ADDRESSES
        if _has_sent(visitor, path):
            return "" if path.is_file() else ERASED if FILMS_PASSING.was_erased(path) else _NOT_SENT
        return _NOT_SENT

    return _first_refusal(asked, refusal)


def refusal_of_others_files(asked: Any, visitor: str, shipped: Path) -> str:
    """Why the files that the page names among its inputs cannot be used; "" where they are the visitor's, or shipped. A file of
    theirs that is gone by now is left to the handler to report."""

    def refusal(named: str) -> str:
        path = Path(named)
        may_use = ".." not in path.parts and (_is_shipped(path, shipped) or _has_sent(visitor, path))
        return "" if may_use else NOT_YOURS

    return _first_refusal(asked, refusal)


def may_fetch(asked: str, visitor: str, shipped: Path) -> bool:
    """Whether the visitor may fetch the file of this address, quoted as browsers do. shipped: files for everybody."""
    path = Path(unquote(asked))
    if not path.is_absolute() or ".." in path.parts:
        return False
    return _is_shipped(path, shipped) or (_has_sent(visitor, path) and path.is_file())


def _first_refusal(asked: Any, refusal: Callable[[str], str]) -> str:
    """Why the first refused file among those that a request names is refused; "" where none is."""
    return next(filter(None, map(refusal, _files_named(asked))), "")


def _files_named(asked: Any) -> list[str]:
    """The paths of files that a request names, however deep: gradio takes every object with a path for a file. Raises
    RecursionError where it is nested more deeply than Python allows."""
    found: list[str] = []

    def look(one: Any) -> None:
        if isinstance(one, dict) and isinstance(one.get("path"), str):
            found.append(one["path"])
        for part in one.values() if isinstance(one, dict) else one if isinstance(one, list) else ():
            look(part)

    look(asked)
    return found


def _is_shipped(path: Path, shipped: Path) -> bool:
    # gradio copies shipped files into the uploads; these have our names
    is_copy = (shipped / path.name).is_file() and Path(get_upload_folder()) in path.parents
    return is_copy or shipped in path.parents


def _has_sent(visitor: str, path: Path) -> bool:
    is_inside = path.is_absolute() and ".." not in path.parts and Path(get_upload_folder()) in path.parents
    return is_inside and OWNERS.may(visitor, path)


def visitor_of(headers: Headers) -> str:
    """The visitor that a program's token or a browser's cookie names; "" without either."""
    if token := token_of(headers):
        return f"program {hashlib.sha256(token.encode()).hexdigest()}"
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(VISITOR)
    except CookieError:
        return ""
    return "" if found is None else found.value


def hand_out(content: bytes, name: str, cache: str, film: tuple[str, datetime] | None = None) -> str:
    """Puts a file where gradio serves it from, only for the browser whose event is being answered, and deletes it with the
    uploads. cache: the GRADIO_CACHE of the component that shows it. film: the film that it shows something of, by its SHA-256,
    and when that arrived: the file is removed when the film is erased."""
    path = Path(processing_utils.save_bytes_to_cache(content, name, cache))
    if film is not None:
        FILMS_PASSING.holds(path, [film[0]], film[1])
    request = LocalContext.request.get(None)
    OWNERS.give(path.parent.name, "" if request is None else visitor_of(request.headers))
    return str(path)


def hand_out_file(file: Path, cache: str) -> str:
    """As hand_out, for a file that is too big for memory; it is moved."""
    folder = Path(cache) / secrets.token_hex(32)
    folder.mkdir(mode=0o700, parents=True)
    request = LocalContext.request.get(None)
    OWNERS.give(folder.name, "" if request is None else visitor_of(request.headers))
    return str(shutil.move(file, folder / file.name))


def take_back(name: str) -> None:
    """Removes the files of a name that were handed out."""
    for path in Path(get_upload_folder()).glob(f"*/{name}"):
        path.unlink(missing_ok=True)
