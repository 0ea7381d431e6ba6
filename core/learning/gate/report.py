"""The gate's report: what two models were compared on, every difference with its interval, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from core.bones import BONE_TITLES
from core.evaluation.figures import Cell, Table, as_json

#: The files of a report, in a run's folder and in a folder of promoted weights.
REPORT: Final = "gate.json"
REPORT_TEXT: Final = "gate.md"

GateVerdict = Literal["better", "worse", "no difference", "not compared"]
#: The groups of measures.
Group = Literal["gold", "bones", "val", "stress"]


@dataclass(frozen=True)
class Difference:
    """One measure of both models on the same n films; under stress on changed films of n hands, or on pictures of n kinds.

    unit: "months", "kappa" or "share". higher_is_better: of the measure. difference: the candidate's less the live model's;
    interval: that of the difference, by a paired bootstrap, at `level` (0..1). remark: why there is none, or how the verdict
    came about.
    """

    key: str
    group: Group
    title: str
    unit: str
    higher_is_better: bool
    n: int
    live: float | None
    candidate: float | None
    difference: float | None
    interval: tuple[float, float] | None
    level: float
    verdict: GateVerdict
    remark: str = ""


@dataclass(frozen=True)
class Sides:
    """The two models compared. candidate: SHA-256 by network, of which the run brought `brought`; live: the same for the live
    model, version `live_version`. own_intervals: the run set its intervals; else the live model's were kept. manifest,
    revision: of what the run learned from, as it says."""

    run: str
    candidate: Mapping[str, str]
    brought: tuple[str, ...]
    live: Mapping[str, str]
    live_version: str
    own_intervals: bool
    manifest: str | None
    revision: int | None


@dataclass(frozen=True)
class Films:
    """The films they were compared on. gold: gold films with pixels, at the ledger's `revision`; least_gold: how many are
    needed; without_pixels: gold films that could not be assessed. learned: gold films left out, since the candidate or a model
    before it had learned from their patient when they were not gold yet. val: labelled hands of a folder, 0 where none was
    named."""

    gold: int
    least_gold: int
    without_pixels: int
    learned: int
    revision: int
    val: int

    @property
    def missing(self) -> int:
        """How many more gold films are needed."""
        return max(0, self.least_gold - self.gold)


@dataclass(frozen=True)
class GateReport:
    """The report. question: names what was asked, by which a kept answer is recognised. reasons: why it is or is not promoted,
    in sentences."""

    question: str
    sides: Sides
    films: Films
    differences: tuple[Difference, ...]
    promotes: bool
    reasons: tuple[str, ...]

    def of(self, *verdicts: GateVerdict) -> tuple[Difference, ...]:
        """Returns the differences with one of these verdicts."""
        return tuple(one for one in self.differences if one.verdict in verdicts)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Restores a report from its JSON."""
        sides, films = dict(document["sides"]), document["films"]
        sides["brought"] = tuple(sides["brought"])
        rows = [{**row, "interval": row["interval"] and tuple(row["interval"])} for row in document["differences"]]
        return cls(
            question=document["question"],
            sides=Sides(**sides),
            films=Films(**films),
            differences=tuple(Difference(**row) for row in rows),
            promotes=document["promotes"],
            reasons=tuple(document["reasons"]),
        )


def judged(question: str, sides: Sides, films: Films, differences: tuple[Difference, ...]) -> GateReport:
    """Returns the report with its verdict: promoted where there are enough gold films, nothing is worse and something is
    better."""
    if films.missing:
        reasons = [_too_few(films)]
        return GateReport(question, sides, films, differences, False, tuple(reasons))
    worse = [one for one in differences if one.verdict == "worse"]
    better = [one for one in differences if one.verdict == "better"]
    reasons = [f"Worse than the live model: {_said(one)}." for one in worse]
    reasons += [f"Better than the live model: {_said(one)}." for one in better]
    if not better:
        reasons.append("Nothing is better than the live model by more than chance could explain.")
    return GateReport(question, sides, films, differences, not worse and bool(better), tuple(reasons))


def _too_few(films: Films) -> str:
    without = (
        f" {films.without_pixels} more cannot be used, because their pixels were not kept."
        if films.without_pixels
        else ""
    )
    without += (
        f" {films.learned} more are left out, because the model has learned from their patients."
        if films.learned
        else ""
    )
    return (
        f"The gate needs {films.least_gold} gold films whose pixels are kept, and the ledger has {films.gold}: "
        f"{films.missing} are missing. Set more gold readings.{without}"
    )


def _said(one: Difference) -> str:
    return f"{one.title}, {_number(one.live)} before and {_number(one.candidate)} now"


def as_text(report: GateReport) -> str:
    """Returns the report as text for a terminal."""
    return "\n".join([*_head(report), _table(report).aligned(), *report.reasons])


def as_markdown(report: GateReport) -> str:
    """Returns the report as a document to keep beside the weights."""
    title = "# The gate: " + ("promoted" if report.promotes else "not promoted")
    reasons = "\n".join(f"- {reason}" for reason in report.reasons)
    remarks = "\n".join(f"- {one.title}: {one.remark}" for one in report.differences if one.remark)
    parts = [title, "\n".join(_head(report)), reasons, _table(report).markdown(), remarks]
    return "\n\n".join(part for part in parts if part) + "\n"


def write_report(report: GateReport, folder: Path) -> None:
    """Writes both forms into a folder. Raises OSError."""
    (folder / REPORT).write_text(as_json(report) + "\n", encoding="utf-8")
    (folder / REPORT_TEXT).write_text(as_markdown(report), encoding="utf-8")


def _head(report: GateReport) -> list[str]:
    sides, films = report.sides, report.films
    brought = ", ".join(f"{name} {sides.candidate[name][:8]}" for name in sides.brought)
    intervals = "the run's own" if sides.own_intervals else "the live model's"
    val = f" and {films.val} labelled hands" if films.val else ""
    left = f" ({films.learned} left out, of patients that were learned from before)" if films.learned else ""
    return [
        f"Run {sides.run} ({brought}; intervals: {intervals}) against the live model, version {sides.live_version},",
        f"on {films.gold} gold films of the ledger's revision {films.revision}{left}{val}, film by film.",
    ]


def _table(report: GateReport) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in report.differences:
        interval = "" if one.interval is None else f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}"
        difference = "" if one.difference is None else f"{one.difference:+.3f}"
        level = f"{100 * one.level:.1f} %" if one.interval else ""
        rows.append(
            (one.title, one.n, _number(one.live), _number(one.candidate), difference, interval, level, one.verdict)
        )
    return Table(("measure", "n", "live", "run", "difference", "interval", "level", "verdict"), rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def kappa_title(bone: str) -> str:
    """Returns the title of a bone's kappa."""
    return f"Kappa, {BONE_TITLES[bone]}"
