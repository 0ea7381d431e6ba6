"""Trains the second opinion: an age from the whole upright hand, from ImageNet weights, on hands with an age."""

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from core.assessment.second_opinion import WholeHandReader, hand_views
from core.cohort.crop_store import LabelledHands, cut_labelled, drawing_weights, to_levels
from core.cohort.films import Film, training_films
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from core.hand.localizer import Localizer
from core.training.device import CPU
from core.training.loop import Resumable, Run, seed_everything, weight_average
from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandNetwork


@dataclass(frozen=True)
class HandWindows(LabelledHands):
    """windows NxSxS uint8 (S = WINDOW_SIDE)."""

    windows: NDArray[np.uint8]


def _cut_hand(localizer: Localizer, film: Film) -> NDArray[np.uint8] | None:
    try:
        radiograph = read_radiograph(film.path)
        return to_levels(Hand(radiograph, localizer.locate(radiograph)).window)
    except FilmRefused:
        return None


def cut_hands(films: Iterable[Film], localizer: Localizer, workers: int = 1) -> HandWindows:
    """Localises films and cuts their hands; a film that cannot be read or is refused is left out (evaluation counts it).

    workers: processes, of one thread each; one: this process. Order and pictures do not depend on it.
    Raises DataFolderError where no film is left.
    """
    cut, labels = cut_labelled(_cut_hand, list(films), localizer, workers, "cutting hands")
    return HandWindows(windows=np.stack(cut), **labels)


def kept_windows(films: Path, split: str, run: Path, localizer: Localizer, workers: int = 1) -> HandWindows:
    """The hands of one split of a folder of labelled films, cut on the first call and kept in the run folder."""
    return HandWindows.kept(
        run / f"windows_{split}.npz", lambda: cut_hands(training_films(films, split), localizer, workers)
    )


@dataclass(frozen=True)
class SecondOpinionRecipe:
    """Settings of one run, chosen on `val`. evening: chances to be drawn are (1 / size of the age group) ** evening."""

    epochs: int = 60
    batch: int = 16
    learning_rate: float = 4e-4
    weight_decay: float = 0.02
    evening: float = 0.3
    seed: int = 1


def _random_views(windows: Tensor, generator: torch.Generator) -> Tensor:
    count = len(windows)

    def normal(scale: float) -> Tensor:
        return torch.randn(count, generator=generator) * scale

    def some(probability: float) -> Tensor:
        return torch.rand(count, generator=generator) < probability

    views = hand_views(windows, normal(7), torch.exp(normal(0.07)), normal(0.03), normal(0.03))
    views = (views * 0.25 + 0.5).clamp(1e-4, 1)
    views = views ** torch.exp(normal(0.3))[:, None, None, None]
    views = views * torch.exp(normal(0.15))[:, None, None, None] + normal(0.05)[:, None, None, None]
    noise = torch.randn(views.shape, generator=generator) * 0.03
    views = views + noise * some(0.3)[:, None, None, None]
    mirrored = some(0.5)
    views[mirrored] = views[mirrored].flip(3)
    height, width = views.shape[2:]
    for i in np.flatnonzero(some(0.5).numpy()).tolist():  # random erasing (Zhong et al. 2020)
        high, wide = (int(v) for v in torch.randint(16, 72, (2,), generator=generator))
        top = int(torch.randint(0, height - high, (1,), generator=generator))
        left = int(torch.randint(0, width - wide, (1,), generator=generator))
        views[i, :, top : top + high, left : left + wide] = views[i].mean()
    return (views - 0.5) / 0.25


def months_of_hands(reader: WholeHandReader, hands: HandWindows, batch: int = 16) -> NDArray[np.float64]:
    """The network's ages in months, N."""
    months = []
    for start in range(0, len(hands), batch):
        windows = torch.from_numpy(hands.windows[start : start + batch])[:, None].float() / 255
        months.append(reader.months(windows, torch.from_numpy(hands.female[start : start + batch]).float()).double())
    return torch.cat(months).numpy()


def best_weight(bones: NDArray[np.float64], whole: NDArray[np.float64], label: NDArray[np.float64]) -> float:
    """The share of the whole hand's age, in steps of 0.05 up to 0.7, with the least mean absolute error. Months, N each."""
    weights = np.arange(15) / 20
    errors = [float(np.abs((1 - w) * bones + w * whole - label).mean()) for w in weights]
    return float(weights[int(np.argmin(errors))])


@torch.inference_mode()
def validate(network: WholeHandNetwork, hands: HandWindows) -> dict[str, float]:
    """Errors in months on hands not trained on, of the plain view and its mirror image."""
    predicted = []
    device = network.age.weight.device
    for start in range(0, len(hands), 32):
        rows = slice(start, start + 32)
        windows = torch.from_numpy(hands.windows[rows])[:, None].float() / 255
        zero, one = torch.zeros(len(windows)), torch.ones(len(windows))
        views = hand_views(windows, zero, one, zero, zero).contiguous(memory_format=torch.channels_last).to(device)
        female = torch.from_numpy(hands.female[rows]).float().to(device)
        predicted.append(((network(views, female) + network(views.flip(3), female)) / 2).cpu())
    error = 12 * torch.cat(predicted) - torch.from_numpy(hands.months)
    return {
        "val_mae": round(error.abs().mean().item(), 3),
        "val_within_12": round((error.abs() <= 12).float().mean().item(), 4),
        "val_bias": round(error.mean().item(), 3),
    }


def train_second_opinion(
    train: HandWindows, val: HandWindows, run_folder: Path, recipe: SecondOpinionRecipe, device: torch.device = CPU
) -> WholeHandNetwork:
    """Trains, checkpointing every epoch; called again on the same folder it goes on where it stopped.

    `val` is only measured, for the log. Returns the weight-averaged network, on the device. Raises DataFolderError where the
    folder was begun with another recipe.
    """
    seed_everything(recipe.seed)
    run = Run(run_folder, dataclasses.asdict(recipe))
    network = WholeHandNetwork()
    network.load_imagenet(imagenet_state())
    network = network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = weight_average(network, 0.995)
    averaged = average.module
    assert isinstance(averaged, WholeHandNetwork)
    steps = max(1, len(train) // recipe.batch)
    optimizer = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=steps * recipe.epochs, pct_start=0.1
    )
    resumable = Resumable(run, network, average, optimizer, schedule)
    first = resumable.resume()
    weights = drawing_weights(train, recipe.evening)
    started = time.monotonic()
    for epoch in range(first, recipe.epochs):
        random = np.random.default_rng([recipe.seed, epoch])
        generator = torch.Generator().manual_seed(recipe.seed * 100_003 + epoch)
        torch.manual_seed(recipe.seed * 100_003 + epoch)  # dropout draws from here; a resumed run must draw the same
        order = random.choice(len(train), steps * recipe.batch, p=weights)
        network.train()
        total = 0.0
        for step in tqdm(range(steps), desc=f"epoch {epoch + 1}/{recipe.epochs}", mininterval=10):
            rows = np.sort(order[step * recipe.batch : (step + 1) * recipe.batch])
            windows = torch.from_numpy(train.windows[rows])[:, None].float() / 255
            views = _random_views(windows, generator).contiguous(memory_format=torch.channels_last).to(device)
            predicted = network(views, torch.from_numpy(train.female[rows]).float().to(device))
            loss = F.smooth_l1_loss(predicted, torch.from_numpy(train.months[rows]).to(device) / 12, beta=0.5)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.item() / steps
        measured = validate(averaged, val)
        run.log(epoch=epoch + 1, loss=round(total, 4), seconds=round(time.monotonic() - started, 1), **measured)
        resumable.keep(epoch + 1)
    return averaged
