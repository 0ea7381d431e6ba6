"""The figures of the checks of the maps, and their tables for docs/explanations.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.bones import RUS_BONES
from core.evaluation.figures import Table
from core.evaluation.maps.checked import Estimate
from core.evaluation.maps.measures import CASCADE

#: The maps that are checked, by their name in BoneMaps, and what they are called.
KINDS: Final = {"grad_cam": "Grad-CAM", "sa_spatial": "SA spatial"}


@dataclass(frozen=True)
class BetweenSeeds:
    """Likeness of the maps of two networks that were randomised with different seeds; even_maps: share of even ones."""

    rank_correlation: Estimate | None
    even_maps: float | None
    shared_top_fifth: Estimate | None


@dataclass(frozen=True)
class BetweenHands:
    """Likeness of the trained network's maps of the same bone of two hands."""

    rank_correlation: Estimate | None
    shared_top_fifth: Estimate | None


@dataclass(frozen=True)
class Randomised:
    """Likeness of the maps to those of a network with randomised weights.

    rank_correlation: -1..1. shared_top_fifth: how much of the highest fifth is the same, 0..1; 0.2 by chance. cascade: the
    rank correlation by how far down the network was randomised, as core.evaluation.maps.measures.CASCADE has it.
    """

    rank_correlation: Estimate | None
    shared_top_fifth: Estimate | None
    between_seeds: BetweenSeeds
    between_hands: BetweenHands
    cascade: Mapping[str, float | None]


@dataclass(frozen=True)
class Band:
    """The maps on the epiphysis-metaphysis band.

    share: of a map inside the band. area: the band's share of the crop. ratio: the one over the other; an even map has 1.
    ratio_randomised: of the network with randomised weights.
    """

    share: Estimate | None
    area: float | None
    ratio: Estimate | None
    ratio_randomised: Estimate | None
    ratio_by_bone: Mapping[str, float | None]


@dataclass(frozen=True)
class DeletionYears:
    """By how many years the maturity moves as more and more of the crop is deleted, in three orders."""

    map: Sequence[float | None]
    random: Sequence[float | None]
    centre: Sequence[float | None]


@dataclass(frozen=True)
class Deletion:
    """What deleting by the map does, and by how many years it moves more than the two other orders."""

    years: DeletionYears
    more_than_random: Estimate | None
    more_than_centre: Estimate | None


@dataclass(frozen=True)
class OfStage:
    """The cheap checks of one stage's maps."""

    rank_correlation: float | None
    even_maps: float | None
    band_ratio: float | None


@dataclass(frozen=True)
class MapFigures:
    """All that is measured of one kind of map; None where nothing could be. even_maps: the share that prefer no place."""

    even_maps: float | None
    randomised: Randomised
    band: Band
    deletion: Deletion
    by_stage: Mapping[str, OfStage]


@dataclass(frozen=True)
class ChecksFigures:
    """The checks of one grader's maps. crops: in all hands. stage, cam_stage: of the gates and of Grad-CAM, as the page shows
    them first. deleted: the shares of the crop of the deletion curves. maps: by KINDS."""

    split: str | None
    grader_sha256: str
    hands: int
    crops: int
    refused: int
    stage: int
    cam_stage: int
    block_pixels: int
    deleted: Sequence[float]
    random_draws: int
    randomised_networks: int
    maps: Mapping[str, MapFigures]


def as_text(figures: ChecksFigures) -> str:
    """The figures as Markdown tables, as docs/explanations.md has them."""
    maps = figures.maps
    return "\n".join(
        [
            f"{figures.hands} hands, {figures.crops} crops, gates of stage {figures.stage}, Grad-CAM of stage "
            f"{figures.cam_stage}, grader `{figures.grader_sha256[:8]}`; {figures.refused} refused. Means over hands, 95 % "
            "intervals.",
            "",
            _likeness_and_band(maps).markdown(),
            "",
            _deletions(figures.deleted, maps).markdown(),
            "",
            _stages(maps).markdown(),
            "",
            Table(
                ("times an even map's share in the band", *RUS_BONES),
                [
                    (title, *(_cell(maps[kind].band.ratio_by_bone[bone]) for bone in RUS_BONES))
                    for kind, title in KINDS.items()
                ],
            ).markdown(),
        ]
    )


def _likeness_and_band(maps: Mapping[str, MapFigures]) -> Table:
    rows: dict[str, Callable[[MapFigures], Estimate | float | None]] = {
        "**Rank correlation with a randomised network's maps**": lambda of: of.randomised.rank_correlation,
        "between two randomised networks": lambda of: of.randomised.between_seeds.rank_correlation,
        "between two hands, trained network": lambda of: of.randomised.between_hands.rank_correlation,
        "highest fifth shared with a randomised network (0.20 by chance)": lambda of: of.randomised.shared_top_fifth,
        "highest fifth shared between two randomised networks": lambda of: of.randomised.between_seeds.shared_top_fifth,
        "highest fifth shared between two hands": lambda of: of.randomised.between_hands.shared_top_fifth,
        "share of maps that are even": lambda of: of.even_maps,
        **{f"randomised down to: {part}": lambda of, part=part: of.randomised.cascade[part] for part in CASCADE},  # type: ignore[misc]
        "**Band: times an even map's share**": lambda of: of.band.ratio,
        "share inside the band": lambda of: of.band.share,
        "the band's share of the crop": lambda of: of.band.area,
        "times an even map's share, randomised network": lambda of: of.band.ratio_randomised,
        "**Deletion: years more than random**": lambda of: of.deletion.more_than_random,
        "years more than from the middle outwards": lambda of: of.deletion.more_than_centre,
    }
    return Table(
        ("", *KINDS.values()),
        [(title, *(_cell(figure(maps[kind])) for kind in KINDS)) for title, figure in rows.items()],
    )


def _deletions(deleted: Sequence[float], maps: Mapping[str, MapFigures]) -> Table:
    years = {kind: maps[kind].deletion.years for kind in KINDS}
    curves = {f"by {title}": years[kind].map for kind, title in KINDS.items()}
    curves |= {"at random": years["grad_cam"].random, "from the middle outwards": years["grad_cam"].centre}
    return Table(
        ("years moved, deleting", *(f"{share:.0%}" for share in deleted)),
        [(title, *map(_cell, curve)) for title, curve in curves.items()],
    )


def _stages(maps: Mapping[str, MapFigures]) -> Table:
    rows = []
    for stage in maps["grad_cam"].by_stage:
        found = [maps[kind].by_stage[stage] for kind in KINDS]
        rows.append((stage, *(_cell(v) for of in found for v in (of.rank_correlation, of.even_maps, of.band_ratio))))
    columns = ("correlation", "even", "band")
    return Table(("stage", *(f"{title}: {column}" for title in KINDS.values() for column in columns)), rows)


def _cell(value: Estimate | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, Estimate):
        return f"{value.mean:.2f} ({value.low:.2f} to {value.high:.2f})"
    return f"{value:.2f}"
