"""The gate: compares a run's model with the live one on the frozen gold films, and says whether it may go live."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from core.assessment.assessor import Assessor
from core.assessment.live_model import LiveModel
from core.learning.gate.comparison import differences_on_gold, differences_on_val, differences_under_stress
from core.learning.gate.hands import GateHand, GateHands
from core.learning.gate.judging import judge, stressed
from core.learning.gate.report import REPORT, Films, GateReport, Sides, judged, write_report
from core.learning.run.candidate import Candidate, CandidateRefused, loaded

#: Raised by one whenever a change of the code may give the same question another answer.
_VERSION: Final = 3


@dataclass(frozen=True)
class GateSettings:
    """Settings of the gate. least_gold: gold films below which nothing is promoted: with 30, an age error half as large again
    as before is seen. stress_films: gold films that are rotated, mirrored, exposed differently and so on: with 4, a tenth of
    models that are alike would be called worse, with 8 a twentieth. pictures_a_kind: pictures of each kind that shows no
    hand."""

    least_gold: int = 30
    stress_films: int = 8
    pictures_a_kind: int = 2


@dataclass(frozen=True)
class _Asked:
    """What the gate is asked. live: the live model, loaded. gold: without what the candidate learned from. question: see
    question_of."""

    question: str
    sides: Sides
    films: Films
    live: Assessor
    gold: GateHands

    def known(self, run: Path) -> GateReport | None:
        """Returns the answer where no comparison is needed, else None. Where gold films are missing, nothing is compared and a
        report in the run's folder says so; an existing report for the same question is returned again."""
        if self.films.missing:
            report = judged(self.question, self.sides, self.films, ())
            write_report(report, run)
            return report
        known = kept_report(run)
        if known is not None and known.question == self.question:
            # by now the same weights may be live under another name, as after a rollback
            return replace(known, sides=self.sides)
        return None


def pass_gate(
    run: Path, candidate: Candidate, live: LiveModel, gold: GateHands, val: GateHands | None, settings: GateSettings
) -> GateReport:
    """Returns the report, which is also written into the run's folder; an existing one for the same question is reused.

    Nothing is compared where gold films are missing. Raises core.learning.run.candidate.CandidateRefused where the candidate's
    weights cannot be used, models.registry.WeightsError for the live ones, OSError where the report cannot be written.
    """
    asked = _asked(candidate, live, gold, val, settings)
    known = asked.known(run)
    if known is not None:
        return known
    hands = asked.gold.hands
    with loaded(candidate) as assessor:
        differences = differences_on_gold(judge(hands, asked.live, assessor, "gold films"))
        if val is not None:
            differences += differences_on_val(judge(val.hands, asked.live, assessor, "val hands"))
        chosen = _spread_out(hands, settings.stress_films)
        differences += differences_under_stress(stressed(chosen, asked.live, assessor, settings.pictures_a_kind))
    report = judged(asked.question, asked.sides, asked.films, differences)
    write_report(report, run)
    return report


def kept_answer(
    run: Path, candidate: Candidate, live: LiveModel, gold: GateHands, settings: GateSettings
) -> GateReport:
    """Returns the report of an earlier comparison of this candidate and live model on the gold films alone; assesses no film.

    Where gold films are missing, the report says so. Raises core.learning.run.candidate.CandidateRefused where there is none
    that still holds, models.registry.WeightsError for the live weights, OSError where the report cannot be written.
    """
    known = _asked(candidate, live, gold, None, settings).known(run)
    if known is None:
        raise CandidateRefused(
            "The run has not been compared with the live model yet, or the gold films have changed: compare it."
        )
    return known


def _asked(
    candidate: Candidate, live: LiveModel, gold: GateHands, val: GateHands | None, settings: GateSettings
) -> _Asked:
    live_assessor = Assessor.from_folder(live.folder)
    gold = gold.without(candidate.learned_from)
    sides = Sides(
        run=candidate.name,
        candidate=candidate.weights,
        brought=candidate.own,
        live=live_assessor.weights,
        live_version=live.version,
        own_intervals=candidate.own_intervals,
        manifest=candidate.manifest,
        revision=candidate.revision,
    )
    films = Films(
        gold=len(gold.hands),
        least_gold=settings.least_gold,
        without_pixels=gold.without_pixels,
        learned=gold.learned,
        revision=gold.revision,
        val=0 if val is None else len(val.hands),
    )
    question = question_of(candidate, live_assessor, gold, val, settings)
    return _Asked(question, sides, films, live_assessor, gold)


def kept_report(run: Path) -> GateReport | None:
    """Returns the report in a run's folder, or beside promoted weights; None where none can be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return GateReport.from_json(json.loads((run / REPORT).read_text(encoding="utf-8")))
    return None


def question_of(
    candidate: Candidate, live: Assessor, gold: GateHands, val: GateHands | None, settings: GateSettings
) -> str:
    """Returns a name for what is asked: the weights and intervals of both, the films and what is known of them, and the
    settings."""
    asked = {
        "version": _VERSION,
        "candidate": dict(candidate.weights),
        "candidate's intervals": asdict(candidate.intervals),
        "live": live.weights,
        "live intervals": asdict(live.intervals),
        "gold": gold.digest,
        "val": None if val is None else val.digest,
        "settings": asdict(settings),
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _spread_out(hands: tuple[GateHand, ...], count: int) -> list[GateHand]:
    """Returns `count` of the films, spread evenly over the list."""
    step = max(1, len(hands) // max(1, count))
    return list(hands[::step][:count])
