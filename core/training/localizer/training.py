"""Trains the hand localiser on boxed films, and on its own confident boxes on films that nobody boxed."""

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from tqdm import tqdm

from core.cohort.films import DataFolderError
from core.training.localizer.boxed_films import BoxedFilm, load_boxed
from core.training.localizer.samples import batch_of, hand_sample, other_sample
from core.training.loop.device import CPU
from core.training.loop.optimisation import weight_average
from core.training.loop.run import Resumable, Run, seed_everything
from models.efficientnet_lite import imagenet_state
from models.hand_localizer import HandLocalizer, LocalizerOutput


@dataclass(frozen=True)
class LocalizerRecipe:
    """Settings of one run. `side` is the network's input side in pixels, `negatives` the share of non-hands."""

    samples: int = 6400
    batch: int = 16
    side: int = 256
    learning_rate: float = 2e-3
    negatives: float = 0.12
    seed: int = 1
    evaluate_every: int = 100


def localizer_loss(output: LocalizerOutput, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Penalty-reduced focal loss of the heat maps (Zhou et al., Objects as Points, 2019), L1 of the log sizes around
    the true centres, and cross-entropies of "a hand", "inverted" and "upright"."""
    logits, heat = output.heatmaps.float(), batch["heat"]
    probability = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    at_peak = (heat > 0.95).float()
    positive = -((1 - probability) ** 2) * torch.log(probability) * at_peak
    negative = -(probability**2) * (1 - heat) ** 4 * torch.log(1 - probability) * (1 - at_peak)
    per_region = (positive + negative).sum((2, 3)) * batch["known"]
    focal = per_region.sum() / batch["visible"].sum().clamp_min(1)

    near = (heat > 0.3).float()
    regions = heat.shape[1]
    predicted = output.sizes.float().view(heat.shape[0], 2, regions, *heat.shape[2:])
    target = batch["log_sizes"].transpose(1, 2)[..., None, None]
    distance = (predicted - target).abs().sum(1) * near
    size = distance.sum() / near.sum().clamp_min(1)

    hand = F.binary_cross_entropy_with_logits(output.hand.float(), batch["hand"])
    polarity = F.binary_cross_entropy_with_logits(output.inverted.float(), batch["inverted"], reduction="none")
    inverted = (polarity * batch["hand"]).sum() / batch["hand"].sum().clamp_min(1)
    turned = F.binary_cross_entropy_with_logits(output.upright.float(), batch["upright"], reduction="none")
    upright = (turned * batch["judged"]).sum() / batch["judged"].sum().clamp_min(1)
    return {"focal": focal, "size": size, "hand": hand, "inverted": inverted, "upright": upright}


class _Stream(IterableDataset[dict[str, Tensor]]):
    """Random batches without end; batch `i` depends only on the seed and `i`, so that a resumed run continues as before."""

    def __init__(self, films: list[BoxedFilm], recipe: LocalizerRecipe, start: int, stop: int):
        self.films, self.recipe, self.start, self.stop = films, recipe, start, stop

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        for step in range(self.start, self.stop):
            random = np.random.default_rng([self.recipe.seed, step])
            samples = []
            for _ in range(self.recipe.batch):
                if random.random() < self.recipe.negatives:
                    samples.append(other_sample(self.films, self.recipe.side, random))
                else:
                    samples.append(hand_sample(self.films[random.integers(len(self.films))], self.recipe.side, random))
            yield batch_of(samples)


def _losses(network: HandLocalizer, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    film = batch["film"].to(memory_format=torch.channels_last)
    with torch.autocast(film.device.type, torch.bfloat16):
        output = network(film)
    return localizer_loss(output, batch)


def train_localizer(
    data: Path,
    run_folder: Path,
    recipe: LocalizerRecipe,
    pseudo: dict[str, NDArray[np.float64]] | None = None,
    teacher: HandLocalizer | None = None,
    device: torch.device = CPU,
) -> HandLocalizer:
    """Trains, checkpointing to `run_folder`; called again on the same folder it resumes where it stopped.

    pseudo: boxes on films that nobody boxed, see load_boxed; films that a person boxed weigh as much as all of these together.
    teacher: whose weights are trained further; without one the encoder starts from ImageNet. Returns the weight-averaged
    network, on the device.
    Raises DataFolderError where the folder is not laid out as expected or none of its `train` films is boxed.
    """
    films = load_boxed(data, "train")
    if not films:
        raise DataFolderError(
            f"{data} has no boxes of `train` films: bring a boxes21.csv (id,bone,xmin,ymin,xmax,ymax)."
        )
    cv2.setNumThreads(1)  # its thread pool does not survive the fork into a loader process
    seed_everything(recipe.seed)
    run = Run(run_folder, dataclasses.asdict(recipe))
    network = HandLocalizer()
    if teacher is None:
        network.encoder.load_imagenet(imagenet_state())
    else:
        network.load_state_dict(teacher.state_dict())
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = weight_average(network)
    averaged = average.module
    assert isinstance(averaged, HandLocalizer)
    steps = recipe.samples // recipe.batch
    optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps, pct_start=0.15)
    resumable = Resumable(run, network=network, average=average, optimizer=optimizer, schedule=schedule)
    start = resumable.resume()

    if pseudo:
        films = _even(films, load_boxed(data, "train", pseudo))
    loader = DataLoader(_Stream(films, recipe, start, steps), batch_size=None, num_workers=1, prefetch_factor=4)
    log = _Log(run)
    network.train()
    for step, batch in enumerate(tqdm(loader, initial=start, total=steps, mininterval=5), start + 1):
        parts = _losses(network, {name: part.to(device) for name, part in batch.items()})
        loss = parts["focal"] + parts["size"] + 0.5 * parts["hand"] + 0.5 * parts["inverted"] + 0.5 * parts["upright"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(network)
        log.add(parts)
        if step % recipe.evaluate_every == 0 or step == steps:
            log.write(step, (step - 1) % recipe.evaluate_every + 1)
            resumable.keep(step)
    return averaged


def _even(boxed: list[BoxedFilm], everything: list[BoxedFilm]) -> list[BoxedFilm]:
    """All films, with those that a person boxed repeated until they weigh as much as the others together."""
    others = len(everything) - len(boxed)
    return everything + boxed * max(0, round(others / len(boxed)) - 1)


class _Log:
    """The losses of the steps since the run's log was last written, and the seconds since the training began."""

    def __init__(self, run: Run):
        self._run, self._started = run, time.monotonic()
        self._totals: dict[str, float] = {}

    def add(self, losses: dict[str, Tensor]) -> None:
        """Takes in one step's losses."""
        for name, loss in losses.items():
            self._totals[name] = self._totals.get(name, 0.0) + loss.item()

    def write(self, step: int, count: int) -> None:
        """Writes the means since the last time, of this number of steps."""
        means = {name: round(total / count, 4) for name, total in self._totals.items()}
        self._run.log(step=step, seconds=round(time.monotonic() - self._started, 1), **means)
        self._totals = {}
