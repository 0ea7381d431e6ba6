"""Trains the network that looks at the whole hand, on small hands and larger ones, in stages of growing pictures."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from core.assessment.age.second_opinion import plain_views
from core.cohort.crop_store import drawing_weights
from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.training.loop.clock import Clock
from core.training.loop.device import CPU
from core.training.loop.optimisation import rate_share, weight_average
from core.training.loop.run import Run, seed_everything
from core.training.material.augment import random_hand_views
from core.training.whole_hand.recipe import Stage, WholeHandRecipe
from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions

#: Seconds after which the next pass over the hands ends with a checkpoint and a measurement of the network.
_KEEP_SECONDS = 60.0


class _Group:
    """Hands of one kind where the training computes, and how they are drawn."""

    def __init__(self, hands: HandWindows, evening: float, device: torch.device):
        self.windows = torch.from_numpy(hands.windows).to(device)
        self.female = torch.from_numpy(hands.female).float().to(device)
        self.years = torch.from_numpy(hands.months).to(device) / 12
        self._chances = drawing_weights(hands, evening)

    def __len__(self) -> int:
        return len(self._chances)

    def draw(self, count: int, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Windows Nx1xSxS in [0, 1], female N and years N of N hands."""
        rows = torch.from_numpy(random.choice(len(self), count, p=self._chances)).to(self.windows.device)
        return self.windows[rows][:, None].float() / 255, self.female[rows], self.years[rows]


def _autocast(network: WholeHandNetwork, device: torch.device) -> torch.autocast:
    """Autocast to bfloat16, except for depthwise convolutions on a CPU, which are slower with it."""
    return torch.autocast(
        device.type, torch.bfloat16, enabled=network.options.encoder == "resnet" or device.type != "cpu"
    )


@torch.inference_mode()
def validate(network: WholeHandNetwork, hands: HandWindows) -> dict[str, float]:
    """Errors in months on hands not trained on, of the plain view and its mirror image."""
    predicted = []
    device = network.age.weight.device
    for start in range(0, len(hands), 32):
        rows = slice(start, start + 32)
        windows = torch.from_numpy(hands.windows[rows]).to(device)[:, None].float() / 255
        views = plain_views(windows, network.options.height).contiguous(memory_format=torch.channels_last)
        female = torch.from_numpy(hands.female[rows]).float().to(device)
        with _autocast(network, device):
            predicted.append(((network(views, female) + network(views.flip(3), female)) / 2).cpu())
    error = 12 * torch.cat(predicted) - torch.from_numpy(hands.months)
    return {
        "val_mae": round(error.abs().mean().item(), 3),
        "val_within_12": round((error.abs() <= 12).float().mean().item(), 4),
        "val_bias": round(error.mean().item(), 3),
    }


def train_whole_hand(
    train: Sequence[HandWindows],
    val: HandWindows,
    run_folder: Path,
    recipe: WholeHandRecipe,
    seconds: float = math.inf,
    device: torch.device = CPU,
) -> WholeHandNetwork:
    """Trains, checkpointing every minute or so; called again on the same folder it resumes where it stopped.

    train: the larger hands, then small ones if there are any; a group may be empty. `val` is only measured, for the log.
    seconds: after which it ends, and the learning rate with it; where the first call was given fewer, they are the limit of all
    calls together. Returns the weight-averaged network, on the device. Raises DataFolderError where there is nothing to train
    on, or the folder was begun with another recipe.
    """
    groups = [_Group(hands, recipe.evening, device) for hands in train if len(hands)]
    if not groups:
        raise DataFolderError("No hand is left to train on: leave fewer out, or give small hands with --small.")
    seed_everything(recipe.seed)
    run = Run(run_folder, dataclasses.asdict(recipe))
    network = WholeHandNetwork(WholeHandOptions(recipe.encoder, height=recipe.stages[0].height))
    state, first, clock = run.restore(), 0, Clock(seconds)
    if state is not None:
        first = int(state["stage"])
        clock.load_state_dict(state["clock"])
        network.grow(recipe.stages[first if "optimizer" in state else first - 1].height)
        network.load_state_dict(state["network"])
    elif recipe.encoder == "efficientnet_lite0":
        network.load_imagenet(imagenet_state())
    training = _Training(run, recipe, network.to(device), groups, val, clock)
    for number in range(first, len(recipe.stages)):
        resumed = state is not None and number == first and "optimizer" in state
        training.stage(number, state if resumed else None)
    return network.eval()


class _Training:
    """One run of the recipe: its network, what it is trained on, and the time that it has."""

    def __init__(
        self,
        run: Run,
        recipe: WholeHandRecipe,
        network: WholeHandNetwork,
        groups: list[_Group],
        val: HandWindows,
        clock: Clock,
    ):
        self._run, self._recipe, self._network = run, recipe, network
        self._groups, self._val, self._clock = groups, val, clock
        self._device = network.age.weight.device
        #: Seconds that the last step took, so that no step is begun for which there is no time.
        self._step_seconds = 0.0

    def stage(self, number: int, state: dict[str, Any] | None) -> None:
        """Trains through one stage, from its beginning or from a checkpoint; afterwards the network is the average."""
        stage, network = self._recipe.stages[number], self._network
        torch.manual_seed(self._recipe.seed * 1009 + number)  # a resumed run must start what is new as this one does
        network.grow(stage.height)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = weight_average(network, self._recipe.average)
        averaged = average.module
        assert isinstance(averaged, WholeHandNetwork)
        optimizer = _optimizer(network, self._recipe.weight_decay)
        first, begun = 0, self._clock.used
        if state is not None:
            average.load_state_dict(state["average"])
            optimizer.load_state_dict(state["optimizer"])
            first, begun = int(state["passes"]), float(state["begun"])
        started = time.monotonic()
        self._log(number, first, averaged)
        measuring = time.monotonic() - started  # and it will take as long again at the end
        later = sum(each.time for each in self._recipe.stages[number:])
        available = (self._clock.total - begun) * stage.time / later - measuring
        steps, kept = self._steps(stage), time.monotonic()
        self._step_seconds = 0.0

        def progress(step: int) -> float:
            in_time = (self._clock.used + self._step_seconds - begun) / available if available > 0 else 1.0
            return max(step / (stage.passes * steps), in_time)

        figures: dict[str, float] = {}
        for passed in range(first, stage.passes):
            # time may be up before a pass's first step: then the figures are those of the pass before
            figures = self._one_pass(number, passed, average, optimizer, progress) or figures
            over = progress((passed + 1) * steps) >= 1
            if over or time.monotonic() - kept >= _KEEP_SECONDS:
                self._log(number, passed + 1, averaged, **figures)
                self._save(
                    stage=number,
                    passes=passed + 1,
                    begun=begun,
                    average=average.state_dict(),
                    optimizer=optimizer.state_dict(),
                )
                kept = time.monotonic()
            if over:
                break
        network.load_state_dict(averaged.state_dict())
        self._save(stage=number + 1)

    def _log(self, number: int, passes: int, averaged: WholeHandNetwork, **figures: float) -> None:
        measured = validate(averaged, self._val)
        height, seconds = self._recipe.stages[number].height, round(self._clock.used, 1)
        self._run.log(stage=number + 1, height=height, passes=passes, seconds=seconds, **figures, **measured)

    def _save(self, **state: Any) -> None:
        self._run.save({**state, "clock": self._clock.state_dict(), "network": self._network.state_dict()})

    def _counts(self, stage: Stage) -> list[int]:
        """Hands of each group in one step."""
        if len(self._groups) == 1:
            return [stage.batch]
        small = min(max(round(stage.small * stage.batch), 1), stage.batch - 1)
        return [stage.batch - small, small]

    def _steps(self, stage: Stage) -> int:
        """Steps of a pass over the first group."""
        return math.ceil(len(self._groups[0]) / self._counts(stage)[0])

    def _one_pass(
        self,
        number: int,
        passed: int,
        average: AveragedModel,
        optimizer: torch.optim.Optimizer,
        progress: Callable[[int], float],
    ) -> dict[str, float]:
        """One pass, or as much as the stage's end allows. passed: passes before; with the seed, it decides what is drawn."""
        stage = self._recipe.stages[number]
        seed = (self._recipe.seed * 1009 + number) * 100_003 + passed
        random, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout and noise draw from here; a resumed run must draw the same
        self._network.train()
        steps, started = self._steps(stage), time.monotonic()
        losses, rate = [], 0.0
        for step in range(passed * steps, (passed + 1) * steps):
            along, began = progress(step), time.monotonic()
            if along >= 1:
                break
            rate = stage.learning_rate * rate_share(along)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = self._loss(stage, random, generator)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
            optimizer.step()
            average.update_parameters(self._network)
            losses.append(loss.detach())  # as a number only after the pass: a device need not wait for it
            self._step_seconds = time.monotonic() - began
        if not losses:
            return {}
        return {
            "loss": round(torch.stack(losses).mean().item(), 4),
            "learning_rate": round(rate, 7),
            "pictures_per_second": round(len(losses) * stage.batch / (time.monotonic() - started), 1),
        }

    def _loss(self, stage: Stage, random: np.random.Generator, generator: torch.Generator) -> Tensor:
        """One step's error in years, smooth."""
        drawn = [group.draw(count, random) for group, count in zip(self._groups, self._counts(stage), strict=True)]
        windows, female, years = zip(*drawn, strict=True)
        views = random_hand_views(windows, stage.height, generator).contiguous(memory_format=torch.channels_last)
        with _autocast(self._network, self._device):
            predicted = self._network(views, torch.cat(female))
        return F.smooth_l1_loss(predicted, torch.cat(years), beta=0.5)


def _optimizer(network: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """AdamW, in which weights decay; biases and norms do not."""
    parameters = list(network.parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
    )
