"""The weights' registry: what is written comes back, whatever is wrong is said, and what ships is what is listed."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import nn

from models import WEIGHTS
from models.bone_grader import BoneGrader, OrdinalScale
from models.hand_localizer import HandLocalizer
from models.improved_resnet import ResNetOptions
from models.registry import (
    INDEX,
    INTERVALS,
    WeightsError,
    load_grader,
    load_intervals,
    load_localizer,
    load_whole_hand,
    read_weights,
    register,
    register_intervals,
)
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions

OPTIONS = ResNetOptions(width=8, blocks=(1, 1, 1, 1), groups=2, bones=2)
HEADER = OPTIONS.to_metadata() | {"spread_years": "0.5"}
MOST_BYTES = 10 * 2**20


def shipped() -> dict[str, Any]:
    """The index of the weights that ship with the program; empty before the first release of weights."""
    path = WEIGHTS / INDEX
    index: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return index


def grader(options: ResNetOptions = OPTIONS) -> BoneGrader:
    torch.manual_seed(0)
    return BoneGrader(OrdinalScale(torch.tensor([[2.0, 5.0, 9.0], [7.0, torch.nan, torch.nan]])), options).eval()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one registered grader."""
    register("grader", grader(), HEADER, tmp_path)
    return tmp_path


def rewrite(folder: Path, content: bytes) -> None:
    """Puts `content` in place of the grader and makes the index believe it."""
    (folder / "grader.safetensors").write_bytes(content)
    index = {"grader": {"file": "grader.safetensors", "sha256": hashlib.sha256(content).hexdigest()}}
    (folder / INDEX).write_text(json.dumps(index))


def refusal(error: pytest.ExceptionInfo[WeightsError], *naming: str) -> None:
    """The message is whole sentences and names what it is about."""
    message = str(error.value)
    assert re.fullmatch(r"[A-Z].*\.", message, re.DOTALL), message
    for name in naming:
        assert name in message


def test_grader_comes_back_as_it_was(folder: Path) -> None:
    written = grader()
    network, weights = load_grader(folder=folder)
    assert not network.training
    assert network.trunk.options == OPTIONS
    assert network.grades.tolist() == [3, 1]
    content = (folder / "grader.safetensors").read_bytes()
    assert weights.sha256 == hashlib.sha256(content).hexdigest()
    assert (weights.name, weights.file, weights.metadata) == ("grader", "grader.safetensors", HEADER)
    loaded = network.state_dict()
    for name, value in written.state_dict().items():
        exact = not value.is_floating_point() or value.numel() <= 1024
        tolerance = 0.0 if exact else 2**-10  # larger tensors are kept in half precision
        torch.testing.assert_close(loaded[name], value, atol=1e-6 if tolerance else 0, rtol=tolerance)
    crops, bones = torch.rand(2, 1, 64, 64), torch.tensor([0, 1])
    with torch.no_grad():
        torch.testing.assert_close(network(crops, bones), written(crops, bones), atol=0.01, rtol=0)
        torch.testing.assert_close(network.cuts(), written.cuts())


def test_statistics_come_back_too(tmp_path: Path) -> None:
    network = grader().train()
    network(torch.rand(4, 1, 64, 64), torch.tensor([0, 1, 0, 1]))
    register("grader", network, HEADER, tmp_path)
    loaded, _ = load_grader(folder=tmp_path)
    ours, theirs = loaded.trunk.bn1.running_mean, network.trunk.bn1.running_mean
    assert ours is not None and theirs is not None
    assert torch.equal(ours, theirs) and ours.any()


def test_localizer_comes_back_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    written = HandLocalizer().eval()
    sha256 = register("localizer", written, {}, tmp_path)
    network, loaded_sha256 = load_localizer(folder=tmp_path)
    assert loaded_sha256 == sha256 and not network.training
    film = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        for ours, theirs in zip(network(film), written(film), strict=True):
            torch.testing.assert_close(ours, theirs, atol=0.05, rtol=0.01)
    assert (tmp_path / "localizer.safetensors").stat().st_size <= MOST_BYTES


def test_read_weights_are_in_single_precision(folder: Path) -> None:
    tensors = read_weights("grader", folder).tensors
    assert {v.dtype for v in tensors.values()} == {torch.float32, torch.int64}  # the grades are whole numbers
    assert not any(k.endswith("num_batches_tracked") for k in tensors)


def test_registering_again_replaces_and_leaves_the_others(folder: Path) -> None:
    before = read_weights("grader", folder).sha256
    other = register("other", grader(), HEADER, folder)
    network = grader()
    with torch.no_grad():
        network.head.bias.fill_(1.0)
    after = register("grader", network, HEADER, folder)
    assert before != after
    assert read_weights("grader", folder).sha256 == after
    assert read_weights("other", folder).sha256 == other


def test_another_hash_is_refused(folder: Path) -> None:
    path = folder / "grader.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError) as error:
        read_weights("grader", folder)
    refusal(error, "grader.safetensors", hashlib.sha256(content).hexdigest()[:12])


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "grader.safetensors").unlink()
    with pytest.raises(WeightsError) as error:
        read_weights("grader", folder)
    refusal(error, "grader.safetensors")
    assert str(folder) not in str(error.value)  # the page shows the message: a server's folders are its own affair


@pytest.mark.parametrize("damage", ["empty", "short", "text", "header"])
def test_damaged_file_is_named(folder: Path, damage: str) -> None:
    content = (folder / "grader.safetensors").read_bytes()
    rewrite(
        folder,
        {
            "empty": b"",
            "short": content[: len(content) // 2],
            "text": b"<!DOCTYPE html><title>404</title>",
            "header": content[:8] + b"x" * 40 + content[48:],
        }[damage],
    )
    with pytest.raises(WeightsError) as error:
        read_weights("grader", folder)
    refusal(error, "grader.safetensors")


def test_unknown_name_is_told_the_known_ones(folder: Path) -> None:
    register("other", grader(), HEADER, folder)
    with pytest.raises(WeightsError) as error:
        read_weights("grading", folder)
    refusal(error, "'grading'", INDEX, "grader, other")


def test_unknown_name_in_an_empty_index(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("{}")
    with pytest.raises(WeightsError) as error:
        load_localizer(folder=tmp_path)
    refusal(error, "'localizer'", "none")


@pytest.mark.parametrize("content", [None, "{", "[]", '{"grader": "a"}', '{"grader": {"file": "grader.safetensors"}}'])
def test_unreadable_index_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / INDEX).write_text(content)
    with pytest.raises(WeightsError) as error:
        read_weights("grader", tmp_path)
    refusal(error, INDEX)
    assert str(tmp_path) not in str(error.value)


def test_grader_s_weights_are_no_localizer_s(folder: Path) -> None:
    with pytest.raises(WeightsError) as error:
        load_localizer("grader", folder)
    refusal(error, "grader.safetensors")


@pytest.mark.parametrize("network", [nn.Linear(3, 3), nn.Conv2d(1, 1, 3)])
def test_other_weights_are_no_grader_s(tmp_path: Path, network: nn.Module) -> None:
    register("grader", network, HEADER, tmp_path)
    with pytest.raises(WeightsError) as error:
        load_grader(folder=tmp_path)
    refusal(error, "grader.safetensors")


@pytest.mark.parametrize(
    "options",
    [
        replace(OPTIONS, width=16),  # same names, other shapes
        replace(OPTIONS, blocks=(2, 1, 1, 1)),  # names missing
        replace(OPTIONS, dual_pooling=False),  # names too many
    ],
)
def test_weights_that_do_not_fit_their_header_are_refused(tmp_path: Path, options: ResNetOptions) -> None:
    register("grader", grader(), options.to_metadata(), tmp_path)
    with pytest.raises(WeightsError) as error:
        load_grader(folder=tmp_path)
    refusal(error, "grader.safetensors")


@pytest.mark.parametrize("header", [{"width": "wide"}, {"blocks": "1,1"}, {"groups": "3"}])
def test_header_of_no_network_is_refused(tmp_path: Path, header: dict[str, str]) -> None:
    register("grader", grader(), HEADER | header, tmp_path)
    with pytest.raises(WeightsError) as error:
        load_grader(folder=tmp_path)
    refusal(error, "grader.safetensors")


def test_localizer_of_other_regions_is_refused(tmp_path: Path) -> None:
    register("localizer", HandLocalizer(regions=13), {}, tmp_path)
    with pytest.raises(WeightsError) as error:
        load_localizer(folder=tmp_path)
    refusal(error, "localizer.safetensors")


def test_one_tensor_too_few_is_refused(folder: Path) -> None:
    weights = read_weights("grader", folder)
    del weights.tensors["log_steepness"]
    rewrite(folder, save(weights.tensors, weights.metadata))
    with pytest.raises(WeightsError) as error:
        load_grader(folder=folder)
    refusal(error, "grader.safetensors", "1 tensors are missing")


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_file_is_the_listed_one(name: str) -> None:
    weights = read_weights(name)  # checks the hash
    assert (WEIGHTS / weights.file).stat().st_size <= MOST_BYTES
    assert all(v.isfinite().all() for v in weights.tensors.values() if v.is_floating_point())


def test_shipped_files_are_all_listed_and_each_has_a_card() -> None:
    files = {path.name for path in WEIGHTS.glob("*.safetensors")}
    assert files == {entry["file"] for entry in shipped().values()}
    cards = {path.name for path in WEIGHTS.glob("*.md") if path.read_text().strip()}
    assert {f"{Path(file).stem}.md" for file in files} <= cards


@pytest.mark.skipif(not shipped(), reason=f"no {INDEX} yet: no weights have been released")
def test_shipped_networks_load() -> None:
    load_localizer()
    load_grader()
    assert load_whole_hand() is not None


def test_no_second_opinion_is_none_and_one_without_its_weight_is_told(folder: Path) -> None:
    assert load_whole_hand(folder=folder) is None
    network = WholeHandNetwork()
    register("whole_hand", network, {}, folder)
    with pytest.raises(WeightsError, match=r"whole_hand\.safetensors lacks its weight"):
        load_whole_hand(folder=folder)
    register("whole_hand", network, {"weight": "0.35"}, folder)
    loaded = load_whole_hand(folder=folder)
    assert loaded is not None and loaded[1].metadata["weight"] == "0.35"
    assert loaded[0].options == WholeHandOptions(), "a file that does not say so is EfficientNet's"
    for name, value in loaded[0].state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[name], atol=1e-3, rtol=1e-2, check_dtype=False)


def test_a_whole_hand_s_network_is_built_as_its_header_says(folder: Path) -> None:
    options = WholeHandOptions("resnet", height=256, width=16)
    register("whole_hand", WholeHandNetwork(options), {**options.to_metadata(), "weight": "0.5"}, folder)
    loaded = load_whole_hand(folder=folder)
    assert loaded is not None and loaded[0].options == options
    for wrong in ({"encoder": "vgg"}, {"height": "200"}, {"width": "wide"}, {"blocks": "2,2"}):
        header = {**options.to_metadata(), "weight": "0.5", **wrong}
        register("whole_hand", WholeHandNetwork(options), header, folder)
        with pytest.raises(WeightsError, match="describes no network that can be built"):
            load_whole_hand(folder=folder)
    register("whole_hand", WholeHandNetwork(options), {"weight": "0.5"}, folder)
    with pytest.raises(WeightsError, match="belongs to another network"):
        load_whole_hand(folder=folder)


def test_intervals_are_for_the_weights_that_they_were_set_for(tmp_path: Path) -> None:
    register_intervals(9.6, {"grader": "a" * 64}, tmp_path)
    assert load_intervals({"grader": "a" * 64}, tmp_path) == 9.6
    for others in ({"grader": "b" * 64}, {"grader": "a" * 64, "whole_hand": "c" * 64}):
        with pytest.raises(WeightsError, match=r"set for other weights .* `python -m core train intervals`\."):
            load_intervals(others, tmp_path)


@pytest.mark.parametrize("content", [None, "{}", "[1]", '{"scatter_months": "wide", "weights": {}}'])
def test_intervals_that_cannot_be_read(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / INTERVALS).write_text(content)
    with pytest.raises(WeightsError, match=r"intervals\.json cannot be read; fetch the repository again\."):
        load_intervals({"grader": "a" * 64}, tmp_path)
