"""Who has signed in by name and password, how long that lasts, and how wrong passwords are handled."""

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, Final

import gradio as gr
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.access.log import AccessLog
from core.access.users import Users, UsersError
from webapp.entrance.who.addresses import client_at

#: After this many wrong passwords for one name from one address within this many seconds, the two must wait that long; an
#: address that tries many names must wait, too. A name alone never must, so that nobody can lock another out.
MOST_FAILURES: Final = 5
FAILURE_SECONDS: Final = 60.0
_MOST_OF_AN_ADDRESS: Final = 30
#: Seconds that a sign-in lasts, and that it lasts without a request.
_SIGN_IN_SECONDS: Final = 12 * 3600.0
_IDLE_SECONDS: Final = 2 * 3600.0
#: Seconds after which somebody who was signed in elsewhere is noted again.
_SEEN_SECONDS: Final = 12 * 3600.0

_ADDRESS: Final[ContextVar[str]] = ContextVar("address", default="")
#: The name of the program whose request is being answered; "" for nobody's.
PROGRAM: Final[ContextVar[str]] = ContextVar("program", default="")


class Tries:
    """Counts failed tries, by name and address and by address alone, and says who must wait."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, ...], list[float]] = {}
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> float | None:
        """Counts a try as failed; returns its moment, for `forgive`. None, and nothing is counted, for somebody who must
        wait."""
        now, address = time.monotonic(), client_at(address)
        limits = {(name, address): MOST_FAILURES, (address,): _MOST_OF_AN_ADDRESS}
        with self._lock:
            self._failures = {who: tries for who, tries in self._failures.items() if now - tries[-1] < FAILURE_SECONDS}
            recent = {who: [t for t in self._failures.get(who, ()) if now - t < FAILURE_SECONDS] for who in limits}
            if any(len(recent[who]) >= most for who, most in limits.items()):
                return None
            self._failures |= {who: [*tries, now] for who, tries in recent.items()}
        return now

    def forgive(self, name: str, address: str, moment: float) -> None:
        """Takes back the try of that moment, which did not fail."""
        address = client_at(address)
        with self._lock:
            self._failures.pop((name, address), None)
            others = [t for t in self._failures.pop((address,), ()) if t != moment]
            self._failures |= {(address,): others} if others else {}


class Arrivals:
    """Who was seen here within half a day, so that the access log has those who were signed in elsewhere once, and not with
    each request."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def is_new(self, *who: str) -> bool:
        """Whether they were not seen lately; from now on they have been."""
        now = time.monotonic()
        with self._lock:
            if now - self._seen.get(who, -math.inf) < _SEEN_SECONDS:
                return False
            self._seen = {one: at for one, at in self._seen.items() if now - at < _SEEN_SECONDS} | {who: now}
        return True


class Door:
    """Lets people in by name and password."""

    def __init__(self, users: Users, log: AccessLog | None = None):
        self._users = users
        self._log = log
        self._tries = Tries()

    async def opens_soon(self, name: str, password: str) -> bool:
        """As opens, for the server, which continues to serve others while the password is checked."""
        return await asyncio.to_thread(self.opens, name, password, _ADDRESS.get())

    def opens(self, name: str, password: str, address: str = "") -> bool:
        """Whether the person may come in from an address."""
        # Counted before the slow check, so that many tries at once do not slip through.
        moment = self._tries.begin(name, address)
        opened = moment is not None and self._users.verify(name, password)
        if opened and moment is not None:
            self._tries.forgive(name, address, moment)
        if self._log is not None:
            detail = "too many wrong passwords" if moment is None else ""
            self._log.note(name, "signed in" if opened else "refused", address=address, detail=detail)
        return opened


class SignIns(dict[str, str]):
    """Names by token, in place of gradio's own, which last for ever: a sign-in ends by itself, with a new password, and when
    the person is taken off the list. None outlives the program.

    A program that came in by its own token (see webapp.entrance.who.program_door) is signed in for this request, by the name in
    PROGRAM.
    """

    def __init__(
        self, users: Users, known: Iterable[tuple[str, str]] = (), clock: Callable[[], float] = time.monotonic
    ):
        super().__init__()
        self._users = users
        self._clock = clock
        #: By token: when it was made, when it was last used, and the person's stamp then.
        self._made: dict[str, tuple[float, float, str | None]] = {}
        for token, name in known:
            self[token] = name

    def __setitem__(self, token: str, name: str) -> None:
        now = self._clock()
        self._made[token] = (now, now, self._users.stamp(name))
        super().__setitem__(token, name)

    def __delitem__(self, token: str) -> None:
        self._made.pop(token, None)
        super().__delitem__(token)

    def get(self, token: str, default: Any = None) -> Any:
        """The name of the person who signed in, unless that has ended."""
        if PROGRAM.get():
            return PROGRAM.get()
        name = super().get(token)
        if name is None:
            return default
        made, used, stamp = self._made[token]
        now = self._clock()
        try:
            same = stamp is not None and self._users.stamp(name) == stamp
        except UsersError:  # every event asks again who is at the screen, and reports the damage
            same = True
        if not same or now - made > _SIGN_IN_SECONDS or now - used > _IDLE_SECONDS:
            del self[token]
            return default
        self._made[token] = (made, now, stamp)
        return name


class SignInsEnd:
    """ASGI middleware: makes the app keep SignIns, and tells the door where a request comes from."""

    def __init__(self, app: ASGIApp, users: Users, address_of: Callable[[gr.Request], str]):
        """address_of: where a request comes from."""
        self._app = app
        self._users = users
        self._address_of = address_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http":
            served = scope["app"]
            if not isinstance(served.tokens, SignIns):
                served.tokens = SignIns(self._users, served.tokens.items())
            _ADDRESS.set(self._address_of(gr.Request(Request(scope))))
        await self._app(scope, receive, send)
