"""The steps by which a run's model goes live, for the page and the command line alike.

Any new step belongs here: a run whose consents nobody checked must not reach the gate another way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.assessment.live_model import LiveEntry, LiveModel, live_model, weights_folder
from core.learning.gate.hands import GateHands, gold_hands
from core.learning.gate.passing import GateSettings, kept_answer, pass_gate
from core.learning.gate.report import GateReport
from core.learning.promotion.consents import check_consents
from core.learning.promotion.versions import promote
from core.learning.run.candidate import Candidate, read_candidate
from core.ledger import Ledger


@dataclass(frozen=True)
class Judgement:
    """What the gate says of a run's model compared with the live one."""

    candidate: Candidate
    report: GateReport

    def go_live(self, by: str) -> LiveEntry:
        """Makes the run's model the live one; see core.learning.promotion.versions.promote, also for what is raised."""
        return promote(weights_folder(), self.candidate, self.report, by)


def admit(run: Path, live: LiveModel, ledger: Ledger) -> Candidate:
    """Returns the model of a run that may be compared with the live one.

    Raises core.learning.run.candidate.CandidateRefused where it may not, or learned from films whose consent was taken back.
    """
    candidate = read_candidate(run, live.folder)
    check_consents(run, ledger)
    return candidate


def compare(run: Path, ledger: Ledger, val: Callable[[], GateHands] | None, settings: GateSettings) -> Judgement:
    """Compares a run's model with the live one on the gold films, which takes minutes unless the same was asked before.

    val: reads labelled hands to compare on as well, once the run was admitted. Raises what `admit`, `val` and
    core.learning.gate.passing.pass_gate do.
    """
    live = live_model()
    candidate = admit(run, live, ledger)
    hands = None if val is None else val()
    return Judgement(candidate, pass_gate(run, candidate, live, gold_hands(ledger), hands, settings))


def compared(run: Path, ledger: Ledger, settings: GateSettings) -> Judgement:
    """Returns the same from the report that an earlier comparison left in the run's folder; assesses no film.

    Raises what `admit` and core.learning.gate.passing.kept_answer do.
    """
    live = live_model()
    candidate = admit(run, live, ledger)
    return Judgement(candidate, kept_answer(run, candidate, live, gold_hands(ledger), settings))
