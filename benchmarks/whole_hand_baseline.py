"""The yardstick: an ImageNet-pretrained EfficientNet-Lite0 that looks at the whole film and says an age in one step.

    python -m benchmarks.whole_hand_baseline --data ../shared/data/hands --run runs/whole_hand

Trained on `train`, measured on `val` with the mean of the film and its mirror image; resumes from its run folder.
"""

import argparse
import json
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.localize import standardise
from core.training.films import Film, read_films, read_grey
from core.training.loop import Run, WeightAverage, seed_everything
from models.efficientnet_lite import imagenet_state
from models.whole_hand_network import WholeHandNetwork

_SIDE = 256
_BATCH = 16


def _letterboxed(film: Film) -> NDArray[np.uint8]:
    grey, _ = read_grey(film.path, _SIDE)
    height, width = grey.shape
    top, left = (_SIDE - height) // 2, (_SIDE - width) // 2
    square = np.zeros((_SIDE, _SIDE), np.uint8)
    square[top : top + height, left : left + width] = grey
    return square


def _view(film: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
    matrix = cv2.getRotationMatrix2D((_SIDE / 2, _SIDE / 2), random.normal(0, 12), math.exp(random.normal(0, 0.1)))
    matrix = np.asarray(matrix, float) + np.pad(random.normal(0, 0.04 * _SIDE, (2, 1)), ((0, 0), (2, 0)))
    picture = np.asarray(cv2.warpAffine(film, matrix, (_SIDE, _SIDE)), np.float32) / 255
    exposed = np.asarray(picture ** math.exp(random.normal(0, 0.25)), np.float32)
    return standardise(exposed[:, ::-1].copy() if random.random() < 0.5 else exposed)


def _batch(films: list[NDArray[np.float32]]) -> Tensor:
    return torch.from_numpy(np.stack(films))[:, None].contiguous(memory_format=torch.channels_last)


def train(films: list[Film], run: Run, epochs: int, seed: int) -> WholeHandNetwork:
    """Trains on `films`; called again on the same run it goes on where it stopped."""
    cv2.setNumThreads(1)
    seed_everything(seed)
    network = WholeHandNetwork()
    network.encoder.load_imagenet(imagenet_state())
    average = WeightAverage(network, 0.995)
    steps = len(films) // _BATCH
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=steps * epochs, pct_start=0.15)
    first = 0
    state = run.restore()
    if state is not None:
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        average.updates = state["updates"]
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        first = state["epoch"]
    pictures = [_letterboxed(film) for film in films]
    female = torch.tensor([float(film.sex == "F") for film in films])
    years = torch.tensor([film.bone_age_months / 12 for film in films])
    started = time.monotonic()
    for epoch in range(first, epochs):
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(films))
        network.train()
        total = 0.0
        for step in range(steps):
            rows = order[step * _BATCH : (step + 1) * _BATCH]
            with torch.autocast("cpu", torch.bfloat16):
                predicted = network(_batch([_view(pictures[i], random) for i in rows]), female[rows])
            loss = F.smooth_l1_loss(predicted, years[rows], beta=0.5)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update(network)
            total += loss.item() / steps
        run.log(epoch=epoch + 1, loss=round(total, 4), seconds=round(time.monotonic() - started, 1))
        run.save(
            {
                "network": network.state_dict(),
                "average": average.network.state_dict(),
                "updates": average.updates,
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "epoch": epoch + 1,
            }
        )
    return average.network


@torch.inference_mode()
def measure(network: WholeHandNetwork, films: list[Film]) -> dict[str, dict[str, float]]:
    """Errors in months on `films`, the mean of each film and its mirror image."""
    errors, girls = [], []
    for film in films:
        picture = standardise(_letterboxed(film).astype(np.float32) / np.float32(255))
        sex = float(film.sex == "F")
        months = 12 * network(_batch([picture, picture[:, ::-1].copy()]), torch.tensor([sex, sex])).mean().item()
        errors.append(months - film.bone_age_months)
        girls.append(bool(sex))
    every, girl = np.array(errors), np.array(girls)
    figures = {}
    for name, error in {"all": every, "male": every[~girl], "female": every[girl]}.items():
        figures[name] = {
            "n": len(error),
            "mae_months": round(float(np.abs(error).mean()), 2),
            "within_12_months": round(float((np.abs(error) <= 12).mean()), 4),
            "bias_months": round(float(error.mean()), 2),
        }
    return figures


def main() -> None:
    """Trains and prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hands"))
    parser.add_argument("--run", type=Path, default=Path("runs/whole_hand"))
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    network = train(read_films(options.data, "train"), Run(options.run), options.epochs, options.seed)
    print(json.dumps(measure(network, read_films(options.data, "val")), indent=1))


if __name__ == "__main__":
    main()
