"""Who is at the screen: from the login, a proxy's header or the machine, never from a text box."""

import os
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import gradio as gr
from starlette.middleware import Middleware

from core.access.log import AccessLog, Deed
from core.access.roles import Reader, Role
from core.access.settings import LOOPBACK, AccessSettings, Mode
from core.access.tokens import Tokens
from core.access.users import Users
from core.errors import BoneGradeError
from core.ledger import LedgerSettings
from core.machine import user
from webapp.entrance.who.addresses import client_at, first_from_outside
from webapp.entrance.who.program_door import WRONG, ProgramDoor, number_of
from webapp.entrance.who.sign_ins import MOST_FAILURES, Arrivals, Door, SignInsEnd
from webapp.languages.catalogue import catalogue

#: The headers that a proxy or a tunnel adds to requests that come from elsewhere.
_FORWARDED: Final = ("x-forwarded-for", "forwarded", "x-real-ip")
_GUEST: Final = "guest"

_SIGN_IN: Final = (
    f"Sign in to BoneGrade. Research use only. After {MOST_FAILURES} wrong passwords you have to wait a minute."
)


class NotSignedIn(BoneGradeError):
    """Nobody is signed in where somebody must be."""


_SIGNED_OUT: Final = "You are not signed in, or no longer signed in: reload the page and sign in."
_SPACE_GUEST: Final = (
    "Sign in with your Hugging Face account to see films and correct them; assessing a film needs no login."
)
_PASSED_ON: Final = (
    "This page is passed on to another machine, but no login is set up, so films are not shown: add a user with a "
    "password on the machine that serves it (python -m core users add), and sign in."
)


@dataclass(frozen=True)
class Access:
    """How people come in. tokens: with which programs come in, unless it is a demo. log: None in a demo."""

    settings: AccessSettings
    users: Users
    tokens: Tokens
    log: AccessLog | None
    arrivals: Arrivals = field(default_factory=Arrivals)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Access":
        """See AccessSettings.from_environment, which also says what it raises."""
        folder = LedgerSettings.from_environment(environment).folder
        users = Users(folder)
        settings = AccessSettings.from_environment(users, environment)
        log = None if settings.mode == "demo" else AccessLog.from_environment(folder, environment)
        return cls(settings, users, Tokens(folder), log)

    @property
    def mode(self) -> Mode:
        """The way in that is used."""
        return self.settings.mode

    @property
    def keeps(self) -> bool:
        """Whether what people say is kept; in a demo it stays in the session."""
        return self.mode != "demo"

    def reader_of(self, request: gr.Request | None) -> Reader:
        """Who is at the screen. A name given by a department's proxy may look without a role; anybody else who has none sees no
        films. A program that came in by a token is that program, whoever sent it.

        Raises NotSignedIn, and UsersError or TokensError where the file of users or of tokens is damaged.
        """
        if number := number_of(request):
            return self.program(number)
        if self.mode == "local":
            if request is not None and _passed_on(request):
                raise NotSignedIn(_PASSED_ON)
            return Reader(user(), Role.ADMIN)
        if self.mode == "demo":
            return Reader(_GUEST, Role.READER)
        name = None if request is None else self._name(request)
        if name is None:
            if self.mode == "proxy" and request is not None:
                self._arrived("?", request, "refused", "the proxy names nobody")
            raise NotSignedIn(_SPACE_GUEST if self.mode == "space" else _SIGNED_OUT)
        assert request is not None
        role = self.people().get(name)
        if role is None and self.mode == "login":
            raise NotSignedIn(f"{name} is no longer on the list of users: sign in under another name.")
        if role is None and self.mode == "space":
            self._arrived(name, request, "refused", "has no role here")
            raise NotSignedIn(f"The account {name} has no role here: ask the owner of this Space for one.")
        self._arrived(name, request, "signed in")
        return Reader(name, Role.VIEWER if role is None else role)

    def program(self, number: str) -> Reader:
        """The program whose token has this public number, with a role no greater than its maker has now.

        Raises NotSignedIn where the token is no longer valid.
        """
        program = self.tokens.numbered(number)
        if program is None:
            raise NotSignedIn(WRONG)
        if program.has_ended():
            raise NotSignedIn(f"This token was valid until {program.ends:%d %B %Y}: ask an administrator for another.")
        most = self.people().get(program.made_by) if program.made_by else Role.ADMIN
        if most is None:
            raise NotSignedIn(
                f"{program.made_by}, who made this token, no longer has a role here: ask for another token."
            )
        return program.reader(most)

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """Identifies a client that waits in line: a person's or a program's name, else an address; and whether it has a
        role."""
        unknown = f"address {client_at(self.address_of(request))}", False
        try:
            reader = self.reader_of(request)
        except BoneGradeError:
            return unknown
        return unknown if self.mode == "demo" else (f"person {reader.name}", True)

    def address_of(self, request: gr.Request) -> str:
        """Where the request comes from, as far as it can be known: a trusted proxy, as Hugging Face's own is on a Space, writes
        it last, apart from addresses inside Hugging Face's network."""
        settings, peer = self.settings, request.client.host if request.client is not None else ""
        is_passed_on = settings.on_a_space or (self.mode == "proxy" and peer in settings.believed)
        forwarded = request.headers.get("x-forwarded-for", "") if is_passed_on else ""
        passed = (one.strip() for one in reversed(forwarded.split(",")))
        return first_from_outside(passed, peer, settings.believed, skip_private=settings.on_a_space)

    def people(self) -> Mapping[str, Role]:
        """Those who are known by name, with their roles."""
        if self.mode == "local":
            return {user(): Role.ADMIN}
        if self.mode == "demo":
            return {}
        return self.settings.people(self.users)

    def launch_arguments(self) -> dict[str, Any]:
        """The arguments that gr.Blocks.launch needs for it."""
        if self.mode != "login":
            return {}
        # gradio's own page, which none of the app's scripts reaches
        both = f"{_SIGN_IN} {catalogue('zh').translate(_SIGN_IN)}"
        return {"auth": Door(self.users, self.log).opens_soon, "auth_message": both}

    def middleware(self) -> list[Middleware]:
        """What every request passes through."""
        if self.mode == "demo":
            return []
        signs_in = self.mode == "login"
        programs = Middleware(ProgramDoor, self, everybody_signs_in=signs_in)
        return [Middleware(SignInsEnd, self.users, self.address_of), programs] if signs_in else [programs]

    def _arrived(self, name: str, request: gr.Request, deed: Deed, detail: str = "") -> None:
        """Notes in the log who comes in after signing in elsewhere; this program's own login does so itself."""
        address = self.address_of(request)
        if self.log is not None and self.mode != "login" and self.arrivals.is_new(name, address, deed):
            self.log.note(name, deed, address=address, detail=detail)

    def _name(self, request: gr.Request) -> str | None:
        """The name that the login or the proxy gives."""
        if self.mode == "login":
            return request.username
        if self.mode == "proxy":
            client = request.client
            trusted = client is not None and client.host in self.settings.believed
            return (request.headers.get(self.settings.header) or None) if trusted else None
        return _account(request)


def keep_peers(environment: MutableMapping[str, str] = os.environ) -> None:
    """Makes uvicorn, which reads the environment when it starts, report the address that a request really comes from.

    Otherwise it reports the content of X-Forwarded-For where a proxy on this computer passes the request on, so that the proxy
    would not be recognised, and whoever writes that header could pass for one.
    """
    environment["FORWARDED_ALLOW_IPS"] = ""


def _passed_on(request: gr.Request) -> bool:
    """Whether the request comes, by a proxy, a tunnel or a foreign page, from somebody other than the machine's user."""
    if any(name in request.headers for name in _FORWARDED):
        return True
    # A forwarded port leaves no header, but the browser names the host that it was told to ask; so does a page whose name was
    # made to point at this computer.
    host = request.headers.get("host")
    try:
        return host is not None and urlsplit(f"//{host}").hostname not in LOOPBACK
    except ValueError:
        return True


def _account(request: gr.Request) -> str | None:
    """The Hugging Face account that is signed in, as gradio keeps it in the session."""
    raw = request.request
    info = None if raw is None or "session" not in raw.scope else raw.session.get("oauth_info")
    if not info or info.get("expires_at", 0) <= time.time():
        return None
    name = info.get("userinfo", {}).get("preferred_username")
    return str(name) if name else None
