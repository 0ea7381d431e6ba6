"""The trainings behind the paper's Table 1: plain against improved ResNet, and what each of its three additions does.

All networks see the same crops of the same split for the same number of steps; seeds change the start and what is drawn.
As in the paper: batches of 16 (here whole hands, because only hands have a label), an initial learning rate of 1e-4, turned
views, age groups evened out. Our own recipe on the improved network is listed alongside.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.cohort.crop_store import GradedCrops, HandCrops
from core.cohort.films import DataFolderError
from core.cohort.settings import keep_settings
from core.evaluation.gates import FrozenErrors, frozen_errors
from core.training.grader.ages import months_of
from core.training.grader.recipe import GraderRecipe
from core.training.grader.score_road import ScoreRoadRecipe, fit_score_road
from core.training.grader.training import train_grader
from models.improved_resnet import ResNetOptions

_WIDTH, _GROUPS = 32, 4
#: The rows of the table by their keys, in their order.
TITLES: Final = {
    "plain": "ResNet",
    "improved": "improved ResNet",
    "improved_open": "improved ResNet, open gates",
    "dual_pooling": "ResNet + dual pooling",
    "attention": "ResNet + Shuffle Attention",
    "attention_open": "ResNet + Shuffle Attention, open gates",
    "residual": "ResNet + attention residual",
    "improved_ours": "improved ResNet, our recipe",
    "improved_ours_open": "improved ResNet, our recipe, open gates",
}
#: The two that the paper's table is about.
COMPARED: Final = ("plain", "improved")


@dataclass(frozen=True)
class Variant:
    """One row of the table: which additions the network has, and with how many seeds it is trained."""

    key: str
    title: str
    options: ResNetOptions
    recipe: GraderRecipe
    seeds: int


def _options(*, shuffle_attention: bool, attention_residual: bool, dual_pooling: bool) -> ResNetOptions:
    return ResNetOptions(
        width=_WIDTH,
        groups=_GROUPS,
        shuffle_attention=shuffle_attention,
        attention_residual=attention_residual,
        dual_pooling=dual_pooling,
    )


def _opened(options: ResNetOptions) -> ResNetOptions:
    return dataclasses.replace(options, open_gates=True)


def chosen_rows(keys: Sequence[str], epochs: int, seeds: int) -> tuple[Variant, ...]:
    """The plain and the improved network and the rows with these keys, or all rows if there are no keys; at most this
    number of seeds of each.

    Raises DataFolderError for a key that is not a row's.
    """
    unknown = sorted(set(keys) - set(TITLES))
    if unknown:
        raise DataFolderError(f"There is no row {' or '.join(unknown)}: choose among {', '.join(TITLES)}.")
    chosen = {*COMPARED, *keys} if keys else set(TITLES)
    return tuple(dataclasses.replace(row, seeds=min(row.seeds, seeds)) for row in variants(epochs) if row.key in chosen)


def variants(epochs: int) -> tuple[Variant, ...]:
    """The rows of the table, each trained for `epochs` passes over the training hands.

    Shuffle Attention starts as published; where a row says "open gates", as models.shuffle_attention opens them.
    """
    paper = GraderRecipe(epochs=epochs, learning_rate=1e-4, warm_up=False, evening=1.0, cut_close=0.0)
    ours = GraderRecipe(epochs=epochs)
    plain = _options(shuffle_attention=False, attention_residual=False, dual_pooling=False)
    improved = _options(shuffle_attention=True, attention_residual=True, dual_pooling=True)
    attention = dataclasses.replace(plain, shuffle_attention=True)
    options = {
        "plain": plain,
        "improved": improved,
        "improved_open": _opened(improved),
        "dual_pooling": dataclasses.replace(plain, dual_pooling=True),
        "attention": attention,
        "attention_open": _opened(attention),
        "residual": dataclasses.replace(plain, attention_residual=True),
    }
    rows = [Variant(key, TITLES[key], chosen, paper, 3) for key, chosen in options.items()]
    ours_rows = {"improved_ours": improved, "improved_ours_open": _opened(improved)}
    return (*rows, *(Variant(key, TITLES[key], chosen, ours, 1) for key, chosen in ours_rows.items()))


def order_of_runs(rows: Sequence[Variant]) -> Iterator[tuple[Variant, int]]:
    """(row, seed), the first seed of every row first, so that a table cut short is a whole table with fewer seeds."""
    for seed in range(1, max(row.seeds for row in rows) + 1):
        for row in rows:
            if seed <= row.seeds:
                yield row, seed


@dataclass(frozen=True)
class NetworkOutcome:
    """What one trained network says of the hands that it was not trained on. months N, in the order of the hands. frozen: its
    errors with each addition held still."""

    variant: str
    seed: int
    epochs: int
    months: NDArray[np.float64]
    frozen: FrozenErrors


def run_table1(
    train: HandCrops, val: HandCrops, exemplars: GradedCrops, folder: Path, rows: Sequence[Variant]
) -> list[NetworkOutcome]:
    """Trains those rows that `folder` does not have yet, each to be resumed where it stopped; returns the rows' outcomes.

    Raises DataFolderError where the folder was begun for another number of epochs.
    """
    keep_settings(folder / "settings.json", {"number of epochs": rows[0].recipe.epochs})
    return [
        _outcome(row, seed, train, val, exemplars, folder / f"{row.key}_{seed}") for row, seed in order_of_runs(rows)
    ]


def _outcome(
    row: Variant, seed: int, train: HandCrops, val: HandCrops, exemplars: GradedCrops, folder: Path
) -> NetworkOutcome:
    saved = folder / "outcome.json"
    if not saved.is_file():
        recipe = dataclasses.replace(row.recipe, seed=seed, options=row.options)
        network = train_grader(train, val, exemplars, folder, recipe)
        fit_score_road(network, train, exemplars, ScoreRoadRecipe(views=1, seed=seed))
        found = {
            "epochs": recipe.epochs,
            "months": np.round(months_of(network, val), 3).tolist(),
            "frozen": dataclasses.asdict(frozen_errors(network, val)),
        }
        saved.write_text(json.dumps(found))
    kept = json.loads(saved.read_text())
    return NetworkOutcome(row.key, seed, kept["epochs"], np.array(kept["months"]), FrozenErrors(**kept["frozen"]))
