"""A run's weights as a whole model: its own networks, with the live model's for the rest."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.assessment.assessor import Assessor
from core.assessment.records import IntervalSetting
from core.errors import BoneGradeError
from core.learning.run.files import RUN, WEIGHTS
from core.learning.run.record import RunRecord, record_of
from models.registry import INDEX, WHOLE_HANDS, WeightsError, load_intervals, read_weights, register_intervals

#: The networks of a model; not all of them look at the whole hand.
_NETWORKS: Final[tuple[str, ...]] = ("localizer", "grader", *WHOLE_HANDS)
#: The file beside a version's weights that lists the patients that it learned from.
LEARNED_FROM: Final = "learned_from.json"
#: The intervals are set for these together.
_OF_INTERVALS: Final[tuple[str, ...]] = ("grader", *WHOLE_HANDS)


class CandidateRefused(BoneGradeError):
    """The run cannot be compared or promoted; nothing was changed."""


@dataclass(frozen=True)
class Candidate:
    """A run's model. weights: SHA-256 by network, of the whole model. own: the networks that the run brings.

    files: by network, its weight file. cards: by network, its card in Markdown, if somebody wrote one. intervals: set by the
    run for these weights, where own_intervals, else the live model's. manifest, revision: SHA-256 of the data's manifest, and
    the ledger's revision that it learned from; both as the run says, None where it does not. learned_from: the patients that it
    and the models before it learned from, see core.learning.run.record.learned_from.
    """

    name: str
    weights: Mapping[str, str]
    own: tuple[str, ...]
    files: Mapping[str, Path]
    cards: Mapping[str, Path]
    intervals: IntervalSetting
    own_intervals: bool
    manifest: str | None
    revision: int | None
    learned_from: frozenset[str]

    @property
    def of_intervals(self) -> dict[str, str]:
        """The hashes with which the intervals are kept."""
        return {name: self.weights[name] for name in _OF_INTERVALS if name in self.weights}


def weights_of(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 by network of the files of a folder that models.registry wrote, each checked against its index.
    Raises models.registry.WeightsError."""
    return {name: read_weights(name, folder).sha256 for name in _registered(folder)}


def read_candidate(run: Path, live: Path) -> Candidate:
    """Reads the model of a run that was trained from the live one. live: the folder of the live weights.

    Raises CandidateRefused where the folder is not a run's, the run has not completed, it started from weights other than the
    live ones or changed nothing, or a file is not what the run's index says.
    """
    record = run_record(run)
    _check_ended(run, record)
    own, whole = run / WEIGHTS, weights_of(live)
    try:
        brought = {name: sha256 for name, sha256 in weights_of(own).items() if name in _NETWORKS}
    except WeightsError as error:
        raise CandidateRefused(f"The run {run.name} has no weights that can be used: {error}") from error
    _check_start(run, record, brought, whole)
    weights = whole | brought
    if weights == whole:
        raise CandidateRefused(
            f"The weights of the run {run.name} are those of the live model: there is nothing to compare."
        )
    of_intervals = {name: weights[name] for name in _OF_INTERVALS if name in weights}
    try:
        intervals, own_intervals = load_intervals(of_intervals, own), True
    except WeightsError:
        intervals = load_intervals({name: whole[name] for name in _OF_INTERVALS if name in whole}, live)
        own_intervals = False
    folders = {name: own if name in brought else live for name in weights}
    return Candidate(
        name=run.resolve().name,
        weights=weights,
        own=tuple(name for name in _NETWORKS if name in brought and brought[name] != whole.get(name)),
        files={name: folder / _registered(folder)[name]["file"] for name, folder in folders.items()},
        cards={name: card for name, folder in folders.items() if (card := folder / f"{name}.md").is_file()},
        intervals=IntervalSetting(intervals),
        own_intervals=own_intervals,
        manifest=record.manifest_sha256,
        revision=record.ledger_revision,
        learned_from=_own_patients(run, record) | known_patients(live),
    )


def _own_patients(run: Path, record: RunRecord) -> frozenset[str]:
    if record.learned_from is None:
        raise CandidateRefused(
            f"The run {run.name} does not say which patients it learned from, so no gold film is certain to be new to "
            "it: run `finetune` again."
        )
    return frozenset(record.learned_from)


def known_patients(folder: Path) -> frozenset[str]:
    """Returns the patients that a version and those before it learned from; none of the ledger's for the shipped weights.
    Raises CandidateRefused where the list is damaged."""
    path = folder / LEARNED_FROM
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise CandidateRefused(
            f"{path}, the list of patients that the live model learned from, is damaged: restore it from a backup, or "
            "go back to an earlier model with `rollback`."
        ) from error


def run_record(run: Path) -> RunRecord:
    """Returns the run's record. Raises CandidateRefused where the folder is not a run's."""
    record = record_of(run)
    if record is None:
        raise CandidateRefused(
            f"{run} is not a run's folder: it has no {RUN} that can be read. Name one made by `finetune`."
        )
    return record


def _check_ended(run: Path, record: RunRecord) -> None:
    if record.state == "running":
        raise CandidateRefused(f"The run {run.name} has not ended: wait for it, or resume it with `finetune`.")
    if record.state != "done":
        raise CandidateRefused(
            f"The run {run.name} did not end well (it is {record.state!r}): resume it with `finetune`."
        )


def _check_start(run: Path, record: RunRecord, brought: Mapping[str, str], live: Mapping[str, str]) -> None:
    start = record.start
    if start is None or not brought or not set(brought) <= set(start):
        raise CandidateRefused(f"The run {run.name} does not say which weights it started from: run `finetune` again.")
    for name in brought:
        if start[name] != live.get(name):
            raise CandidateRefused(
                f"The run {run.name} started from another model than the live one (its {name} from "
                f"{str(start[name])[:12]}..., the live one is {str(live.get(name))[:12]}...): run `finetune` again "
                "from the live model."
            )


def write_model(candidate: Candidate, folder: Path) -> None:
    """Writes the whole model into an existing folder, as models.registry does. Raises CandidateRefused where a file has changed
    since the candidate was read, OSError where it cannot be written."""
    index = {}
    for name, file in candidate.files.items():
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != candidate.weights[name]:
            raise CandidateRefused(f"The weight file {file.name} was changed meanwhile: compare the run again.")
        index[name] = {"file": f"{name}.safetensors", "sha256": candidate.weights[name]}
        (folder / f"{name}.safetensors").write_bytes(content)
    for name, card in candidate.cards.items():
        shutil.copyfile(card, folder / f"{name}.md")
    setting = candidate.intervals
    register_intervals(setting.scatter_months, candidate.of_intervals, folder)
    (folder / LEARNED_FROM).write_text(json.dumps(sorted(candidate.learned_from)) + "\n", encoding="utf-8")
    (folder / INDEX).write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


@contextmanager
def loaded(candidate: Candidate) -> Iterator[Assessor]:
    """Loads the candidate, ready to assess. Raises CandidateRefused where its weights are for another network."""
    with tempfile.TemporaryDirectory(prefix="bonegrade-candidate-") as folder:
        write_model(candidate, Path(folder))
        try:
            assessor = Assessor.from_folder(Path(folder))
        except WeightsError as error:
            raise CandidateRefused(f"The run {candidate.name} cannot be used: {error}") from error
    yield assessor


def _registered(folder: Path) -> dict[str, dict[str, str]]:
    try:
        index: dict[str, dict[str, str]] = json.loads((folder / INDEX).read_text())
        return {name: index[name] for name in index if index[name]["file"] == Path(index[name]["file"]).name}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"The list of weights {INDEX} cannot be read; fetch or make the folder again.") from error
