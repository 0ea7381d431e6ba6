"""Gates held still and their spread, on small networks that have not been trained."""

import dataclasses
import itertools

import pytest
import torch
from torch import Tensor

from core.assessment.grading.grader import network_input, starting_cuts
from core.bones import RUS_BONES
from core.errors import BoneGradeError
from core.evaluation.gates import FrozenErrors, GateFigures, StageSpread, gate_figures, gates_text, mean_gates
from models.attention_residual import AttentionPath
from models.bone_grader import BoneGrader, OrdinalScale
from models.dual_pooling import DualPooling
from models.freezable import Freezable, frozen_at
from models.improved_resnet import ResidualUnit, ResNetOptions
from models.shuffle_attention import ShuffleAttention
from tests.graded import crops_of_hands

SMALL = ResNetOptions(width=16, blocks=(1, 1, 1, 1), groups=2)
HANDS = crops_of_hands(3)


def _network(**options: bool) -> BoneGrader:
    torch.manual_seed(0)
    network = BoneGrader(OrdinalScale(starting_cuts()), dataclasses.replace(SMALL, **options)).eval()
    torch.nn.init.normal_(network.head.weight, std=0.1)  # so that an untrained network has something to say
    return network


def _views() -> tuple[Tensor, Tensor]:
    crops = torch.from_numpy(HANDS.crops).float() / 255
    return network_input(crops.flatten(0, 1)[:, None]), torch.arange(len(RUS_BONES)).repeat(len(crops))


def _latents(network: BoneGrader, frozen: type[Freezable] | None = None) -> Tensor:
    """Of all crops; with every module of this class held at its mean, if one is given."""
    means = mean_gates(network, HANDS)
    held = {module: mean for module, mean in means.items() if frozen is not None and isinstance(module, frozen)}
    with frozen_at(held), torch.inference_mode():
        latents: Tensor = network(*_views())
    return latents


def test_gates_as_published_are_even_before_training_so_that_freezing_them_changes_nothing() -> None:
    network = _network()
    torch.testing.assert_close(_latents(network, ShuffleAttention), _latents(network), atol=1e-4, rtol=0)
    figures = gate_figures(network, HANDS)
    assert figures.mae_months.shuffle_attention == figures.mae_months.as_is
    for stage in figures.spread:
        assert (stage.spatial, stage.spatial_map, stage.channel) == (0, 0, 0)


def test_open_gates_matter_before_training() -> None:
    network = _network(open_gates=True)
    assert (_latents(network, ShuffleAttention) - _latents(network)).abs().max() > 0.01
    figures = gate_figures(network, HANDS)
    assert figures.mae_months.shuffle_attention != figures.mae_months.as_is
    for stage in figures.spread:
        assert stage.spatial is not None and stage.spatial > 0.1  # of the sigmoid of what has a spread of 1
        assert stage.spatial_map is not None and 0 < stage.spatial_map < stage.spatial


@pytest.mark.parametrize("frozen", [AttentionPath, DualPooling])
def test_the_other_additions_are_held_too(frozen: type[Freezable]) -> None:
    network = _network()
    for unit in network.trunk.units():
        assert unit.path is not None
        torch.nn.init.normal_(unit.path.pointwise.weight)  # gates that follow what enters
    assert (_latents(network, frozen) - _latents(network)).abs().max() > 0.01


def test_the_network_is_left_as_it_was() -> None:
    network = _network(open_gates=True)
    before, names = _latents(network), set(network.state_dict())
    gate_figures(network, HANDS)
    assert torch.equal(_latents(network), before) and set(network.state_dict()) == names
    assert all(module.frozen is None for module in network.modules() if isinstance(module, Freezable))
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_means_over_more_hands_than_pass_at_once() -> None:
    network, many = _network(), crops_of_hands(18)
    pooling = network.trunk.pool
    assert isinstance(pooling, DualPooling)
    maxima: list[Tensor] = []
    hook = pooling.register_forward_pre_hook(lambda _, given: maxima.append(given[0].amax((2, 3))))
    with torch.inference_mode():
        for crops in torch.from_numpy(many.crops).float() / 255:
            network(network_input(crops[:, None]), torch.arange(len(RUS_BONES)))
    hook.remove()
    torch.testing.assert_close(mean_gates(network, many)[pooling], torch.cat(maxima).mean(0), atol=1e-4, rtol=1e-4)


def test_spreads_of_a_stage_taken_crop_by_crop() -> None:
    network = _network(open_gates=True)
    unit = network.trunk.layer3[-1]
    assert isinstance(unit, ResidualUnit) and unit.attention is not None and unit.path is not None
    spatial: list[list[Tensor]] = []
    residual: list[list[Tensor]] = []
    views, bones = _views()
    hooks = [
        unit.attention.register_forward_pre_hook(
            lambda module, given: spatial.append([*module.gates(given[0]).spatial[0]])
        ),
        unit.path.register_forward_hook(lambda _, given, gates: residual.append([*gates[0]])),
    ]
    with torch.inference_mode():
        for view, bone in zip(views, bones, strict=True):
            network(view[None], bone[None])
    for hook in hooks:
        hook.remove()

    def median_hand(of_crops: list[Tensor]) -> float:
        return float(torch.stack(of_crops).view(len(HANDS), len(RUS_BONES)).mean(1).sort().values[1])

    def spread(gate: Tensor) -> Tensor:
        return (gate - gate.mean()).square().mean().sqrt()

    stage = gate_figures(network, HANDS).spread[2]
    over_channels = [torch.stack([spread(gate) for gate in crop]).mean() for crop in spatial]
    assert stage.spatial == pytest.approx(median_hand(over_channels), abs=2e-4)
    maps = [spread(torch.stack(crop).mean(0)) for crop in spatial]
    assert stage.spatial_map == pytest.approx(median_hand(maps), abs=2e-4)
    of_path = [torch.stack([spread(gate) for gate in crop]).mean() for crop in residual]
    assert stage.residual == pytest.approx(median_hand(of_path), abs=2e-4)


def test_what_a_network_is_without_has_no_figure() -> None:
    additions = ("shuffle_attention", "attention_residual", "dual_pooling")
    for kept in itertools.chain([None], additions):
        network = _network(**{addition: addition == kept for addition in additions})
        figures = gate_figures(network, HANDS)
        errors = dataclasses.asdict(figures.mae_months)
        assert {name for name, error in errors.items() if error is not None} == {"as_is", kept} - {None}
        for stage in figures.spread:
            assert (stage.spatial is None) == (stage.spatial_map is None) == (kept != "shuffle_attention")
            assert (stage.residual is None) == (kept != "attention_residual")


def test_hands_with_a_bone_missing_cannot_be_measured() -> None:
    hands = crops_of_hands(2)
    hands.found[:, 3] = False
    with pytest.raises(BoneGradeError, match="all 13 bones"):
        gate_figures(_network(), hands)


def test_the_table() -> None:
    stages = tuple(StageSpread(0.1 * i, 0.01 * i, None, 0.2) for i in range(1, 5))
    text = gates_text(GateFigures(7, FrozenErrors(7.98, 9.0, None, 8.125), stages)).splitlines()
    assert text[0] == "| 7 hands | network | stage 1 | stage 2 | stage 3 | stage 4 |"
    assert "| MAE, Shuffle Attention frozen | 9.00 | | | | |" in text
    assert "| MAE, attention residual frozen | none | | | | |" in text
    assert "| spread of the spatial gates' mean map | | 0.010 | 0.020 | 0.030 | 0.040 |" in text
    assert "| spread of a channel gate over hands | | none | none | none | none |" in text
