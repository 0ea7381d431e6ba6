"""Runs of fine-tuning and of the gate, each a process of its own that outlives the page and the server."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from core.assessment.live_model import SHIPPED, LiveModel, weights_folder
from core.errors import BoneGradeError
from core.learning.run.curves import show_command
from core.learning.run.files import CANCEL, LOCK, LOG, OUTPUT
from core.learning.run.record import Job, record_of
from core.machine import is_locked

_LAST_LINES: Final = 12
#: Exit codes of a comparison that was completed: for a run that may be promoted, and for one that may not.
_COMPARED: Final = (0, 4)
ComparisonState = Literal["none", "running", "failed"]
#: The program's folder, in which the processes start.
_ROOT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class RunView:
    """One run as its folder has it. state: "starting", "running", "done", "cancelled" or "failed". measurements: from its log.
    output: the last lines that its process printed. job: where it runs or ran on the hub, None for a run on this machine.
    curves: the command that opens its curves, "" where there are none."""

    name: str
    state: str
    measurements: tuple[Mapping[str, Any], ...]
    output: str
    cancelling: bool
    job: Job | None
    curves: str

    @property
    def at_work(self) -> bool:
        """Whether the run is still working."""
        return self.state in ("starting", "running")


class Runs:
    """The runs of the ledger of one data folder, in its `runs`."""

    def __init__(self, data: Path):
        self.folder: Final = data / "runs"
        self._data = data
        self._started: dict[Path, subprocess.Popen[bytes]] = {}
        self._compared: set[Path] = set()

    def names(self) -> list[str]:
        """Returns the runs' names, the newest first."""
        if not self.folder.is_dir():
            return []
        return sorted((one.name for one in self.folder.iterdir() if one.is_dir()), reverse=True)

    def path(self, name: str | None) -> Path:
        """Returns a run's folder. Raises BoneGradeError where there is none of this name."""
        if name is None or name not in self.names():
            raise BoneGradeError("There is no such run: start one, or choose one of the list.")
        return self.folder / name

    def command(self, live: LiveModel, data: Path | None) -> str:
        """Returns what to type on a machine with a GPU, in the program's folder, once what it names in capitals has been copied
        there. The shipped weights are there already. data: see `start`."""
        start = [] if live.version == SHIPPED else ["--from", "WEIGHTS"]
        again = [] if data is None else ["--data", "DATA"]
        return shlex.join(["python", "-m", "core", "finetune", "--dataset", "EXPORT", *start, *again, "--out", "RUN"])

    def start(self, live: Path, data: Path | None) -> str:
        """Starts a run from the live weights and returns its name. data: a folder that it sees again, see
        core.learning.lessons.training_data. Raises BoneGradeError where one is at work."""
        return self._start("finetune", live, *([] if data is None else ["--data", str(data)]))

    def start_job(self, live: Path, dataset: str, hardware: str) -> str:
        """Starts a run as a job on the hub, through a private dataset there; a process here follows it."""
        return self._start("finetune-on-hub", live, dataset, "--hardware", hardware)

    def _start(self, command: str, live: Path, *more: str) -> str:
        busy = next((name for name in self.names() if self.view(name).at_work), None)
        if busy is not None:
            raise BoneGradeError(f"The run {busy} is at work: wait for it, or cancel it.")
        name = datetime.now(UTC).strftime("%Y-%m-%d_%H%M%S")
        run = self.folder / name
        run.mkdir(parents=True)
        self._spawn(run, [command, *more, "--from", str(live), "--out", str(run)])
        return name

    def compare(self, name: str) -> None:
        """Starts the gate's comparison, whose report will lie in the run's folder."""
        run = self.path(name)
        if self._is_alive(run):
            raise BoneGradeError("A process of this run is already at work: wait for it.")
        self._compared.add(run)
        self._spawn(run, ["promote", str(run), "--dry-run"])

    def cancel(self, name: str) -> None:
        """Asks a run to end at its next step; what it learned until then stays in its folder."""
        run = self.path(name)
        if not self.view(name).at_work:
            raise BoneGradeError("This run is not at work, so there is nothing to cancel.")
        (run / CANCEL).touch()

    def view(self, name: str) -> RunView:
        """Returns how far a run is."""
        run = self.path(name)
        said = record_of(run)
        state: str = "starting" if said is None else said.state
        # a process that another server started, or this one before it was restarted, is known by its lock alone
        if state in ("starting", "running") and not (self._is_alive(run) or is_locked(run / LOCK)):
            state = "failed"
        return RunView(
            name, state, tuple(_lines(run / LOG)), _tail(run / OUTPUT), (run / CANCEL).exists(),
            None if said is None else said.job, show_command(run),
        )  # fmt: skip

    def comparison(self, name: str) -> ComparisonState:
        """Returns how far this server's last comparison of the run is; "none" where there is nothing to say."""
        run = self.path(name)
        if run not in self._compared:
            return "none"
        code = self._started[run].poll()
        return "running" if code is None else "none" if code in _COMPARED else "failed"

    def _is_alive(self, run: Path) -> bool:
        process = self._started.get(run)
        return process is not None and process.poll() is None

    def _spawn(self, run: Path, arguments: Sequence[str]) -> None:
        with (run / OUTPUT).open("ab") as output:  # what the run printed stays above what its comparison prints
            self._started[run] = subprocess.Popen(
                [sys.executable, "-m", "core", *arguments],
                cwd=_ROOT,
                # The ledger is passed this way because its database's URL may contain a password, which a list of processes
                # would show.
                env={**os.environ, "BONEGRADE_DATA": str(self._data), "BONEGRADE_WEIGHTS": str(weights_folder())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what ends the server does not end the run
            )


def _lines(log: Path) -> list[Mapping[str, Any]]:
    """Returns the measurements; skips other lines, and leaves a last line that is still being written for the next look."""
    found: list[Mapping[str, Any]] = []
    with suppress(OSError):
        for line in log.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and isinstance(said.get("lesson"), str) and isinstance(said.get("step"), int):
                    found.append(said)
    return found


def _tail(file: Path) -> str:
    with suppress(OSError):
        text = file.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
        return "\n".join(text.splitlines()[-_LAST_LINES:])
    return ""
