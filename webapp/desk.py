"""What every tab works with: the assessor, the ledger and who sits at the screen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import gradio as gr

from core.readers import Reader

if TYPE_CHECKING:
    from core.assessment import Assessor
    from core.ledger import Ledger


class Access(Protocol):
    """How people come in; see webapp.identity."""

    @property
    def keeps(self) -> bool:
        """Whether what people say is kept; in a demo it stays in the session."""

    def reader_of(self, request: gr.Request | None) -> Reader:
        """Who is at the screen. Raises core.errors.BoneGradeError where nobody is signed in who must be."""


@dataclass(frozen=True)
class Desk:
    """Shared by all tabs of one process. ledger: None in a demo, where nothing is kept.

    load_assessor: returns the one shared assessor, and may take seconds on its first call.
    """

    load_assessor: Callable[[], "Assessor"]
    ledger: "Ledger | None"
    access: Access

    def reader(self, request: gr.Request | None) -> Reader:
        """Who is at the screen; see Access.reader_of."""
        return self.access.reader_of(request)
