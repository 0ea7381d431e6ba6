"""What every tab works with: the assessor, the ledger and who sits at the screen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import gradio as gr
from starlette.middleware import Middleware

from core.access.log import AccessLog, Deed
from core.access.roles import Action, Reader, Role
from core.assessment.records import FilmAssessor
from core.ledger import Ledger
from webapp.erasures import Erasures


class Access(Protocol):
    """How people come in; see webapp.entrance.who.identity."""

    @property
    def mode(self) -> str:
        """One of core.access.settings.Mode."""

    @property
    def keeps(self) -> bool:
        """Whether what people say is kept; in a demo it stays in the session."""

    def reader_of(self, request: gr.Request | None) -> Reader:
        """Who is at the screen. Raises core.errors.BoneGradeError where nobody is signed in who must be."""

    def client_of(self, request: gr.Request) -> tuple[str, bool]:
        """A name for whoever waits in line, and whether it is a person with a role."""

    def address_of(self, request: gr.Request) -> str:
        """Where a request comes from, as far as it can be known."""

    def launch_arguments(self) -> dict[str, Any]:
        """The arguments that gr.Blocks.launch needs for it."""

    def middleware(self) -> list[Middleware]:
        """The middleware that every request passes through."""

    def people(self) -> Mapping[str, Role]:
        """Those who are known by name, with their roles."""


@dataclass(frozen=True)
class Desk:
    """Shared by all tabs of one process. ledger: None in a demo, where nothing is kept.

    load_assessor: returns the one shared assessor, and may take seconds on its first call. lasts: whether what is kept is
    still there after a restart.
    """

    load_assessor: Callable[[], FilmAssessor]
    ledger: Ledger | None
    access: Access
    log: AccessLog | None = None
    lasts: bool = True

    @cached_property
    def erasures(self) -> Erasures:
        """Tells everything that holds a film in memory when it has been erased."""
        return Erasures(self.ledger)

    def reader(self, request: gr.Request | None) -> Reader:
        """Who is at the screen; see Access.reader_of."""
        return self.access.reader_of(request)

    def note(
        self, request: gr.Request | None, reader: Reader, deed: Deed, film: int | None = None, detail: str = ""
    ) -> None:
        """Notes in the access log what somebody did."""
        if self.log is not None:
            self.log.note(reader.name, deed, address=self._address(request), film=film, detail=detail)

    def noting_download(self, request: gr.Request | None, reader: Reader, detail: str) -> Callable[[], None]:
        """Returns a function that notes, each time that it is called, that what was made for somebody was fetched by the
        browser or program for which it was made: no other may."""
        address = self._address(request)

        def note() -> None:
            if self.log is not None:
                self.log.note(reader.name, "downloaded", address=address, detail=detail)

        return note

    def _address(self, request: gr.Request | None) -> str:
        return "" if request is None else self.access.address_of(request)

    def those_who_may(self, action: Action) -> list[str]:
        """Names of the people whose role allows the action, in order."""
        return sorted(name for name, role in self.access.people().items() if Reader(name, role).may(action))
