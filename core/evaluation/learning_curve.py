"""How the error falls with the number of hands: the whole hand's network, trained on more and more small hands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.evaluation.chart import Chart, Line
from core.evaluation.figures import Table
from core.evaluation.uncertainty import bootstrap95
from core.training.whole_hand.ages import months_of_hands
from core.training.whole_hand.recipe import Stage, WholeHandRecipe
from core.training.whole_hand.training import train_whole_hand
from models.whole_hand_network import WholeHandNetwork

#: Height in pixels of the pictures that are learned from: small hands show no more.
CURVE_HEIGHT: Final = 128
_BATCH, _LEARNING_RATE = 64, 2e-3
#: Training hands on which the error is measured as well: it shows up a network that has learned its hands by heart.
_SAMPLE: Final = 250
_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class LearnedFrom:
    """A network that learned from this number of hands. Mean absolute errors in months: of hands that it never saw,
    with the 95 % interval of a bootstrap over them, and of hands that it learned from."""

    hands: int
    mae_months: float
    interval: tuple[float, float]
    learned_mae_months: float


@dataclass(frozen=True)
class LearningCurve:
    """The points by their number of hands. steps: of each training. unseen: hands that errors are measured on."""

    steps: int
    seed: int
    unseen: int
    points: Sequence[LearnedFrom]


def curve_recipe(hands: int, steps: int, seed: int) -> WholeHandRecipe:
    """A ResNet from scratch on pictures 128 pixels high, for about the same number of steps however many hands there are."""
    passes = max(1, round(steps / math.ceil(hands / _BATCH)))
    stage = Stage(CURVE_HEIGHT, passes=passes, batch=_BATCH, learning_rate=_LEARNING_RATE, small=0.0, time=1.0)
    return WholeHandRecipe("resnet", (stage,), seed)


def learning_curve(
    hands: HandWindows, unseen: HandWindows, counts: Sequence[int], steps: int, seed: int, run: Path
) -> LearningCurve:
    """Trains a network on each number of hands, each set being part of the larger ones; a run folder is continued.

    Raises DataFolderError where there are fewer hands than a count.
    """
    if max(counts) > len(hands):
        raise DataFolderError(f"There are {len(hands):,} small hands: give no count above that.")
    order = np.random.default_rng(seed).permutation(len(hands))
    points = []
    for count in sorted(set(counts)):
        chosen = hands.rows(order[:count])
        network = train_whole_hand([chosen], unseen, run / str(count), curve_recipe(count, steps, seed))
        errors, learned = _errors(network, unseen), _errors(network, chosen.rows(np.arange(min(count, _SAMPLE))))
        low, high = bootstrap95(_mean, errors, resamples=_RESAMPLES, seed=seed)
        interval = (round(low, 2), round(high, 2))
        points.append(LearnedFrom(count, round(errors.mean(), 2), interval, round(learned.mean(), 2)))
    return LearningCurve(steps, seed, len(unseen), points)


def _errors(network: WholeHandNetwork, hands: HandWindows) -> NDArray[np.float64]:
    return np.abs(months_of_hands(network, hands) - hands.months)


def _mean(errors: NDArray[np.float64]) -> Any:
    return errors.mean(axis=-1)


def curve_text(curve: LearningCurve) -> str:
    """The table in Markdown."""
    head = (
        "hands learned from",
        f"MAE of {curve.unseen} hands unseen, months",
        "95 % interval",
        "of hands learned from",
    )
    rows = [
        (f"{one.hands:,}", f"{one.mae_months:.2f}", f"{one.interval[0]:.2f} to {one.interval[1]:.2f}",
         f"{one.learned_mae_months:.2f}")
        for one in curve.points
    ]  # fmt: skip
    return Table(head, rows).markdown()


def curve_chart(curve: LearningCurve) -> Chart:
    """Both errors against the number of hands."""
    hands = [one.hands for one in curve.points]
    reach = [(one.mae_months - one.interval[0], one.interval[1] - one.mae_months) for one in curve.points]
    unseen = Line("hands unseen", "#3f6fb5", hands, [one.mae_months for one in curve.points], reach)
    learned = Line("hands learned from", "#c77d2f", hands, [one.learned_mae_months for one in curve.points])
    return Chart(
        "Error against number of hands", "hands learned from", "mean absolute error, months", 2000, (unseen, learned)
    )
