"""The improved ResNet: the plain one is torchvision's, every switch adds what it should, and it is told the bone."""

import itertools
from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import ResNet, resnet18

from models.improved_resnet import ImprovedResNet, ResidualUnit, ResNetOptions
from models.resnet import BasicBlock

PLAIN = ResNetOptions(shuffle_attention=False, attention_residual=False, dual_pooling=False, bones=0)
SMALL = ResNetOptions(width=16, blocks=(1, 1, 1, 1), groups=2, bones=3)
every_combination = pytest.mark.parametrize(
    ("shuffle_attention", "attention_residual", "dual_pooling"), list(itertools.product([False, True], repeat=3))
)
#: torchvision's ResNet-18 has 11,689,512 parameters: less its classifier (512 * 1000 + 1000) and two of the three
#: colour channels of its first convolution (2 * 64 * 7 * 7).
PLAIN_COUNT = 11_689_512 - 513_000 - 6_272
#: channels into and out of the eight residual units at width 64
UNITS = [(64, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
SHUFFLE_ATTENTION_COUNT = sum(3 * channels_out // 8 for _, channels_out in UNITS)
ATTENTION_RESIDUAL_COUNT = sum(11 * c_in + c_in * c_out + c_out for c_in, c_out in UNITS)
DUAL_POOLING_COUNT = 2 * 512 * 512 + 512
BONES_COUNT = 13 * 64


def parameters_of(options: ResNetOptions) -> int:
    with torch.device("meta"):  # counting needs no memory
        return sum(p.numel() for p in ImprovedResNet(options).parameters())


def moved(network: nn.Module) -> nn.Module:
    """The network with attention scales and bone embedding away from the zeros they start at."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("_scale") or name == "bone.weight":
                parameter.normal_()
    return network


def torchvision_resnet() -> ResNet:
    """torchvision's ResNet-18 with random weights and statistics, in use, without its classifier."""
    torch.manual_seed(0)
    network = resnet18(weights=None)
    for name, tensor in network.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            tensor.normal_(std=0.1)
        elif name.endswith("running_var") or ("bn" in name and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5)
    network.fc = nn.Identity()
    network.eval()
    return network


def test_plain_network_is_torchvision_s() -> None:
    theirs = torchvision_resnet()
    ours = ImprovedResNet(PLAIN).eval()
    assert ours.load_torchvision(theirs.state_dict()) == []
    crops = torch.rand(2, 1, 96, 96)
    with torch.no_grad():
        expected = theirs(crops.expand(2, 3, 96, 96))
        assert expected.std() > 0.01  # a dead network would agree with any other
        torch.testing.assert_close(ours(crops), expected, atol=1e-4, rtol=1e-4)


def test_every_network_is_a_residual_network_without_classes() -> None:
    network = ImprovedResNet(SMALL)
    assert all(isinstance(unit, BasicBlock) for unit in network.units()) and len(network.units()) == 4
    assert not any(name.startswith("fc") for name in network.state_dict())


def test_it_starts_as_torchvision_s_does() -> None:
    theirs, ours = resnet18(weights=None).state_dict(), ImprovedResNet(PLAIN).state_dict()
    for name, weight in ours.items():
        if weight.ndim == 4 and name != "conv1.weight":
            assert weight.std().item() == pytest.approx(theirs[name].std().item(), rel=0.05), name
        elif weight.ndim == 1:
            assert torch.equal(weight, theirs[name]), name


def test_torchvision_s_weights_also_start_the_full_network() -> None:
    theirs = torchvision_resnet().state_dict()
    ours = ImprovedResNet()
    fresh = ours.load_torchvision(theirs)
    own = ours.state_dict()
    assert set(own) - set(fresh) == set(theirs)  # all of torchvision's found their place
    assert all(name == "bone.weight" or {"attention", "path", "pool"} & set(name.split(".")) for name in fresh)
    assert torch.equal(own["layer4.1.conv2.weight"], theirs["layer4.1.conv2.weight"])
    assert torch.equal(own["layer2.0.downsample.1.running_var"], theirs["layer2.0.downsample.1.running_var"])
    torch.testing.assert_close(own["conv1.weight"], theirs["conv1.weight"].sum(1, keepdim=True))


def test_weights_of_another_width_are_left_out_by_name() -> None:
    network = ImprovedResNet(replace(SMALL, bones=0))
    before = {k: v.clone() for k, v in network.state_dict().items()}
    theirs = torchvision_resnet().state_dict()
    fresh = network.load_torchvision(theirs)
    counters = {k for k in theirs if k.endswith("num_batches_tracked")}  # the same at any width
    assert set(fresh) == before.keys() - counters
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())


@every_combination
def test_parameter_count(shuffle_attention: bool, attention_residual: bool, dual_pooling: bool) -> None:
    options = ResNetOptions(
        shuffle_attention=shuffle_attention,
        attention_residual=attention_residual,
        dual_pooling=dual_pooling,
        groups=8,
        bones=13,
    )
    expected = PLAIN_COUNT + BONES_COUNT
    expected += shuffle_attention * SHUFFLE_ATTENTION_COUNT
    expected += attention_residual * ATTENTION_RESIDUAL_COUNT
    expected += dual_pooling * DUAL_POOLING_COUNT
    assert parameters_of(options) == expected


def test_parameter_counts_in_numbers() -> None:
    assert parameters_of(PLAIN) == 11_170_240
    assert (SHUFFLE_ATTENTION_COUNT, BONES_COUNT) == (720, 832)
    assert parameters_of(ResNetOptions()) == 11_170_240 + 832 + 720 + ATTENTION_RESIDUAL_COUNT + 524_800


def test_blocks_of_resnet34() -> None:
    # torchvision's ResNet-34 has 21,797,672 parameters
    assert parameters_of(replace(PLAIN, blocks=(3, 4, 6, 3))) == 21_797_672 - 513_000 - 6_272


@every_combination
def test_every_combination_runs_and_learns(
    shuffle_attention: bool, attention_residual: bool, dual_pooling: bool
) -> None:
    torch.manual_seed(0)
    options = replace(
        SMALL,
        shuffle_attention=shuffle_attention,
        attention_residual=attention_residual,
        dual_pooling=dual_pooling,
    )
    network = ImprovedResNet(options)
    modules = {name.split(".")[-1] for name, _ in network.named_modules()}
    assert ("attention" in modules, "path" in modules, "reduce" in modules) == (
        shuffle_attention,
        attention_residual,
        dual_pooling,
    )
    crops, bones = torch.rand(3, 1, 64, 64), torch.tensor([0, 1, 2])
    for stage in (network, moved(network)):  # as it starts, and with no scale at zero
        stage.zero_grad()
        features = stage(crops, bones)
        assert features.shape == (3, 8 * 16)
        assert network.features == 8 * 16
        (features * torch.randn(3, 128)).sum().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


@pytest.mark.parametrize("side", [65, 96])
def test_sizes_of_the_stages(side: int) -> None:
    network = ImprovedResNet(SMALL).eval()
    seen: list[tuple[int, ...]] = []
    for stage in network.stages():
        stage.register_forward_hook(lambda _module, _given, output: seen.append(tuple(output.shape)))
    network(torch.rand(1, 1, side, side), torch.tensor([0]))
    sides = {65: (17, 9, 5, 3), 96: (24, 12, 6, 3)}[side]
    assert seen == [(1, 16 * 2**i, length, length) for i, length in enumerate(sides)]


def test_attention_path_gates_the_branch_and_not_the_shortcut() -> None:
    torch.manual_seed(0)
    unit = ImprovedResNet(SMALL).eval().layer1[0]
    assert isinstance(unit, ResidualUnit) and unit.path is not None and unit.path.pointwise.bias is not None
    with torch.no_grad():
        unit.path.pointwise.bias.fill_(-100.0)  # the gate is shut
    x = torch.rand(1, 16, 8, 8)
    torch.testing.assert_close(unit(x), x)


def test_shuffle_attention_stands_at_the_end_of_the_branch() -> None:
    torch.manual_seed(0)
    unit = ImprovedResNet(replace(SMALL, attention_residual=False)).eval().layer1[0]
    assert isinstance(unit, ResidualUnit) and unit.attention is not None
    with torch.no_grad():
        unit.attention.channel_scale.normal_()
    x = torch.rand(1, 16, 8, 8)
    branch = unit.bn2(unit.conv2(unit.bn1(unit.conv1(x)).relu()))
    torch.testing.assert_close(unit(x), (unit.attention(branch) + x).relu())


def outputs_of_bones(network: nn.Module) -> list[Tensor]:
    crop = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    network.eval()
    with torch.no_grad():
        return [network(crop, torch.tensor([bone])) for bone in range(SMALL.bones)]


def test_untrained_network_sees_all_bones_alike() -> None:
    torch.manual_seed(0)
    first, second, third = outputs_of_bones(ImprovedResNet(SMALL))
    assert torch.equal(first, second) and torch.equal(first, third)


def test_trained_network_tells_bones_apart() -> None:
    torch.manual_seed(0)
    for one, other in itertools.combinations(outputs_of_bones(moved(ImprovedResNet(SMALL))), 2):
        assert (one - other).abs().max() > 1e-3


def test_each_crop_of_a_batch_has_its_own_bone() -> None:
    torch.manual_seed(0)
    network = moved(ImprovedResNet(SMALL))
    apart = torch.cat(outputs_of_bones(network))
    crop = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together = network(crop.expand(3, 1, 64, 64), torch.arange(3))
    torch.testing.assert_close(together, apart, atol=1e-4, rtol=1e-4)


def test_missing_bones_are_refused() -> None:
    with pytest.raises(ValueError, match="bone number"):
        ImprovedResNet(SMALL)(torch.rand(1, 1, 64, 64))


def test_network_of_one_region_needs_no_bones() -> None:
    network = ImprovedResNet(replace(SMALL, bones=0)).eval()
    assert network.bone is None
    assert network(torch.rand(1, 1, 64, 64)).shape == (1, 128)


def test_gates_start_as_asked() -> None:
    for open_gates in (False, True):
        for unit in ImprovedResNet(replace(SMALL, open_gates=open_gates)).units():
            assert unit.attention is not None
            for scale in (unit.attention.channel_scale, unit.attention.spatial_scale):
                assert (scale == float(open_gates)).all()
            for shift in (unit.attention.channel_shift, unit.attention.spatial_shift):
                assert (shift == float(not open_gates)).all()


def test_width_that_the_groups_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match=r"16 channels .* 16 groups"):
        ImprovedResNet(replace(SMALL, groups=16))


OTHER = ResNetOptions(
    width=24,
    blocks=(3, 4, 6, 3),
    shuffle_attention=False,
    attention_residual=False,
    dual_pooling=False,
    groups=3,
    bones=0,
    open_gates=True,
)


def test_other_differs_from_the_default_in_every_option() -> None:
    assert all(getattr(OTHER, field.name) != getattr(ResNetOptions(), field.name) for field in fields(ResNetOptions))


@pytest.mark.parametrize("options", [ResNetOptions(), OTHER])
def test_options_survive_a_weight_file_s_header(options: ResNetOptions) -> None:
    header = options.to_metadata()
    assert all(isinstance(value, str) for value in header.values())
    assert ResNetOptions.from_metadata(header | {"made_by": "another program"}) == options


def test_options_missing_from_a_header_keep_their_default() -> None:
    assert ResNetOptions.from_metadata({}) == ResNetOptions()
    assert ResNetOptions.from_metadata({"width": "32"}) == ResNetOptions(width=32)


@pytest.mark.parametrize("header", [{"width": "wide"}, {"blocks": "2,2,2"}])
def test_header_that_is_no_network_s_is_refused(header: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        ResNetOptions.from_metadata(header)
