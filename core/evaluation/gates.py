"""Whether the gates of the improved ResNet matter: the ages' error with each addition frozen, and how far gates spread."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from core.assessment.grading.grader import network_input
from core.bones import RUS_BONES
from core.cohort.crop_store import HandCrops, complete_hands
from core.errors import BoneGradeError
from core.training.grader.ages import months_of
from models.attention_residual import AttentionPath
from models.bone_grader import BoneGrader
from models.dual_pooling import DualPooling
from models.freezable import Freezable, entering, frozen_at
from models.improved_resnet import ResidualUnit
from models.shuffle_attention import ShuffleAttention

#: What can be frozen, by its name in FrozenErrors.
FROZEN: Final = {
    "shuffle_attention": "Shuffle Attention frozen",
    "attention_residual": "attention residual frozen",
    "dual_pooling": "maximum half of dual pooling frozen",
}
_HANDS_AT_ONCE = 16
#: What each module was last given, argument by argument.
_Entered = dict[Freezable, tuple[Any, ...]]


@dataclass(frozen=True)
class FrozenErrors:
    """Mean absolute errors in months of the 13 bones' calibrated age.

    as_is: of the network as it is. The others: with one addition held, channel by channel, at its mean over all hands, bones
    and places: both kinds of Shuffle Attention's gates, the attention residual's gates, the maximum half of dual pooling.
    None where the network is without it.
    """

    as_is: float
    shuffle_attention: float | None
    attention_residual: float | None
    dual_pooling: float | None


@dataclass(frozen=True)
class StageSpread:
    """How far the gates of a stage's last unit spread, as standard deviations; None where the network is without them.

    spatial, residual: of a spatial gate, and of a gate of the attention residual, over the places of a crop, mean over
    channels. spatial_map: of the spatial gates' mean map over the places of a crop. These three are means over a hand's bones
    and the median over hands. channel: of a channel gate over hands, mean over channels and bones.
    """

    spatial: float | None
    spatial_map: float | None
    channel: float | None
    residual: float | None


@dataclass(frozen=True)
class GateFigures:
    """Figures of one network on `hands` hands with all 13 bones. stages: the four, in order."""

    hands: int
    mae_months: FrozenErrors
    spread: tuple[StageSpread, ...]


def gate_figures(network: BoneGrader, hands: HandCrops) -> GateFigures:
    """Measures on the hands with all 13 bones; the network is left as it was, in evaluation mode.

    Raises BoneGradeError where there is no such hand.
    """
    complete = complete_hands(hands)
    if not len(complete):
        raise BoneGradeError(
            "None of these hands has all 13 bones, so that there is no age whose error could be measured."
        )
    return GateFigures(len(complete), frozen_errors(network, complete), stage_spreads(network.eval(), complete))


def frozen_errors(network: BoneGrader, hands: HandCrops) -> FrozenErrors:
    """The errors of a network, which is left as it was, in evaluation mode. hands: at least one, each with all 13 bones."""
    means = mean_gates(network.eval(), hands)

    def error(held: dict[Freezable, Tensor]) -> float:
        with frozen_at(held):
            return round(float(np.abs(months_of(network, hands) - hands.months).mean()), 3)

    def without(addition: type[Freezable]) -> float | None:
        held = {module: mean for module, mean in means.items() if isinstance(module, addition)}
        return error(held) if held else None

    return FrozenErrors(error({}), without(ShuffleAttention), without(AttentionPath), without(DualPooling))


@torch.inference_mode()
def mean_gates(network: BoneGrader, hands: HandCrops) -> dict[Freezable, Tensor]:
    """The means of the channels (C) over hands, bones and places, of every module that can be held still."""
    modules = [module for module in network.modules() if isinstance(module, Freezable)]
    sums: dict[Freezable, Tensor] = {}
    for entered in _passes(network, hands, modules):
        for module, given in entered.items():
            values = module.unfrozen(*given).double().mean((2, 3)).sum(0)
            sums[module] = sums.get(module, torch.zeros_like(values)) + values
    return {module: (total / (len(hands) * len(RUS_BONES))).float() for module, total in sums.items()}


@torch.inference_mode()
def stage_spreads(network: BoneGrader, hands: HandCrops) -> tuple[StageSpread, ...]:
    """The spread of the gates of each stage."""
    last = network.trunk.last_units()
    modules = [module for unit in last for module in (unit.attention, unit.path) if module is not None]
    found: list[dict[str, list[Tensor]]] = [{} for _ in last]
    for entered in _passes(network, hands, modules):
        for unit, of_stage in zip(last, found, strict=True):
            for name, values in _spreads(unit, entered).items():
                of_stage.setdefault(name, []).append(values.unflatten(0, (-1, len(RUS_BONES))))
    spreads = []
    for of_stage in found:
        parts = {name: torch.cat(values) for name, values in of_stage.items()}  # hands x bones [x channels]
        channel = parts.pop("channel", None)
        figures = {name: float(values.mean(1).quantile(0.5)) for name, values in parts.items()}
        if channel is not None:
            figures["channel"] = float(channel.std(0, correction=0).mean())
        names = StageSpread.__dataclass_fields__
        spreads.append(StageSpread(**{name: round(figures[name], 4) if name in figures else None for name in names}))
    return tuple(spreads)


def _spreads(unit: ResidualUnit, entered: _Entered) -> dict[str, Tensor]:
    """For each crop of a pass, N: spreads over its places; and, as `channel`, the channel gates themselves, NxC/2."""
    spreads = {}
    if unit.attention is not None:
        gates = unit.attention.gates(*entered[unit.attention])
        spreads["spatial"] = gates.spatial.std((2, 3), correction=0).mean(1)
        spreads["spatial_map"] = gates.spatial.mean(1).std((1, 2), correction=0)
        spreads["channel"] = gates.channel[:, :, 0, 0]
    if unit.path is not None:
        spreads["residual"] = unit.path.gates(*entered[unit.path]).std((2, 3), correction=0).mean(1)
    return spreads


def _passes(network: BoneGrader, hands: HandCrops, modules: Iterable[Freezable]) -> Iterator[_Entered]:
    """Shows the network all crops, upright, some hands at a time (all bones of one, then of the next); yields what each of the
    modules was given."""
    bones = torch.arange(len(RUS_BONES))
    with entering(modules) as entered:
        for start in range(0, len(hands), _HANDS_AT_ONCE):
            crops = torch.from_numpy(hands.crops[start : start + _HANDS_AT_ONCE]).float() / 255
            network(network_input(crops.flatten(0, 1)[:, None]), bones.repeat(len(crops)))
            yield entered


def gates_text(figures: GateFigures) -> str:
    """One table in Markdown."""
    errors = {"MAE as it is, months": figures.mae_months.as_is}
    errors |= {f"MAE, {title}": getattr(figures.mae_months, name) for name, title in FROZEN.items()}
    spreads = {
        "spread of a spatial gate over a crop": [stage.spatial for stage in figures.spread],
        "spread of the spatial gates' mean map": [stage.spatial_map for stage in figures.spread],
        "spread of a channel gate over hands": [stage.channel for stage in figures.spread],
        "spread of an attention-residual gate over a crop": [stage.residual for stage in figures.spread],
    }
    lines = [
        f"| {figures.hands} hands | network | stage 1 | stage 2 | stage 3 | stage 4 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {title} | {_cell(error, 2)} | | | | |" for title, error in errors.items()]
    lines += [f"| {title} | | " + " | ".join(_cell(s, 3) for s in stages) + " |" for title, stages in spreads.items()]
    return "\n".join(lines)


def _cell(value: float | None, digits: int) -> str:
    return "none" if value is None else f"{value:.{digits}f}"
