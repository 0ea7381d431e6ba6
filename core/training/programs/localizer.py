"""python -m core train localizer: from boxed hands to the registered localiser."""

import math
from pathlib import Path

import numpy as np
import torch

from core.cohort.crop_store import save_arrays
from core.cohort.films import read_boxes, training_films
from core.hand.localizer import Localizer
from core.training.localizer.pseudo_boxes import pseudo_boxes
from core.training.localizer.training import LocalizerRecipe, train_localizer
from core.training.loop.device import CPU
from models.registry import register


def make_localizer(
    data: Path,
    run: Path,
    samples: int,
    pseudo_samples: int,
    device: torch.device = CPU,
    most_unboxed: int | None = None,
) -> None:
    """Trains on the boxed `train` hands, boxes the others of `train` with the result, and trains further with both.

    most_unboxed: if given, at most this number of the others is taken, spread evenly over the table.
    """
    first = train_localizer(data, run / "boxed", LocalizerRecipe(samples=samples), device=device).cpu()
    boxed = read_boxes(data)
    unboxed = [film for film in training_films(data, "train") if film.id not in boxed]
    if most_unboxed is not None:
        unboxed = unboxed[:: max(1, math.ceil(len(unboxed) / most_unboxed))]
    saved = run / "pseudo_boxes.npz"
    if not saved.is_file():
        save_arrays(saved, pseudo_boxes(unboxed, Localizer(first)))
    with np.load(saved) as file:
        pseudo = dict(file)
    recipe = LocalizerRecipe(samples=pseudo_samples, seed=2)
    register("localizer", train_localizer(data, run / "self_trained", recipe, pseudo, first, device).cpu(), {})
