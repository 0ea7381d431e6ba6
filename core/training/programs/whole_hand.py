"""python -m core train whole-hand, and opinions: from labelled hands to the registered second opinion on their ages."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from core.assessment.age.second_opinion import window_side
from core.cohort.crop_store import HandCrops, complete_hands
from core.cohort.films import DataFolderError, training_films
from core.cohort.hand_windows import HandWindows, kept_windows
from core.cohort.opinions import Opinion, Opinions, settle_opinions, write_opinions
from core.cohort.settings import keep_settings
from core.cohort.small_hands import kept_small_windows
from core.training.grader.ages import months_of
from core.training.loop.clock import TimeLimit
from core.training.loop.device import CPU
from core.training.material.sources import HandSources, crops_of, localizer_for
from core.training.programs.intervals import set_intervals, shipped_whole_hands
from core.training.whole_hand.ages import best_weight, opinions_of
from core.training.whole_hand.leaving_out import LeaveOut, Witness, left_out
from core.training.whole_hand.recipe import WholeHandRecipe
from core.training.whole_hand.training import train_whole_hand
from models.registry import WHOLE_HANDS, load_grader, register, unregister
from models.whole_hand_network import WholeHandNetwork


def make_whole_hand(
    sources: HandSources,
    run: Path,
    recipe: WholeHandRecipe,
    leave_out: LeaveOut,
    limit: TimeLimit,
    opinions: Opinions | None = None,
    device: torch.device = CPU,
    workers: int = 1,
) -> Path:
    """Trains the network that looks at the whole hand on `train`, at most until the time limit; returns its run's folder.

    run: may be the grader's, whose crops of `val` are then taken; windows are kept there, for other seeds too. leave_out: hands
    that are used neither as larger nor as small ones. Where none are left out, the networks of this run that left none out,
    this one and those of other seeds, are registered together as the second opinion on the registered grader's ages, with their
    weights and the intervals set on `val`. Raises DataFolderError where the run has more than may be registered.
    """
    folder = run / f"whole_hand_{leave_out}_{recipe.seed}"
    others = [] if leave_out != "none" else _trained_before(run, folder)
    settle_opinions(folder, opinions)
    small = sources.small_films(run)
    localizer, side = localizer_for(sources.films, run), window_side(recipe.height)
    val = kept_windows(sources.films, "val", run, localizer, side, workers)
    large = sources.large(run, localizer, side, workers)
    unseen = {film.id for film in training_films(sources.films, "val")} | left_out(large.ids.tolist(), leave_out)
    groups = [large.without(unseen)]
    if small:
        found = kept_small_windows(small, run, localizer, workers, limit.left)
        print(f"Small hands: {len(found):,} found, {len(small) - len(found):,} refused.", flush=True)
        groups.append(found.without(unseen))
    keep_settings(folder / "hands.json", {"number of hands": [len(hands) for hands in groups]})
    if opinions is not None:
        groups = list(opinions.averaged(*groups))
    if not len(groups[0]):  # small hands show no more detail than the first stage's pictures
        recipe = dataclasses.replace(recipe, stages=recipe.stages[:1])
    beside = None if leave_out != "none" else BesideGrader.on(crops_of(sources.films, "val", run, localizer, workers))
    seconds = limit.left(0.0 if beside is None else beside.seconds)
    network = train_whole_hand(groups, val, folder, recipe, seconds, device).cpu()
    Witness.keep(network, [film_id for hands in groups for film_id in hands.ids.tolist()], folder)
    if beside is not None:
        networks = [network, *others]
        side = max(window_side(one.options.height) for one in networks)
        beside.register(networks, kept_windows(sources.films, "val", run, localizer, side, workers))
    return folder


def _trained_before(run: Path, folder: Path) -> list[WholeHandNetwork]:
    """The networks of a run's other folders that left no hand out."""
    found = (Witness.load(other) for other in sorted(run.glob("whole_hand_none_*")) if other != folder)
    networks = [witness.network for witness in found if witness is not None]
    if len(networks) >= len(WHOLE_HANDS):
        raise DataFolderError(
            f"{run} has {len(networks)} networks already, and {len(WHOLE_HANDS)} can give the second opinion together: take "
            "the folder of one of them away, or name another run."
        )
    return networks


def write_whole_hand_opinions(sources: HandSources, run: Path, table: Path, workers: int = 1) -> tuple[int, int]:
    """Writes what the networks trained in `run` say of the larger `train` hands that they never saw; returns the number of
    those hands, and of all.

    Where several networks have not seen a hand, their mean is taken. Raises DataFolderError where every network has seen every
    hand.
    """
    localizer = localizer_for(sources.films, run)
    said: dict[str, list[tuple[float, str]]] = {}
    count = 0
    for folder in sorted(run.glob("whole_hand_*")):
        witness = Witness.load(folder)
        if witness is None:
            continue
        hands = sources.large(run, localizer, window_side(witness.network.options.height), workers)
        count = len(hands)
        for film_id, months in witness.months(hands.without(witness.seen)).items():
            said.setdefault(film_id, []).append((months, witness.sha256))
    if not said:
        raise DataFolderError(f"No network of {run} has left out a hand: train one there with --leave-out even.")
    opinions = [
        Opinion(film_id, float(np.mean([months for months, _ in each])), tuple(name for _, name in each))
        for film_id, each in said.items()
    ]
    write_opinions(table, opinions)
    return len(opinions), count


@dataclass(frozen=True)
class BesideGrader:
    """The registered grader on `val`, to which a second opinion is fitted. months: of the hands with all 13 bones.

    seconds: the time that it will take to register the opinion, which grades the hands once more.
    """

    val: HandCrops
    months: NDArray[np.float64]
    seconds: float

    @classmethod
    def on(cls, val: HandCrops) -> Self:
        """Grades the hands, none of which was trained on."""
        started = time.monotonic()
        months = months_of(load_grader()[0], complete_hands(val))
        return cls(val, months, 2 * (time.monotonic() - started))

    def register(self, networks: Sequence[WholeHandNetwork], windows: HandWindows) -> None:
        """Registers the networks as the second opinion, with the weight that they have together and share evenly, and the
        intervals that suit all.

        windows: of the same hands in the same order; raises ValueError for others.
        """
        if self.val.ids.tolist() != windows.ids.tolist():
            raise ValueError("the crops and the pictures of the whole hand are not of the same hands")
        self._register(networks, 0.0)
        whole = np.array([one.months for one in opinions_of(shipped_whole_hands(), windows)])
        label = complete_hands(self.val).months.astype(float)
        weight = best_weight(self.months, whole[self.val.found.all(axis=1)], label)
        self._register(networks, weight / len(networks))
        set_intervals(self.val, windows)

    def _register(self, networks: Sequence[WholeHandNetwork], weight: float) -> None:
        for name in WHOLE_HANDS:
            unregister(name)
        for name, network in zip(WHOLE_HANDS, networks, strict=False):
            register(name, network, {**network.options.to_metadata(), "weight": f"{weight:.4f}"})
