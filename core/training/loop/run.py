"""One run of a training: its seed, and its folder with a checkpoint to resume from, a log and its settings."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from core.cohort.settings import keep_settings


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Run:
    """A training run's folder: `checkpoint.pt` to resume from, `log.jsonl`, one line an epoch, and `settings.json`.

    settings: those for which the checkpoint is valid. Raises what core.cohort.settings.keep_settings raises.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.folder = folder
        keep_settings(folder / "settings.json", settings)

    @property
    def checkpoint_path(self) -> Path:
        """Where `save` writes, and `restore` reads."""
        return self.folder / "checkpoint.pt"

    def log(self, **values: Any) -> None:
        """Appends one line to the log and prints it."""
        line = json.dumps(values)
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def save(self, state: dict[str, Any]) -> None:
        """Writes the checkpoint so that a kill leaves either the old or the new one intact."""
        temporary = self.checkpoint_path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint_path)

    def restore(self) -> dict[str, Any] | None:
        """The last checkpoint, or None for a fresh run."""
        if not self.checkpoint_path.is_file():
            return None
        state: dict[str, Any] = torch.load(self.checkpoint_path, map_location="cpu", weights_only=True)
        return state


class Part(Protocol):
    """What a checkpoint can hold: a network, an optimiser, a schedule, a clock."""

    def state_dict(self) -> Any: ...

    def load_state_dict(self, state: Any, /) -> Any: ...


class Resumable:
    """The parts of a run, by name, which are kept and restored together."""

    def __init__(self, run: Run, **parts: Part):
        self._run = run
        self._parts = parts

    def resume(self) -> int:
        """Restores the last checkpoint; returns how many epochs or steps were done, 0 for a fresh run."""
        state = self._run.restore()
        if state is None:
            return 0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        return int(state["done"])

    def keep(self, done: int) -> None:
        """Writes a checkpoint after this number of epochs or steps."""
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        self._run.save({**parts, "done": done})
