"""Readers, and the desk at which they sit, for the tests of what happens there."""

from core.access.roles import Reader, Role
from core.annotation.desk import AnnotateDesk
from core.assessment.assessor import Assessor
from core.intake.turns import Turns
from core.ledger import Ledger

ANNA, OTTO = Reader("anna", Role.READER), Reader("otto", Role.READER)
RITA, VERA = Reader("rita", Role.REVIEWER), Reader("vera", Role.VIEWER)


def desk_of(ledger: Ledger | None, assessor: Assessor, turns: Turns | None = None) -> AnnotateDesk:
    """A desk that keeps what it can; turns: its own by default."""
    return AnnotateDesk(ledger, lambda: assessor, (turns or Turns()).now, keeps=True)
