"""Measures whether the maps mean something: on many hands, for Grad-CAM and the spatial Shuffle-Attention gates.

Three questions, see docs/explanations.md: do the maps change when the network's weights are randomised, do they lie on
the growth plate, and do the places that they mark matter more to the network than others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from core.assessment.assessor import Assessor
from core.assessment.explain import BoneMaps, explain
from core.assessment.grader import network_input
from core.bones import RUS_BONES
from core.cohort.films import Film
from core.errors import BoneGradeError, FilmRefused
from core.evaluation.maps.checked import Estimate
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
from core.film.radiograph import read_radiograph
from core.hand.crops import cut_all
from core.hand.growth_plates import growth_plate_band
from models.bone_grader import BoneGrader

#: The maps that are checked, by their name in BoneMaps, and what they are called.
KINDS: Final = {"grad_cam": "Grad-CAM", "sa_spatial": "SA spatial"}
#: The stage whose maps the page shows first: all checks are of it, the cheap ones of all four as well.
STAGE: Final = 3
#: So many random deletions of every crop are averaged, and so many randomised networks take turns.
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


def check(films: Sequence[Film], assessor: Assessor) -> dict[str, Any]:
    """The figures of all checks, JSON-ready, for `core.evaluation.maps.checked.CheckedMaps.from_figures` and `as_text`.

    Hands that are refused are counted and left out; of the others every bone that was found counts. Estimates are means
    over hands with a 95 % interval (bootstrap over hands).
    Raises BoneGradeError where no hand at all could be graded.
    """
    trial = _Trial(assessor.grader.network)
    refused = hands = 0
    for film in tqdm(list(films), desc="hands", mininterval=10):
        try:
            radiograph = read_radiograph(film.path)
            crops = cut_all(radiograph, assessor.localizer.locate(radiograph))
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
    return {
        "grader_sha256": assessor.weights["grader"],
        "hands": hands,
        "crops": len(rows) // (len(KINDS) * 4),
        "refused": refused,
        "stage": STAGE,
        "block_pixels": BLOCK,
        "deleted": list(DELETED),
        "random_draws": DRAWS,
        "randomised_networks": NETWORKS,
        "maps": {kind: _figures(rows[rows["kind"] == kind]) for kind in KINDS},
    }


class _Trial:
    """Collects one row a hand, bone, kind of map and stage; what was not measured of a stage is NaN."""

    def __init__(self, network: BoneGrader):
        self.rows: list[dict[str, Any]] = []
        self._network = network
        self._hand = 0
        self._without_learning: list[BoneGrader] = []
        self._cascade: list[BoneGrader] = []
        self._last_hand: Stacks = {}

    def add(self, crops: Crops, grades: dict[str, int]) -> None:
        """Measures one hand. crops, grades: by bone, as core.assessment.explain takes them."""
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
            if stage == STAGE:
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
        """Deletion curves by each map, at random and from the middle outwards, as one column a share."""
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
    maps: Iterable[BoneMaps] = explain(network, crops, grades, stage).maps.values()
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
    """The mean over hands of each hand's mean over its bones, with the 2.5th and 97.5th percentile of 2000 bootstrap
    samples of hands. rows: with the columns `hand` and `column`. None where nothing was measured."""
    hands = rows.groupby("hand")[column].mean().dropna().to_numpy(float)
    if not len(hands):
        return None
    random = np.random.default_rng(_SEED)
    means = hands[random.integers(0, len(hands), (_RESAMPLES, len(hands)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return Estimate(round(float(hands.mean()), 4), round(float(low), 4), round(float(high), 4))


def _figures(rows: pd.DataFrame) -> dict[str, Any]:
    """The figures of one kind of map."""
    shown = rows[rows["stage"] == STAGE]

    def estimate(column: str, of: pd.DataFrame = shown) -> dict[str, float] | None:
        value = over_hands(of, column)
        return None if value is None else asdict(value)

    def mean(column: str, of: pd.DataFrame = shown) -> float | None:
        value = over_hands(of, column)
        return None if value is None else value.mean

    return {
        "even_maps": mean("even"),
        "randomised": {
            "rank_correlation": estimate("correlation"),
            "shared_top_fifth": estimate("shared_top"),
            "between_seeds": {"rank_correlation": estimate("seeds_correlation"), "even_maps": mean("seeds_even"),
                              "shared_top_fifth": estimate("seeds_shared_top")},
            "between_hands": {"rank_correlation": estimate("hands_correlation"),
                              "shared_top_fifth": estimate("hands_shared_top")},
            "cascade": {part: mean(part) for part in CASCADE},
        },
        "band": {
            "share": estimate("share"),
            "area": mean("area"),
            "ratio": estimate("ratio"),
            "ratio_randomised": estimate("forgot_ratio"),
            "ratio_by_bone": {bone: mean("ratio", shown[shown["bone"] == bone]) for bone in RUS_BONES},
        },
        "deletion": {
            "years": {name: [mean(f"{name} {share}") for share in DELETED] for name in ("map", "random", "centre")},
            "more_than_random": estimate("more_than_random"),
            "more_than_centre": estimate("more_than_centre"),
        },
        "by_stage": {
            str(stage): {"rank_correlation": mean("correlation", part), "even_maps": mean("even", part),
                         "band_ratio": mean("ratio", part)}
            for stage, part in rows.groupby("stage")
        },
    }  # fmt: skip


def as_text(figures: dict[str, Any]) -> str:
    """The figures as Markdown tables, as docs/explanations.md has them."""
    maps = figures["maps"]

    def cell(value: dict[str, float] | float | None, digits: int) -> str:
        if value is None:
            return "-"
        if isinstance(value, dict):
            return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"
        return f"{value:.{digits}f}"

    def row(title: str, *keys: str, digits: int = 2) -> str:
        values = []
        for kind in KINDS:
            value = maps[kind]
            for key in keys:
                value = value[key]
            values.append(cell(value, digits))
        return f"| {title} | {' | '.join(values)} |"

    head = f"|  | {' | '.join(KINDS.values())} |\n|---|{'---|' * len(KINDS)}"
    lines = [
        f"{figures['hands']} hands, {figures['crops']} crops, maps of stage {figures['stage']}, grader "
        f"`{figures['grader_sha256'][:8]}`; {figures['refused']} refused. Means over hands, 95 % intervals.",
        "",
        head,
        row("**Rank correlation with a randomised network's maps**", "randomised", "rank_correlation"),
        row("between two randomised networks", "randomised", "between_seeds", "rank_correlation"),
        row("between two hands, trained network", "randomised", "between_hands", "rank_correlation"),
        row("highest fifth shared with a randomised network (0.20 by chance)", "randomised", "shared_top_fifth"),
        row("highest fifth shared between two randomised networks", "randomised", "between_seeds", "shared_top_fifth"),
        row("highest fifth shared between two hands", "randomised", "between_hands", "shared_top_fifth"),
        row("share of maps that are even", "even_maps"),
        *(row(f"randomised down to: {part}", "randomised", "cascade", part) for part in CASCADE),
        row("**Band: times an even map's share**", "band", "ratio"),
        row("share inside the band", "band", "share"),
        row("the band's share of the crop", "band", "area"),
        row("times an even map's share, randomised network", "band", "ratio_randomised"),
        row("**Deletion: years more than random**", "deletion", "more_than_random"),
        row("years more than from the middle outwards", "deletion", "more_than_centre"),
        "",
        f"| years moved, deleting | {' | '.join(f'{share:.0%}' for share in figures['deleted'])} |",
        f"|---|{'---|' * len(figures['deleted'])}",
    ]
    for kind, title in KINDS.items():
        years = maps[kind]["deletion"]["years"]
        lines.append(f"| by {title} | {' | '.join(cell(value, 2) for value in years['map'])} |")
    for name, title in (("random", "at random"), ("centre", "from the middle outwards")):
        lines.append(f"| {title} | {' | '.join(cell(v, 2) for v in maps['grad_cam']['deletion']['years'][name])} |")
    lines += ["", f"| stage | {' | '.join(f'{t}: correlation | {t}: even | {t}: band' for t in KINDS.values())} |"]
    lines.append(f"|---|{'---|' * 3 * len(KINDS)}")
    for stage in maps["grad_cam"]["by_stage"]:
        values = [cell(v, 2) for kind in KINDS for v in maps[kind]["by_stage"][stage].values()]
        lines.append(f"| {stage} | {' | '.join(values)} |")
    lines += ["", f"| times an even map's share in the band | {' | '.join(RUS_BONES)} |", f"|---|{'---|' * 13}"]
    for kind, title in KINDS.items():
        by_bone = maps[kind]["band"]["ratio_by_bone"]
        lines.append(f"| {title} | {' | '.join(cell(by_bone[bone], 2) for bone in RUS_BONES)} |")
    return "\n".join(lines)
