"""Removes what this process holds of a film (pictures, results, exports) when the film is erased, by whichever process."""

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import BoneGradeError
from core.keeping import lately_erased
from core.keeping.lately_erased import Erased, erased_after, erased_lately
from core.ledger import Ledger
from core.machine import keep_doing
from webapp.entrance.files.films_passing import FILMS_PASSING, FilmErased
from webapp.entrance.files.owners import hand_out_file, take_back
from webapp.entrance.requests import part_of

ERASED_MEANWHILE: Final = "Something was erased while the export was made, so it was discarded: make it again."
_EXPORT: Final = "bonegrade_revision_{}.zip"
_EVERY_SECONDS: Final = 5.0


class Erasures:
    """What the ledger says about erasures, and who is to be told. ledger: None in a demo, where nothing is erased."""

    def __init__(self, ledger: Ledger | None):
        self._ledger = ledger
        self._seen = self.count()
        self._forgetting: list[Callable[[Erased], None]] = []
        self._lock = threading.Lock()
        #: What to do when an export that was handed out is fetched, by its folder's name, which nobody can guess.
        self._fetched: dict[str, tuple[Path, Callable[[], None]]] = {}

    def count(self) -> int:
        """How often films or names were erased."""
        return 0 if self._ledger is None else lately_erased.erasures(self._ledger)

    def tell(self, forget: Callable[[Erased], None]) -> None:
        """forget: called with the films that were erased; from any thread, and not at the same time."""
        self._forgetting.append(forget)

    def look(self) -> None:
        """Removes everything that was erased since the last call. Costs one database query where nothing was."""
        if self._ledger is None:
            return
        with self._lock:
            count = self.count()
            if count == self._seen:
                return
            erased = erased_after(self._ledger, self._seen)
            if erased.moments:  # and not a reader's name, which no export has
                take_back(_EXPORT.format("*"))
            FILMS_PASSING.remove(erased)
            for forget in self._forgetting:
                forget(erased)
            self._seen = count

    def was_erased(self, sha256: str, since: datetime) -> bool:
        """Whether a film was erased after it came, so that what was made of it must not be shown. since: when that was."""
        if self._ledger is None:
            return False
        erased = erased_lately(self._ledger, sha256)
        if not erased.since(sha256, since):
            return False
        FILMS_PASSING.remove(erased)
        return True

    def check(self, sha256: str, since: datetime) -> None:
        """Raises FilmErased where `was_erased`."""
        if self.was_erased(sha256, since):
            raise FilmErased

    def hand_out_export(self, file: Path, cache: str, begun: int, fetched: Callable[[], None]) -> str:
        """Hands out an export, until something is erased. file: named by export_name; it is moved. begun: `count` before it
        was made. fetched: called each time that somebody is served with it. Raises BoneGradeError where something was erased
        meanwhile."""
        handed = hand_out_file(file, cache)
        if self._ledger is not None and erased_after(self._ledger, begun).moments:
            Path(handed).unlink(missing_ok=True)
            raise BoneGradeError(ERASED_MEANWHILE)
        with self._lock:
            still = {name: one for name, one in self._fetched.items() if one[0].exists()}
            self._fetched = still | {Path(handed).parent.name: (Path(handed), fetched)}
        return handed

    def serves(self, address: str) -> None:
        """Tells whoever handed out an export that it is being served. address: of any file."""
        asked = Path(unquote(address))
        handed, fetched = self._fetched.get(asked.parent.name, (None, None))
        if fetched is not None and handed is not None and handed.name == asked.name:
            fetched()

    def keep_looking(self) -> threading.Thread:
        """Looks every few seconds; returns its thread."""
        return keep_doing(self.look, _EVERY_SECONDS, "erasures")


def export_name(revision: int) -> str:
    """The file of an export at a revision, by which it is found when something is erased."""
    return _EXPORT.format(revision)


class LooksFirst:
    """ASGI middleware: before a file is fetched, what was erased since is removed; when an export is fetched, that is noted."""

    def __init__(self, app: ASGIApp, erasures: Erasures):
        self._app = app
        self._erasures = erasures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http" and part_of(scope["path"]).startswith("file"):
            await run_in_threadpool(self._erasures.look)
            await self._app(scope, receive, self._telling(scope, send))
        else:
            await self._app(scope, receive, send)

    def _telling(self, scope: Scope, send: Send) -> Send:
        """Returns a `send` that also reports a file once anything of it is served."""

        async def telling(message: Message) -> None:
            if (
                message["type"] == "http.response.start"
                and message["status"] in (200, 206)
                and scope["method"] == "GET"
            ):
                await run_in_threadpool(self._erasures.serves, scope["path"])
            await send(message)

        return telling
