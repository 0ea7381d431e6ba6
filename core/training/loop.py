"""What every training program shares: a seeded, resumable loop's checkpoint, its weight average and its log."""

import copy
import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import nn

from core.cohort.settings import settle


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


_Network = TypeVar("_Network", bound=nn.Module)


class WeightAverage(Generic[_Network]):
    """Exponential moving average of a network's weights and buffers; what is evaluated and shipped."""

    def __init__(self, network: _Network, decay: float = 0.999):
        self.network = copy.deepcopy(network)
        self.network.eval()
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, network: _Network) -> None:
        """Moves the average towards `network`; the first updates move further, so that a start from zero is forgotten."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for average, value in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if average.dtype.is_floating_point:
                average.lerp_(value.to(average.dtype), 1.0 - decay)
            else:
                average.copy_(value)


class Run:
    """A training run's folder: `checkpoint.pt` to resume from, `log.jsonl`, one line an epoch, and `settings.json`.

    settings: what the checkpoint holds for; see core.cohort.settings.settle, whose errors it raises.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]):
        self.folder = folder
        settle(folder / "settings.json", settings)

    @property
    def checkpoint_path(self) -> Path:
        return self.folder / "checkpoint.pt"

    def log(self, **values: Any) -> None:
        """Appends one line to the log and prints it."""
        line = json.dumps(values)
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def save(self, state: dict[str, Any]) -> None:
        """Writes the checkpoint so that a kill leaves either the old one or the new one."""
        temporary = self.checkpoint_path.with_suffix(".tmp")
        torch.save(state, temporary)
        temporary.replace(self.checkpoint_path)

    def restore(self) -> dict[str, Any] | None:
        """The last checkpoint, or None for a fresh run."""
        if not self.checkpoint_path.is_file():
            return None
        state: dict[str, Any] = torch.load(self.checkpoint_path, map_location="cpu", weights_only=False)
        return state


class Resumable(Generic[_Network]):
    """A run's network, its weight average, optimiser and learning-rate schedule, which are kept and taken up together."""

    def __init__(
        self,
        run: Run,
        network: _Network,
        average: WeightAverage[_Network],
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
    ):
        self._run = run
        self._average = average
        self._parts: dict[str, Any] = {
            "network": network, "average": average.network, "optimizer": optimizer, "schedule": schedule,
        }  # fmt: skip

    def resume(self) -> int:
        """Takes up the last checkpoint; returns how many epochs or steps were done, 0 for a fresh run."""
        state = self._run.restore()
        if state is None:
            return 0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        self._average.updates = state["updates"]
        return int(state["done"])

    def keep(self, done: int) -> None:
        """Writes a checkpoint after so many epochs or steps."""
        parts = {name: part.state_dict() for name, part in self._parts.items()}
        self._run.save({**parts, "updates": self._average.updates, "done": done})
