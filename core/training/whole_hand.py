"""Trains the network that looks at the whole hand, on small hands and larger ones, in stages of growing pictures."""

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from core.assessment.age.second_opinion import months_of_windows, plain_views, weighted_mean
from core.assessment.records import SecondOpinion
from core.cohort.crop_store import drawing_weights
from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.training.augment import random_hand_views
from core.training.device import CPU
from core.training.loop import Clock, Run, rate_share, seed_everything, weight_average
from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import Encoder, WholeHandNetwork, WholeHandOptions

#: A checkpoint is written, and the network measured, after a pass over the hands if so many seconds have gone by.
_KEEP_SECONDS = 60.0


@dataclass(frozen=True)
class Stage:
    """Training on pictures of one height. passes: over the larger hands, or over the small ones where there are no others.

    small: the share of a step's pictures that are small hands'. time: the share of the minutes, in proportion to the other
    stages'. A stage ends with its passes or with its time, whichever comes first, and the learning rate with it.
    """

    height: int
    passes: int
    batch: int
    learning_rate: float
    small: float
    time: float


@dataclass(frozen=True)
class WholeHandRecipe:
    """Settings of one run. evening: see core.cohort.crop_store.drawing_weights. average: decay of the weight average."""

    encoder: Encoder
    stages: tuple[Stage, ...]
    seed: int
    weight_decay: float = 0.03
    evening: float = 0.3
    average: float = 0.998

    @property
    def height(self) -> int:
        """Of the pictures that the network sees in the end."""
        return self.stages[-1].height


#: A ResNet grows from stage to stage, and learns mostly from small hands, of which there are ten times as many; EfficientNet
#: starts from ImageNet, on pictures large enough for it.
_STAGES: dict[Encoder, tuple[Stage, ...]] = {
    "resnet": (
        Stage(128, passes=40, batch=64, learning_rate=2e-3, small=0.9, time=0.3),
        Stage(256, passes=300, batch=64, learning_rate=1e-3, small=0.75, time=0.7),
        Stage(512, passes=60, batch=64, learning_rate=5e-4, small=0.3, time=0.2),
    ),
    "efficientnet_lite0": (
        Stage(256, passes=200, batch=128, learning_rate=1e-3, small=0.7, time=0.6),
        Stage(384, passes=90, batch=64, learning_rate=4e-4, small=0.25, time=0.4),
    ),
}


def whole_hand_recipe(encoder: Encoder, finest: int, seed: int) -> WholeHandRecipe:
    """The usual recipe. finest: height in pixels of the largest pictures, 128, 256, 384 or 512. Raises DataFolderError where
    the encoder has no pictures as small."""
    stages = tuple(stage for stage in _STAGES[encoder] if stage.height <= finest)
    if not stages:
        raise DataFolderError(f"{encoder} is not trained on pictures {finest} pixels high: give --finest 256 or more.")
    return WholeHandRecipe(encoder, stages, seed)


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
    """In bfloat16, but for depthwise convolutions on a processor, which are slower so."""
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


def months_of_hands(network: WholeHandNetwork, hands: HandWindows, batch: int = 16) -> NDArray[np.float64]:
    """The network's ages in months, N, each the mean over test-time views."""
    network.eval()
    months = []
    for start in range(0, len(hands), batch):
        windows = torch.from_numpy(hands.windows[start : start + batch])[:, None].float() / 255
        female = torch.from_numpy(hands.female[start : start + batch]).float()
        months.append(months_of_windows(network, network.options.height, windows, female).double())
    return torch.cat(months).numpy()


def opinions_of(networks: Sequence[tuple[WholeHandNetwork, float]], hands: HandWindows) -> list[SecondOpinion]:
    """What the networks say of each hand together. networks: each with its weight in the bone age."""
    weights = [weight for _, weight in networks]
    months = weighted_mean([months_of_hands(network, hands) for network, _ in networks], weights)
    return [SecondOpinion(float(one), sum(weights)) for one in months]


def best_weight(bones: NDArray[np.float64], whole: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    """The share of the whole hand's age, in steps of 0.05 up to 0.7, with the least mean absolute error. Months, N each."""
    weights = np.arange(15) / 20
    errors = [float(np.abs((1 - w) * bones + w * whole - label).mean()) for w in weights]
    return float(weights[int(np.argmin(errors))])


def train_whole_hand(
    train: Sequence[HandWindows],
    val: HandWindows,
    run_folder: Path,
    recipe: WholeHandRecipe,
    seconds: float = math.inf,
    device: torch.device = CPU,
) -> WholeHandNetwork:
    """Trains, checkpointing every minute or so; called again on the same folder it goes on where it stopped.

    train: the larger hands, then small ones if there are any; a group may be empty. `val` is only measured, for the log.
    seconds: it is then at its end, with the learning rate; where the first call was
    given fewer, those of all calls together. Returns the weight-averaged network, on the device. Raises DataFolderError where
    there is nothing to train on, or the folder was begun with another recipe.
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
        #: That the last step took, so that none is begun for which there is no time.
        self._step_seconds = 0.0

    def stage(self, number: int, state: dict[str, Any] | None) -> None:
        """Trains through one stage, from its beginning or from where a checkpoint has it; the network then is the average."""
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
        measuring = time.monotonic() - started  # and it will take so long again at the end
        later = sum(each.time for each in self._recipe.stages[number:])
        available = (self._clock.total - begun) * stage.time / later - measuring
        steps, kept = self._steps(stage), time.monotonic()
        self._step_seconds = 0.0

        def progress(step: int) -> float:
            in_time = (self._clock.used + self._step_seconds - begun) / available if available > 0 else 1.0
            return max(step / (stage.passes * steps), in_time)

        figures: dict[str, float] = {}
        for passed in range(first, stage.passes):
            # time may be up before a pass's first step: what is said is then of the pass before
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
        """One pass, or what the stage's end leaves of it. passed: passes before; with the seed, it says what is drawn."""
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
    """Weights decay; biases and norms do not."""
    parameters = list(network.parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
        ]
    )
