"""Another model by its name, and what it says of one film beside what the live one says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.assessment.assessor import Assessor
from core.assessment.live_model import LiveModel, live_model, version_folder, weights_folder
from core.assessment.records import Assessment
from core.bones import RUS_BONES, Sex
from core.errors import BoneGradeError, FilmRefused
from core.evaluation.figures import Cell, Table
from core.film.radiograph import Radiograph
from core.learning.candidate import RUN_FILE, loaded, read_candidate
from core.learning.promotion import versions


@dataclass(frozen=True)
class Opinion:
    """What one model says of a film: an assessment, or why there is none. weights: SHA-256 (hex) by network."""

    name: str
    weights: dict[str, str]
    assessment: Assessment | None
    refusal: str | None


@dataclass(frozen=True)
class SideBySide:
    """One film, read by the live model and by another."""

    live: Opinion
    other: Opinion


@contextmanager
def model_named(name: str) -> Iterator[Assessor]:
    """A run's model, by its folder, or a version that was live before.

    Raises BoneGradeError for a name that is neither, models.registry.WeightsError for weights that cannot be used.
    """
    live = live_model()
    if (Path(name) / RUN_FILE).exists():
        with loaded(read_candidate(Path(name), live.folder)) as assessor:
            yield assessor
        return
    kept = weights_folder()
    known = versions(kept)
    if name not in known:
        raise BoneGradeError(f"{name!r} is neither a run's folder nor a version; there are: {', '.join(known)}.")
    yield Assessor.from_folder(version_folder(kept, name))


def compare_on_film(radiograph: Radiograph, sex: Sex, live: LiveModel, name: str) -> SideBySide:
    """What both say of a film. name: see model_named, which also says what it raises."""
    with model_named(name) as other:
        first = _opinion(f"live ({live.version})", Assessor.from_folder(live.folder), radiograph, sex)
        return SideBySide(first, _opinion(Path(name).name, other, radiograph, sex))


def _opinion(name: str, assessor: Assessor, radiograph: Radiograph, sex: Sex) -> Opinion:
    try:
        return Opinion(name, assessor.weights, assessor.assess(radiograph, sex), None)
    except FilmRefused as refusal:
        return Opinion(name, assessor.weights, None, str(refusal))


def table_of(found: SideBySide) -> Table:
    """Grades, totals and ages, the two models' in a column each; "<>" where they differ."""
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
    return Table(("", live.name, other.name, ""), rows)


def as_document(found: SideBySide) -> dict[str, object]:
    """As JSON-ready values: each side as Assessment.to_dict has it, or its refusal."""
    return {
        side: {"model": one.name, "weights": one.weights, "refusal": one.refusal,
               "assessment": one.assessment and one.assessment.to_dict()}
        for side, one in (("live", found.live), ("other", found.other))
    }  # fmt: skip


def as_text(found: SideBySide) -> str:
    """For a terminal."""
    refusals = [f"{one.name}: {one.refusal}" for one in (found.live, found.other) if one.refusal is not None]
    return "\n".join([table_of(found).aligned(), *refusals, "Research use only; not a medical device."])


def _grade(opinion: Opinion, bone: str) -> str:
    if opinion.assessment is None:
        return "refused"
    graded = opinion.assessment.bones[bone]
    return "not found" if graded is None else f"{graded.label} ({max(graded.probabilities):.2f})"


def _total(opinion: Opinion) -> str:
    if opinion.assessment is None:
        return "refused"
    total = opinion.assessment.standards["rus_chn"].total
    return "none" if total is None else str(total)


def _age(opinion: Opinion) -> str:
    if opinion.assessment is None:
        return "refused"
    months = opinion.assessment.bone_age_months
    return "none" if months is None else f"{months:.1f}"


def _interval(opinion: Opinion) -> str:
    interval = None if opinion.assessment is None else opinion.assessment.interval90_months
    return "none" if interval is None else f"{interval[0]:.0f} to {interval[1]:.0f}"
