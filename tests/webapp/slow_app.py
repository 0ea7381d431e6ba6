"""The whole page over a ledger, as slow as a test wants: `python -m tests.webapp.slow_app LEDGER_FOLDER GATE_FOLDER`.

Asking who reads, and asking for the networks, wait at the gate (see tests.webapp.gate).
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from core.access.roles import Reader, Role
from core.assessment.assessor import Assessor
from core.ledger import Ledger, LedgerSettings
from tests.webapp.gate import Passage
from webapp.app import build_app, launch_settings
from webapp.desk import Desk
from webapp.service import live_assessor

CHIEF = Reader("chief", Role.ADMIN)


class SlowAccess:
    """One person, who may do everything; it takes time to find out."""

    mode = "local"
    keeps = True

    def __init__(self, passage: Passage):
        self._passage = passage

    def address_of(self, request: gr.Request) -> str:
        """Nowhere in particular."""
        return ""

    def reader_of(self, request: gr.Request | None) -> Reader:
        """The chief."""
        self._passage.go()
        return CHIEF

    def people(self) -> Mapping[str, Role]:
        return {CHIEF.name: CHIEF.role}

    def launch_arguments(self) -> dict[str, object]:
        return {}


def main(ledger_folder: Path, gate_folder: Path) -> None:
    """Serves until it is killed."""
    passage = Passage(gate_folder)

    def slow_assessor() -> Assessor:
        passage.go()
        return live_assessor()

    ledger = Ledger.open(LedgerSettings.in_folder(ledger_folder))
    build_app(Desk(slow_assessor, ledger, SlowAccess(passage))).launch(**launch_settings())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
