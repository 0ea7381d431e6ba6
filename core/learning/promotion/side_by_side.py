"""What two models say of one film: the records, and their forms as a table for a terminal and as JSON."""

from dataclasses import dataclass

from core.assessment.records import Assessment
from core.bones import RUS_BONES
from core.evaluation.figures import Cell, Table


@dataclass(frozen=True)
class ModelAnswer:
    """What one model says of a film: an assessment, or why there is none. weights: SHA-256 (hex) by network."""

    name: str
    weights: dict[str, str]
    assessment: Assessment | None
    refusal: str | None


@dataclass(frozen=True)
class SideBySide:
    """One film, read by the live model and by another."""

    live: ModelAnswer
    other: ModelAnswer


def table_of(found: SideBySide) -> Table:
    """Returns grades, totals and ages, with a column for each model; "<>" where they differ."""
    live, other = found.live, found.other
    rows: list[tuple[Cell, ...]] = []

    def add(name: str, first: str, second: str) -> None:
        rows.append((name, first, second, "" if first == second else "<>"))

    for bone in RUS_BONES:
        add(bone, _grade(live, bone), _grade(other, bone))
    add("RUS-CHN total", _total(live), _total(other))
    add("bone age, months", _age(live), _age(other))
    add("90 % interval", _interval(live), _interval(other))
    for network in sorted({*live.weights, *other.weights}):
        add(f"{network} SHA-256", live.weights.get(network, "none")[:12], other.weights.get(network, "none")[:12])
    return Table(("", f"live ({live.name})", other.name, ""), rows)


def as_document(found: SideBySide) -> dict[str, object]:
    """Returns JSON-ready values: each side as Assessment.to_dict has it, or its refusal."""
    return {
        side: {"model": one.name, "weights": one.weights, "refusal": one.refusal,
               "assessment": one.assessment and one.assessment.to_dict()}
        for side, one in (("live", found.live), ("other", found.other))
    }  # fmt: skip


def as_text(found: SideBySide) -> str:
    """Returns the table as text for a terminal."""
    refusals = [f"{one.name}: {one.refusal}" for one in (found.live, found.other) if one.refusal is not None]
    return "\n".join([table_of(found).aligned(), *refusals, "Research use only; not a medical device."])


def _grade(opinion: ModelAnswer, bone: str) -> str:
    if opinion.assessment is None:
        return "refused"
    graded = opinion.assessment.bones[bone]
    return "not found" if graded is None else f"{graded.label} ({max(graded.probabilities):.2f})"


def _total(opinion: ModelAnswer) -> str:
    if opinion.assessment is None:
        return "refused"
    total = opinion.assessment.standards["rus_chn"].total
    return "none" if total is None else str(total)


def _age(opinion: ModelAnswer) -> str:
    if opinion.assessment is None:
        return "refused"
    months = opinion.assessment.bone_age_months
    return "none" if months is None else f"{months:.1f}"


def _interval(opinion: ModelAnswer) -> str:
    interval = None if opinion.assessment is None else opinion.assessment.interval90_months
    return "none" if interval is None else f"{interval[0]:.0f} to {interval[1]:.0f}"
