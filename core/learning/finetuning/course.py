"""The loop of a fine-tuning, for one process or many: cosine schedule, weight average, early stop, and resuming after a kill.

Everything random hangs on the seed, the step and the process alone, so that a run that was killed ends with the same weights.
"""

import io
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from core.learning.errors import RunRefused
from core.learning.run.files import CHECKPOINT
from core.learning.run.folder import RunFolder
from core.training.loop.optimisation import weight_average

StepBatch = dict[str, Tensor]

#: Batches that are read ahead of the one being computed.
_AHEAD: Final = 3


@dataclass(frozen=True)
class Pace:
    """How long a course runs, and how it is averaged. epochs: at most. patience: epochs without a better measure after which it
    stops. keep_every: steps between checkpoints. average: how much of the weight average each step keeps, once it has begun.
    warm_up: share of the steps in which the learning rate rises; then it falls as a cosine does."""

    epochs: int
    learning_rate: float
    patience: int = 5
    keep_every: int = 25
    average: float = 0.99
    warm_up: float = 0.1
    weight_decay: float = 0.05


@dataclass(frozen=True)
class Share:
    """Which of several processes this is."""

    rank: int = 0
    processes: int = 1

    def of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns this process's places of a step; together the processes have each place once."""
        return places[self.rank :: self.processes]

    def batches(self, films: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
        """Yields this process's films, in batches of this size."""
        mine = self.of(films)
        for start in range(0, len(mine), size):
            yield mine[start : start + size]


def steps_of(films: int, at_once: int) -> int:
    """Returns the number of steps of an epoch, in which each film is seen once."""
    return math.ceil(films / at_once)


def order_of(films: int, at_once: int, seed: list[int]) -> NDArray[np.int64]:
    """Returns the films of an epoch, shuffled, and padded with -1 to whole steps."""
    order = np.full(steps_of(films, at_once) * at_once, -1, np.int64)
    order[:films] = np.random.default_rng(seed).permutation(films)
    return order


class Workers:
    """The processes that train together through accelerate: one, or as many as `accelerate launch` started."""

    def __init__(self, accelerator: Accelerator):
        self._accelerator = accelerator
        self.device: torch.device = accelerator.device
        self.share = Share(accelerator.process_index, accelerator.num_processes)
        self.is_first: bool = accelerator.is_main_process

    def prepare(self, module: nn.Module) -> nn.Module:
        """Returns the module, wrapped so that gradients are averaged over the processes."""
        return self._accelerator.prepare_model(module)  # type: ignore[no-any-return]

    def backward(self, loss: Tensor) -> None:
        self._accelerator.backward(loss)

    def sum(self, values: Tensor) -> Tensor:
        """Returns the sum over the processes, on the CPU."""
        if self.share.processes == 1:
            return values.cpu()
        return self._accelerator.reduce(values.to(self.device), "sum").cpu()  # type: ignore[no-any-return]

    def agreed(self, value: int) -> int:
        """Returns the first process's value, in all of them."""
        if self.share.processes == 1:
            return value
        return int(self.sum(torch.tensor(value if self.is_first else 0)).item())


class Course(Protocol):
    """What is learned: a module, its batches and its measure."""

    name: str
    steps: int
    films: int

    @property
    def module(self) -> nn.Module: ...

    def batch(self, epoch: int, step: int, share: Share) -> StepBatch:
        """Returns this process's share of a step, on the CPU; `seen` is the number of films in it."""
        ...

    def losses(self, module: nn.Module, batch: StepBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """Returns the losses: `loss` is minimised, the others are logged. module: the course's own, or its wrapper."""
        ...

    def measure(self, averaged: nn.Module, workers: Workers) -> dict[str, float]:
        """Measures on the films held back; the lowest `held_loss` is the best."""
        ...


class Ending(Enum):
    """Why a run ends before its last step."""

    NOT_YET = 0
    CANCELLED = 1
    TIME_UP = 2


class Cancelled(Exception):
    """Somebody put a file named `cancel` into the run folder; the checkpoint is kept."""


def follow(
    course: Course,
    pace: Pace,
    seed: int,
    run: RunFolder,
    workers: Workers,
    ending: Callable[[float], Ending],
) -> dict[str, Any]:
    """Trains through a course, and returns its best weights (`weights`, the averaged module's) and what was measured
    (`metrics`).

    Resumes from the run's checkpoint. ending: is called before each step, with the seconds of learning so far; after TIME_UP
    the best until then is taken. Raises Cancelled.
    """
    finished = run.state.get("finished", {})
    if course.name in finished:
        return dict(finished[course.name])
    lesson = _Lesson(course, pace, seed, run, workers)
    first = lesson.resume()
    wrapped = workers.prepare(course.module)
    with _Ahead(course, first, pace.epochs * course.steps, workers) as batches:
        for step, batch in batches:
            why = Ending(workers.agreed(ending(lesson.seconds()).value))
            if why is Ending.CANCELLED:
                lesson.keep(step)
                raise Cancelled
            if why is Ending.TIME_UP:
                lesson.measured(step)
                break
            lesson.take(step, wrapped, batch)
            if (step + 1) % course.steps == 0:
                lesson.measured(step + 1)
                if lesson.stale >= pace.patience:
                    break
            if (step + 1) % course.steps == 0 or (step + 1) % pace.keep_every == 0:
                lesson.keep(step + 1)
    return lesson.finish()


class _Ahead:
    """The batches from a step on, read by a thread while the device computes."""

    def __init__(self, course: Course, first: int, last: int, workers: Workers):
        self._course, self._steps, self._workers = course, iter(range(first, last)), workers
        self._pool = ThreadPoolExecutor(1)
        self._waiting: deque[tuple[int, Future[StepBatch]]] = deque()

    def __enter__(self) -> Iterator[tuple[int, StepBatch]]:
        return self._batches()

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _batches(self) -> Iterator[tuple[int, StepBatch]]:
        for _ in range(_AHEAD):
            self._order()
        while self._waiting:
            step, batch = self._waiting.popleft()
            self._order()
            yield (
                step,
                {name: part.to(self._workers.device, non_blocking=True) for name, part in batch.result().items()},
            )

    def _order(self) -> None:
        step = next(self._steps, None)
        if step is not None:
            self._waiting.append((step, self._pool.submit(self._read, step)))

    def _read(self, step: int) -> StepBatch:
        batch = self._course.batch(*divmod(step, self._course.steps), self._workers.share)
        if self._workers.device.type == "cuda":
            batch = {name: part.pin_memory() for name, part in batch.items()}
        return batch


class _Lesson:
    """A course in progress: the network, its average, optimiser and schedule, and the best so far."""

    def __init__(self, course: Course, pace: Pace, seed: int, run: RunFolder, workers: Workers):
        self._course, self._pace, self._seed, self._run, self._workers = course, pace, seed, run, workers
        module = course.module.to(workers.device)
        module.train()
        for part in module.modules():
            # a few films say less about grey values in general than the start model knows, and processes need not agree on them
            if isinstance(part, _BatchNorm):
                part.eval()
        self._average = weight_average(module, pace.average)
        learned = [p for p in module.parameters() if p.requires_grad]
        decayed = [p for p in learned if p.ndim >= 2 and p.numel() > 1000]
        kept = [p for p in learned if not (p.ndim >= 2 and p.numel() > 1000)]
        self._optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": pace.weight_decay}, {"params": kept, "weight_decay": 0.0}],
            pace.learning_rate,
        )
        steps = pace.epochs * course.steps
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: _cosine(step, steps, pace.warm_up)
        )
        self._sums: dict[str, Tensor] = {}
        self._best: dict[str, Any] = {}
        self._start: dict[str, float] = {}
        self.stale = 0
        self._seconds = float(run.state.get("seconds", 0.0))
        self._started = time.monotonic()

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self._course.module, "average": self._average, "optimizer": self._optimizer,
            "schedule": self._schedule,
        }  # fmt: skip

    def resume(self) -> int:
        """Resumes from the run's checkpoint if it belongs to this course, else measures the start; returns the first step."""
        state = self._run.state
        if state.get("course") != self._course.name:
            self._start = self._course.measure(self._average.module, self._workers)
            self._log(0, self._start)
            return 0
        try:
            for name, part in self._parts().items():
                part.load_state_dict(state[name])
            self._sums = {name: value.to(self._workers.device) for name, value in state["sums"].items()}
            self._best, self._start, self.stale = state["best"], state["start"], state["stale"]
            return int(state["step"])
        except torch.OutOfMemoryError:  # the checkpoint is not at fault
            raise
        except (KeyError, TypeError, ValueError, RuntimeError) as error:  # what torch raises where tensors do not fit
            raise RunRefused(
                f"{self._run.folder / CHECKPOINT} is another run's: delete it, and the same command begins the run "
                "again."
            ) from error

    def seconds(self) -> float:
        """Returns the seconds of learning so far, including those before a kill."""
        return self._seconds + time.monotonic() - self._started

    def take(self, step: int, wrapped: nn.Module, batch: StepBatch) -> None:
        """Takes one step of the optimiser."""
        share = self._workers.share
        place = int(np.random.default_rng([self._seed, step, share.rank]).integers(2**62))
        torch.manual_seed(place)  # dropout draws from here
        losses = self._course.losses(wrapped, batch, torch.Generator().manual_seed(place))
        self._optimizer.zero_grad(set_to_none=True)
        self._workers.backward(losses["loss"])
        torch.nn.utils.clip_grad_norm_(self._course.module.parameters(), 5.0)
        self._optimizer.step()
        self._schedule.step()
        self._average.update_parameters(self._course.module)
        for name, value in {**losses, "films": batch["seen"] * share.processes * self._course.steps}.items():
            scaled = value.detach().double() / (share.processes * self._course.steps)
            self._sums[name] = self._sums.get(name, torch.zeros((), device=value.device).double()) + scaled

    def measured(self, step: int) -> None:
        """Measures the averaged weights, logs the result, and keeps them if they are the best."""
        names = sorted(self._sums)
        sums = self._workers.sum(torch.stack([self._sums[name] for name in names])).tolist() if names else []
        measured = self._course.measure(self._average.module, self._workers)
        self._log(step, {**dict(zip(names, sums, strict=True)), **measured})
        self._sums = {}
        if not self._best or measured["held_loss"] < self._best["metrics"]["held_loss"]:
            weights = {k: v.detach().cpu().clone() for k, v in self._average.module.state_dict().items()}
            self._best, self.stale = {"weights": weights, "metrics": {**measured, "step": step}}, 0
        else:
            self.stale += 1

    def keep(self, step: int) -> None:
        """Writes a checkpoint."""
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        state = {
            **parts, "course": self._course.name, "step": step, "sums": self._sums, "best": self._best,
            "start": self._start, "stale": self.stale, "seconds": self.seconds(),
            "finished": self._run.state.get("finished", {}),
        }  # fmt: skip
        self._save(state)

    def finish(self) -> dict[str, Any]:
        """Keeps only the best weights, and returns them with what was measured."""
        result = {**self._best, "start": self._start}
        finished = {**self._run.state.get("finished", {}), self._course.name: result}
        state = {"finished": finished, "seconds": self.seconds()}
        self._run.state = state
        self._save(state)
        return result

    def _save(self, state: dict[str, Any]) -> None:
        if self._workers.is_first:
            content = io.BytesIO()
            torch.save({"state": state, "lines": self._run.lines}, content)
            self._run.save(content.getvalue())

    def _log(self, step: int, values: dict[str, float]) -> None:
        if self._workers.is_first:
            epoch = step / self._course.steps
            rate = self._optimizer.param_groups[0]["lr"]
            rounded = {name: round(value, 5) for name, value in values.items()}
            self._run.log(
                lesson=self._course.name, epoch=round(epoch, 2), step=step, of_steps=self._pace.epochs * self._course.steps,
                seconds=round(self.seconds(), 1), learning_rate=rate, **rounded,
            )  # fmt: skip


def _cosine(step: int, steps: int, warm_up: float) -> float:
    """Returns the step's learning rate, as a share of the highest."""
    rising = max(1, round(warm_up * steps))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
