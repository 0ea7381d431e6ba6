"""What a run says of itself in `run.json`: its state, and what it was made from, so that it can be repeated."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar, get_args

from core.learning.run.files import RUN

RunState = Literal["running", "done", "cancelled", "failed"]

_Kind = TypeVar("_Kind")
_Part = TypeVar("_Part", "Job", "Hardware", "FilmCounts", "Measured")

#: Number of hexadecimal digits that name a patient.
_HASHED: Final = 16
#: Fields of `run.json` that are written even where they are null, once the run has its lessons.
_SAID_AS_NONE: Final = ("manifest_sha256", "data", "git_revision")


@dataclass(frozen=True)
class Job:
    """Where on the hub a run runs or ran. hardware, stage: as the hub calls them. place: the name of the run's folders in the
    dataset. Raises ValueError for anything that is not text, and for an address that is not a web address."""

    id: str
    url: str
    hardware: str
    stage: str
    place: str

    def __post_init__(self) -> None:
        if not all(isinstance(part, str) for part in asdict(self).values()):
            raise ValueError("a job is told in text")
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"{self.url!r} is no address of the web")


@dataclass(frozen=True)
class Hardware:
    """What a run computed on. device: a GPU by its name, or "cpu". processors: None where the system does not say."""

    device: str
    processes: int
    threads: int
    processors: int | None
    machine: str
    system: str

    def __post_init__(self) -> None:
        if self.processes < 1 or self.threads < 1:
            raise ValueError("a run has a process and a thread at least")


@dataclass(frozen=True)
class FilmCounts:
    """Films of the lessons. grader, localizer: how many there are for each purpose, and their crops; localizer: None where
    nobody drew a box to learn from. left_out: by network, how many for each reason."""

    grader: Mapping[str, int]
    localizer: Mapping[str, int] | None
    left_out: Mapping[str, Mapping[str, int]]

    def __post_init__(self) -> None:
        if not all(isinstance(count, int) for count in self.grader.values()):
            raise ValueError("films are counted in whole numbers")


@dataclass(frozen=True)
class Measured:
    """What a network measured, by the measure's name. start: before learning. best: at its best, with the step."""

    start: Mapping[str, float]
    best: Mapping[str, float]

    def __post_init__(self) -> None:
        if not all(isinstance(value, int | float) for one in (self.start, self.best) for value in one.values()):
            raise ValueError("measures are numbers")


@dataclass(frozen=True)
class RunMetrics:
    """The results of a run; None for those that it does not have yet. calibration, intervals: what was done about them, in
    words."""

    grader: Measured | None = None
    localizer: Measured | None = None
    calibration: str | None = None
    intervals: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `run.json` has it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class RunRecord:
    """The record of one run; None for what it does not say, as in that of an earlier version, or of a job that has not come
    back.

    start: the weights that it started from, SHA-256 by network. ledger_revision, rule, manifest_sha256: see
    core.learning.lessons.sources.Origin. settings: of the recipe. data: the folder that it sees again. learned_from,
    learned_films: patients and films, as learned_from has them. git_revision: of the program. began_at, ended_at: as
    core.machine.now_in_utc has it. job: None for a run on this machine.

    Raises ValueError for an unknown state, or an impossible revision of the ledger.
    """

    state: RunState
    start: Mapping[str, str | None] | None = None
    ledger_revision: int | None = None
    rule: str | None = None
    manifest_sha256: str | None = None
    settings: Mapping[str, Any] | None = None
    data: str | None = None
    began_at: str | None = None
    ended_at: str | None = None
    seeds: Mapping[str, int] | None = None
    films: FilmCounts | None = None
    learned_from: tuple[str, ...] | None = None
    learned_films: tuple[str, ...] | None = None
    git_revision: str | None = None
    libraries: Mapping[str, str] | None = None
    hardware: Hardware | None = None
    metrics: RunMetrics | None = None
    job: Job | None = None

    def __post_init__(self) -> None:
        if self.state not in get_args(RunState):
            raise ValueError(f"{self.state!r} is no state of a run")
        if self.ledger_revision is not None and self.ledger_revision < 0:
            raise ValueError("a ledger's revisions are counted from 0")

    def to_json(self) -> dict[str, Any]:
        """As `run.json` has it."""
        said = asdict(replace(self, metrics=None))
        said["from"] = said.pop("start")
        said["metrics"] = None if self.metrics is None else self.metrics.to_json()
        whole = self.settings is not None
        return {name: one for name, one in said.items() if one is not None or (whole and name in _SAID_AS_NONE)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Restores a record from its JSON; values of another kind than a run writes are dropped. Raises ValueError where it
        does not give the run's state."""
        return cls(
            state=said.get("state"),  # type: ignore[arg-type]  # checked in __post_init__
            start=_of(dict, said.get("from")),
            ledger_revision=_of(int, said.get("ledger_revision")),
            rule=_of(str, said.get("rule")),
            manifest_sha256=_of(str, said.get("manifest_sha256")),
            settings=_of(dict, said.get("settings")),
            data=_of(str, said.get("data")),
            began_at=_of(str, said.get("began_at")),
            ended_at=_of(str, said.get("ended_at")),
            seeds=_of(dict, said.get("seeds")),
            films=_made(FilmCounts, said.get("films")),
            learned_from=_names(said.get("learned_from")),
            learned_films=_names(said.get("learned_films")),
            git_revision=_of(str, said.get("git_revision")),
            libraries=_of(dict, said.get("libraries")),
            hardware=_made(Hardware, said.get("hardware")),
            metrics=_metrics(said.get("metrics")),
            job=_made(Job, said.get("job")),
        )


def record_of(run: Path) -> RunRecord | None:
    """Returns what a run's folder says of the run; None where nothing can be read, as in a folder that somebody put there."""
    with suppress(OSError, ValueError):
        said = json.loads((run / RUN).read_text(encoding="utf-8"))
        if isinstance(said, dict):
            return RunRecord.from_json(said)
    return None


def learned_from(patients: Iterable[str]) -> list[str]:
    """Returns patients as hashes of the key that decides their part of the split, or films as hashes of one of their names,
    each once, so that a run's folder names nobody."""
    return sorted({hashlib.sha256(key.encode()).hexdigest()[:_HASHED] for key in patients})


def _of(kind: type[_Kind], said: object) -> _Kind | None:
    return said if isinstance(said, kind) else None


def _names(said: object) -> tuple[str, ...] | None:
    return tuple(said) if isinstance(said, list) and all(isinstance(name, str) for name in said) else None


def _made(part: type[_Part], said: object) -> _Part | None:
    with suppress(TypeError, ValueError, AttributeError):
        return part(**said) if isinstance(said, dict) else None
    return None


def _metrics(said: object) -> RunMetrics | None:
    if not isinstance(said, dict):
        return None
    words = (_of(str, said.get(name)) for name in ("calibration", "intervals"))
    return RunMetrics(_made(Measured, said.get("grader")), _made(Measured, said.get("localizer")), *words)
