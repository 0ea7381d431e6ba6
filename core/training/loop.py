"""What every training program shares: a seeded, resumable loop's checkpoint, its weight average and its log."""

import json
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import PARAM_LIST, AveragedModel

from core.cohort.settings import keep_settings
from core.errors import BoneGradeError


def seed_everything(seed: int) -> None:
    """Seeds Python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class TimeUp(BoneGradeError):
    """The minutes that a command was given were over before there was anything to show; the message says what to do."""


class TimeLimit:
    """How long a command may take, counted from when this is made; minutes None: as long as it needs."""

    def __init__(self, minutes: float | None):
        self.minutes = minutes
        self._end = math.inf if minutes is None else time.monotonic() + 60 * minutes

    def left(self, afterwards: float = 0.0) -> float:
        """Seconds that are left, infinite without a limit, after reserving some for afterwards. Raises TimeUp where
        none are."""
        left = self._end - time.monotonic() - afterwards
        if left <= 0:
            raise TimeUp(
                f"The {self.minutes:g} minutes were over before the training began; what was cut is kept, so give the same "
                "command again."
            )
        return left


#: The learning rate ends at this share of its highest.
_LOWEST_RATE = 0.01


def rate_share(progress: float, rise: float = 0.05) -> float:
    """The learning rate as a share of its highest: a cosine, after a linear rise over the share `rise`.

    progress: 0 at a training's beginning, 1 at its end.
    """
    if progress < rise:
        return 0.1 + 0.9 * progress / rise
    along = min(1.0, (progress - rise) / (1 - rise))
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * along))


class Clock:
    """Seconds of training, those of earlier calls included, and how many there are: `seconds`, infinite without a limit.

    A resumed run goes on counting: where the first call was given fewer seconds, they are those of all calls together.
    """

    def __init__(self, seconds: float = math.inf):
        self.total = seconds
        self._before, self._started = 0.0, time.monotonic()

    @property
    def used(self) -> float:
        """Seconds so far, those of earlier calls included."""
        return self._before + time.monotonic() - self._started

    @property
    def progress(self) -> float:
        """Of the time, 0..1 and beyond; 0 without a limit."""
        return self.used / self.total if self.total > 0 else 1.0

    def state_dict(self) -> dict[str, float]:
        return {"used": self.used, "total": self.total}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        self._before, self._started = state["used"], time.monotonic()
        self.total = min(state["total"], state["used"] + self.total)


def weight_average(network: nn.Module, decay: float = 0.999) -> AveragedModel:
    """Exponential moving average of a network's weights and buffers; its `module` is what is evaluated and shipped.

    The n-th update keeps (1 + n) / (10 + n) of what was, but at most `decay`: the first move further, so that the start is
    forgotten. Counters are copied.
    """

    def move(averages: PARAM_LIST, values: PARAM_LIST, updates: Tensor | int) -> None:
        if averages[0].is_floating_point():
            kept = min(decay, (1 + int(updates)) / (10 + int(updates)))
            torch._foreach_lerp_(averages, values, 1.0 - kept)
        else:
            torch._foreach_copy_(averages, values)

    average = AveragedModel(network, multi_avg_fn=move, use_buffers=True)
    average.update_parameters(network)  # the first is copied: let that be the start, so that it is averaged too
    average.eval()
    return average


@torch.no_grad()
def half_way(network: nn.Module, other: nn.Module) -> None:
    """Moves a network's weights and buffers to half way between its own and another's; counters stay.

    Of two networks of which one was trained on from the other, with a low rate, the one between errs less than either
    (Wortsman et al., Model soups, ICML 2022).
    """
    others = other.state_dict()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.lerp_(others[name].to(value), 0.5)


class Run:
    """A training run's folder: `checkpoint.pt` to resume from, `log.jsonl`, one line an epoch, and `settings.json`.

    settings: what the checkpoint holds for; see core.cohort.settings.keep_settings, whose errors it raises.
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
        """Writes the checkpoint so that a kill leaves either the old one or the new one."""
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
    """The parts of a run, by name, which are kept and taken up together."""

    def __init__(self, run: Run, **parts: Part):
        self._run = run
        self._parts = parts

    def resume(self) -> int:
        """Takes up the last checkpoint; returns how many epochs or steps were done, 0 for a fresh run."""
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


def fit(parameters: Iterable[nn.Parameter], loss: Callable[[], Tensor], learning_rate: float, steps: int) -> None:
    """Fits a few parameters to all examples at once: steps of Adam, whose rate falls to 0 along half a cosine."""
    optimizer = torch.optim.Adam(parameters, learning_rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
