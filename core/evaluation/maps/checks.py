"""Measures whether the maps mean something: on many hands, for Grad-CAM and the spatial Shuffle-Attention gates.

Three questions, see docs/explanations.md: do the maps change when the network's weights are randomised, do they lie on
the growth plate, and do the places that they mark matter more to the network than others.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.grading.explain import FINEST_CAM, explain
from core.assessment.grading.grader import network_input
from core.assessment.grading.map_guide import guide_for
from core.assessment.records import BoneMaps, StageGuide
from core.bones import RUS_BONES
from core.cohort.films import Film, read_films
from core.errors import BoneGradeError, FilmRefused
from core.evaluation.maps.checked import Estimate
from core.evaluation.maps.figures import (
    KINDS,
    Band,
    BetweenHands,
    BetweenSeeds,
    ChecksFigures,
    Deletion,
    DeletionYears,
    MapFigures,
    OfStage,
    Randomised,
)
from core.evaluation.maps.measures import (
    BLOCK,
    CASCADE,
    DELETED,
    above_minimum,
    area,
    blocks_of,
    centre_first,
    deletion_curve,
    highest_first,
    is_even,
    randomised,
    rank_correlation,
    share_inside,
    shared_top,
)
from core.evaluation.uncertainty import bootstrap95
from core.film.radiograph import read_radiograph
from core.hand.growth_plates import growth_plate_band
from models.bone_grader import BoneGrader

#: Number of random deletions of every crop that are averaged, and of randomised networks that take turns.
DRAWS: Final = 3
NETWORKS: Final = 3
_RESAMPLES: Final = 2000
_SEED: Final = 1

Crops = dict[str, NDArray[np.float32]]
Stacks = dict[str, NDArray[np.float32]]


def evenly(films: Sequence[Film], hands: int) -> list[Film]:
    """At most `hands` films, spread evenly over the list."""
    if hands >= len(films):
        return list(films)
    return [films[i] for i in np.linspace(0, len(films) - 1, hands).round().astype(int)]


def check_folder(data: Path, split: str | None, hands: int, assessor: Assessor) -> ChecksFigures:
    """The figures of all checks on a number of films of a data folder, spread evenly over the split; of all rows if no
    split is given.

    Raises core.cohort.films.DataFolderError, and what `check` raises.
    """
    return check(evenly(read_films(data, split), hands), assessor, split)


def check(films: Sequence[Film], assessor: Assessor, split: str | None) -> ChecksFigures:
    """The figures of all checks on these films, which are of `split`.

    Hands that are refused are counted and left out; of the others every bone that was found counts. Estimates are means
    over hands with a 95 % interval (bootstrap over hands).
    Raises BoneGradeError where no hand at all could be graded.
    """
    stage = guide_for(assessor.weights["grader"]).first_stage
    trial = _Trial(assessor.grader.network, stage)
    refused = hands = 0
    for film in tqdm(list(films), desc="hands", mininterval=10):
        try:
            crops = assessor.find_hand(read_radiograph(film.path)).crops
        except FilmRefused:
            refused += 1
            continue
        if crops:
            trial.add(crops, {bone: int(given.argmax()) for bone, given in assessor.grader.grade(crops).items()})
            hands += 1
    if not hands:
        raise BoneGradeError(
            f"No film of {len(films)} could be graded, so there is nothing to measure: point --data at films of hands."
        )
    rows = pd.DataFrame(trial.rows)
    return ChecksFigures(
        split=split,
        grader_sha256=assessor.weights["grader"],
        hands=hands,
        crops=len(rows) // (len(KINDS) * 4),
        refused=refused,
        stage=stage,
        cam_stage=min(stage, FINEST_CAM),
        block_pixels=BLOCK,
        deleted=DELETED,
        random_draws=DRAWS,
        randomised_networks=NETWORKS,
        maps={kind: _figures(rows[rows["kind"] == kind], stage) for kind in KINDS},
    )


class _Trial:
    """Collects one row per hand, bone, kind of map and stage; what was not measured of a stage is NaN.

    first_stage: the stage that gets all checks; the cheap ones are made of all four.
    """

    def __init__(self, network: BoneGrader, first_stage: int):
        self.rows: list[dict[str, Any]] = []
        self._network = network
        self._first_stage = first_stage
        self._hand = 0
        self._without_learning: list[BoneGrader] = []
        self._cascade: list[BoneGrader] = []
        self._last_hand: Stacks = {}

    def add(self, crops: Crops, grades: dict[str, int]) -> None:
        """Measures one hand. crops, grades: by bone, as core.assessment.grading.explain takes them."""
        bones: list[str] = [bone for bone in RUS_BONES if bone in crops]
        which = torch.tensor([RUS_BONES.index(bone) for bone in bones])
        views = network_input(torch.from_numpy(np.stack([crops[bone] for bone in bones]))[:, None])
        if not self._without_learning:
            self._without_learning = [randomised(self._network, seed, views, which) for seed in range(NETWORKS)]
            self._cascade = [randomised(self._network, 0, views, which, parts) for parts in range(1, len(CASCADE))]
        forgot, forgot_other = (self._without_learning[(self._hand + step) % NETWORKS] for step in (0, 1))
        random = np.random.default_rng([_SEED, self._hand])
        for stage in (1, 2, 3, 4):
            maps = _stacks(self._network, crops, grades, stage)
            fresh = _stacks(forgot, crops, grades, stage)
            measured = {kind: _likeness(maps[kind], fresh[kind], random, "") for kind in KINDS}
            for kind in KINDS:
                measured[kind] |= _on_band(kind, maps[kind], bones, "") | _on_band(kind, fresh[kind], bones, "forgot_")
            if stage == self._first_stage:
                other = _stacks(forgot_other, crops, grades, stage)
                cascade = [_stacks(network, crops, grades, stage) for network in self._cascade]
                for kind in KINDS:
                    measured[kind] |= _likeness(fresh[kind], other[kind], random, "seeds_")
                    measured[kind] |= self._between_hands(kind, maps[kind], bones, random)
                    for part, changed in zip(CASCADE, (*(c[kind] for c in cascade), fresh[kind]), strict=True):
                        measured[kind][part] = rank_correlation(blocks_of(maps[kind]), blocks_of(changed))
                for kind, curves in self._deletions(maps, views, which, random).items():
                    measured[kind] |= curves
                self._last_hand |= {f"{kind} {bone}": maps[kind][i] for kind in KINDS for i, bone in enumerate(bones)}
            self._keep(stage, bones, measured)
        self._hand += 1

    def _between_hands(
        self, kind: str, maps: NDArray[np.float32], bones: list[str], random: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Likeness to the map of the same bone of the hand before: what all crops of a bone have in common."""
        before = [self._last_hand.get(f"{kind} {bone}") for bone in bones]
        known = np.array([one is not None for one in before])
        stack = np.stack([mine if one is None else one for mine, one in zip(maps, before, strict=True)])
        likeness = _likeness(maps, stack, random, "hands_")
        return {name: np.where(known, values, np.nan) for name, values in likeness.items()}

    def _deletions(
        self, maps: Stacks, views: Tensor, which: Tensor, random: np.random.Generator
    ) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Deletion curves by each map, at random and from the middle outwards, as one column per share."""
        even = np.zeros((len(views), blocks_of(maps["grad_cam"]).shape[1]))

        def curve(orders: NDArray[np.int64]) -> NDArray[np.float64]:
            return deletion_curve(self._network, views, which, orders)

        at_random = np.mean([curve(highest_first(even, random)) for _ in range(DRAWS)], axis=0)
        from_middle = curve(centre_first(len(views), random))
        measured = {}
        for kind in KINDS:
            by_map = curve(highest_first(blocks_of(maps[kind]), random))
            curves = {"map": by_map, "random": at_random, "centre": from_middle}
            measured[kind] = {
                f"{name} {share}": values[:, i] for name, values in curves.items() for i, share in enumerate(DELETED)
            } | {
                "more_than_random": area(by_map) - area(at_random),
                "more_than_centre": area(by_map) - area(from_middle),
            }
        return measured

    def _keep(self, stage: int, bones: list[str], measured: dict[str, dict[str, NDArray[np.float64]]]) -> None:
        for kind, columns in measured.items():
            for i, bone in enumerate(bones):
                row = {"hand": self._hand, "kind": kind, "stage": stage, "bone": bone}
                self.rows.append(row | {name: float(values[i]) for name, values in columns.items()})


def _stacks(network: BoneGrader, crops: Crops, grades: dict[str, int], stage: int) -> Stacks:
    explanation = explain(network, crops, grades, stage, min(stage, FINEST_CAM), StageGuide())
    maps: Iterable[BoneMaps] = explanation.maps.values()
    return {kind: np.stack([getattr(one, kind) for one in maps]) for kind in KINDS}


def _likeness(
    first: NDArray[np.float32], second: NDArray[np.float32], random: np.random.Generator, prefix: str
) -> dict[str, NDArray[np.float64]]:
    a, b = blocks_of(first), blocks_of(second)
    return {
        f"{prefix}correlation": rank_correlation(a, b),
        f"{prefix}shared_top": shared_top(a, b, random),
        f"{prefix}even": is_even(a).astype(np.float64),
    }


def _on_band(kind: str, maps: NDArray[np.float32], bones: list[str], prefix: str) -> dict[str, NDArray[np.float64]]:
    """The share of each map on its bone's band; gates count from their lowest value, even maps as the band's area."""
    bands = np.stack([growth_plate_band(bone) for bone in bones])
    mass = above_minimum(maps) if kind == "sa_spatial" else maps
    areas = bands.mean((1, 2))
    share = share_inside(mass, bands)
    share = np.where(np.isnan(share), areas, share)
    return {f"{prefix}share": share, f"{prefix}area": areas, f"{prefix}ratio": share / areas}


def over_hands(rows: pd.DataFrame, column: str) -> Estimate | None:
    """The mean over hands of each hand's mean over its bones, with the 95 % interval of a bootstrap over hands.

    rows: with the columns `hand` and `column`. None where nothing was measured.
    """
    hands = _means_of_hands(rows, column)
    if not len(hands):
        return None
    low, high = bootstrap95(lambda drawn: drawn.mean(-1), hands, resamples=_RESAMPLES, seed=_SEED)
    return Estimate(round(float(hands.mean()), 4), round(low, 4), round(high, 4))


def _mean(rows: pd.DataFrame, column: str) -> float | None:
    """The same without the interval."""
    hands = _means_of_hands(rows, column)
    return round(float(hands.mean()), 4) if len(hands) else None


def _means_of_hands(rows: pd.DataFrame, column: str) -> NDArray[np.float64]:
    return np.asarray(rows.groupby("hand")[column].mean().dropna(), np.float64)


def _figures(rows: pd.DataFrame, first_stage: int) -> MapFigures:
    """The figures of one kind of map."""
    shown = rows[rows["stage"] == first_stage]

    def curve(name: str) -> list[float | None]:
        return [_mean(shown, f"{name} {share}") for share in DELETED]

    return MapFigures(
        even_maps=_mean(shown, "even"),
        randomised=Randomised(
            rank_correlation=over_hands(shown, "correlation"),
            shared_top_fifth=over_hands(shown, "shared_top"),
            between_seeds=BetweenSeeds(
                over_hands(shown, "seeds_correlation"),
                _mean(shown, "seeds_even"),
                over_hands(shown, "seeds_shared_top"),
            ),
            between_hands=BetweenHands(over_hands(shown, "hands_correlation"), over_hands(shown, "hands_shared_top")),
            cascade={part: _mean(shown, part) for part in CASCADE},
        ),
        band=Band(
            share=over_hands(shown, "share"),
            area=_mean(shown, "area"),
            ratio=over_hands(shown, "ratio"),
            ratio_randomised=over_hands(shown, "forgot_ratio"),
            ratio_by_bone={bone: _mean(shown[shown["bone"] == bone], "ratio") for bone in RUS_BONES},
        ),
        deletion=Deletion(
            years=DeletionYears(curve("map"), curve("random"), curve("centre")),
            more_than_random=over_hands(shown, "more_than_random"),
            more_than_centre=over_hands(shown, "more_than_centre"),
        ),
        by_stage={
            str(stage): OfStage(_mean(of_stage, "correlation"), _mean(of_stage, "even"), _mean(of_stage, "ratio"))
            for stage, of_stage in rows.groupby("stage")
        },
    )
