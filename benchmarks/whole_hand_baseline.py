"""The yardstick: an ImageNet-pretrained EfficientNet-Lite0 that looks at the whole upright hand and says an age in one step.

    python -m benchmarks.whole_hand_baseline --data hands --run runs/whole_hand

Trained on `train`, measured on `val` with test-time views; resumes from its run folder. A film that the localiser refuses
has no age: it counts in n, and as outside 12 months.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.assessment.age.second_opinion import window_side
from core.cohort.films import Film, read_films
from core.cohort.hand_windows import HandWindows, kept_windows
from core.evaluation.figures import BySex, as_json
from core.training.material.sources import localizer_for
from core.training.whole_hand.ages import months_of_hands
from core.training.whole_hand.recipe import whole_hand_recipe
from core.training.whole_hand.training import train_whole_hand
from models.whole_hand_network import WholeHandNetwork


@dataclass(frozen=True)
class Errors:
    """Of n films; means over those with an age, but within_12_months is a share of all."""

    n: int
    answered: int
    mae_months: float
    within_12_months: float
    bias_months: float


def measure(network: WholeHandNetwork, hands: HandWindows, films: Sequence[Film]) -> BySex[Errors]:
    """Errors in months. films: all that there were, those that were refused included."""
    error = months_of_hands(network, hands) - hands.months

    def errors(rows: NDArray[np.bool_], asked: int) -> Errors:
        return Errors(
            n=asked,
            answered=int(rows.sum()),
            mae_months=round(float(np.abs(error[rows]).mean()), 2),
            within_12_months=round(float((np.abs(error[rows]) <= 12).sum() / asked), 4),
            bias_months=round(float(error[rows].mean()), 2),
        )

    return BySex(
        errors(hands.female >= 0, len(films)),
        errors(hands.female == 0, sum(film.sex == "M" for film in films)),
        errors(hands.female == 1, sum(film.sex == "F" for film in films)),
    )


def main() -> None:
    """Trains and prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of hands with labels.csv and the films")
    parser.add_argument("--run", type=Path, default=Path("runs/whole_hand"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    localizer = localizer_for(options.data, options.run)
    recipe = whole_hand_recipe("efficientnet_lite0", 256, options.seed)
    side = window_side(recipe.height)
    train, val = (kept_windows(options.data, split, options.run, localizer, side) for split in ("train", "val"))
    network = train_whole_hand([train], val, options.run, recipe)
    print(as_json(measure(network, val, read_films(options.data, "val"))))


if __name__ == "__main__":
    main()
