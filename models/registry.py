"""Loads the shipped weights by name, checks them against their index, and gives their hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from models import WEIGHTS
from models.bone_grader import BoneGrader, OrdinalScale
from models.hand_localizer import HandLocalizer
from models.improved_resnet import ResNetOptions
from models.whole_hand_network import WholeHandNetwork, WholeHandOptions

#: name -> {"file", "sha256"}: what ships.
INDEX = "registry.json"
#: Names under which networks that look at the whole hand may be registered: the second opinion is theirs together.
WHOLE_HANDS = ("whole_hand", "whole_hand_2", "whole_hand_3")
#: The setting that makes the 90 % intervals hold, and the hashes of the weights it was set for.
INTERVALS = "intervals.json"


class WeightsError(Exception):
    """A weight file is missing, damaged or of another network; the message says which and what to do."""


@dataclass(frozen=True)
class WeightFile:
    """One checked weight file: tensors in float32, the header's metadata, and the SHA-256 of its bytes (hex)."""

    name: str
    file: str
    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    sha256: str


def _index(folder: Path) -> dict[str, dict[str, str]]:
    try:
        index = json.loads((folder / INDEX).read_text()).items()
        return {name: {key: str(entry[key]) for key in ("file", "sha256")} for name, entry in index}
    except (OSError, ValueError, AttributeError, TypeError, KeyError) as error:
        raise WeightsError(f"The list of weights {INDEX} cannot be read; fetch the repository again.") from error


def is_registered(name: str, folder: Path = WEIGHTS) -> bool:
    """Whether the index has weights of this name. Raises WeightsError where it cannot be read."""
    return name in _index(folder)


def read_weights(name: str, folder: Path = WEIGHTS) -> WeightFile:
    """The weights registered under `name`. Raises WeightsError where they are not what the index says."""
    index = _index(folder)
    if name not in index:
        known = ", ".join(sorted(index)) or "none"
        raise WeightsError(f"No weights are registered as {name!r} in {INDEX}; there are: {known}.")
    entry = index[name]
    path = folder / entry["file"]
    if not path.is_file():
        raise WeightsError(f"The weight file {path.name} is missing; fetch the repository again.")
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != entry["sha256"]:
        raise WeightsError(
            f"The weight file {path.name} is not the one that was released: its SHA-256 is {sha256[:12]}..., the index "
            f"says {entry['sha256'][:12]}.... Fetch the file again, or register yours with `models.registry.register`."
        )
    return _parse(name, path.name, content, sha256)


def _parse(name: str, file: str, content: bytes, sha256: str) -> WeightFile:
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, ValueError) as error:
        raise WeightsError(
            f"The weight file {file} is not a readable safetensors file; fetch the file again."
        ) from error
    metadata = {str(k): str(v) for k, v in header.get("__metadata__", {}).items()}
    return WeightFile(
        name, file, {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}, metadata, sha256
    )


def register(name: str, network: nn.Module, metadata: dict[str, str], folder: Path = WEIGHTS) -> str:
    """Writes a network's weights, enters them in the index, and returns their SHA-256 (hex).

    Tensors of more than 1024 values are written in half precision, batch counters not at all.
    """
    tensors = {
        k: (v.half() if v.is_floating_point() and v.numel() > 1024 else v).contiguous()
        for k, v in network.state_dict().items()
        if not k.endswith("num_batches_tracked")
    }
    content = save(tensors, metadata)
    sha256 = hashlib.sha256(content).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    file = f"{name}.safetensors"
    (folder / file).write_bytes(content)
    index_path = folder / INDEX
    index = json.loads(index_path.read_text()) if index_path.is_file() else {}
    index[name] = {"file": file, "sha256": sha256}
    index_path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return sha256


def unregister(name: str, folder: Path = WEIGHTS) -> None:
    """Takes weights out of the index, if they are in it; their file stays."""
    index_path = folder / INDEX
    index = json.loads(index_path.read_text()) if index_path.is_file() else {}
    if index.pop(name, None) is not None:
        index_path.write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")


def _fill(network: nn.Module, weights: WeightFile) -> None:
    own, given = (
        {k: v.shape for k, v in tensors.items() if not k.endswith("num_batches_tracked")}
        for tensors in (network.state_dict(), weights.tensors)
    )
    reshaped = [k for k in own.keys() & given.keys() if own[k] != given[k]]
    if reshaped or own.keys() != given.keys():
        raise WeightsError(
            f"The weight file {weights.file} belongs to another network: {len(own.keys() - given.keys())} tensors are "
            f"missing, {len(given.keys() - own.keys())} unknown and {len(reshaped)} of another shape. "
            "Fetch the repository again, or train this network again."
        )
    network.load_state_dict(weights.tensors, strict=False)
    network.eval()


def load_localizer(name: str = "localizer", folder: Path = WEIGHTS) -> tuple[HandLocalizer, str]:
    """The hand localiser and its weights' SHA-256. Raises WeightsError where they are missing, damaged or another network's."""
    weights = read_weights(name, folder)
    network = HandLocalizer()
    _fill(network, weights)
    return network, weights.sha256


def load_grader(name: str = "grader", folder: Path = WEIGHTS) -> tuple[BoneGrader, WeightFile]:
    """The grading network and its weight file. Raises WeightsError as load_localizer does."""
    weights = read_weights(name, folder)
    scale = weights.tensors.get("cut_steps")
    if scale is None or scale.ndim != 2:
        raise WeightsError(
            f"The weight file {weights.file} holds no ordinal scale, so it is no grader's; fetch the repository again."
        )
    cuts = torch.arange(scale.shape[1] + 1.0).repeat(scale.shape[0], 1)
    try:
        network = BoneGrader(OrdinalScale(cuts), ResNetOptions.from_metadata(weights.metadata))
    except ValueError as error:
        raise _not_described(weights, error) from error
    _fill(network, weights)
    return network, weights


def load_whole_hand(name: str = "whole_hand", folder: Path = WEIGHTS) -> tuple[WholeHandNetwork, WeightFile] | None:
    """A network of the second opinion and its weight file, whose metadata hold its weight in the bone age; None where none is
    registered under this name. Raises WeightsError as load_localizer does."""
    if not is_registered(name, folder):
        return None
    weights = read_weights(name, folder)
    if "weight" not in weights.metadata:
        raise WeightsError(
            f"The header of the weight file {weights.file} lacks its weight; fetch the repository again."
        )
    try:
        network = WholeHandNetwork(WholeHandOptions.from_metadata(weights.metadata))
    except ValueError as error:
        raise _not_described(weights, error) from error
    _fill(network, weights)
    return network, weights


def load_whole_hands(folder: Path = WEIGHTS) -> dict[str, tuple[WholeHandNetwork, WeightFile]]:
    """All networks of the second opinion that are registered, by name, in the order of WHOLE_HANDS; see load_whole_hand."""
    loaded = {name: load_whole_hand(name, folder) for name in WHOLE_HANDS}
    return {name: one for name, one in loaded.items() if one is not None}


def _not_described(weights: WeightFile, error: ValueError) -> WeightsError:
    return WeightsError(
        f"The header of the weight file {weights.file} describes no network that can be built ({error}); "
        "fetch the repository again."
    )


def register_intervals(scatter_months: float, weights: Mapping[str, str], folder: Path = WEIGHTS) -> None:
    """Keeps the setting of the intervals (core.assessment.records.IntervalSetting) with the weights that it was made for
    (SHA-256 by name): the grader, and the networks of the second opinion where there are any."""
    document = {"scatter_months": scatter_months, "weights": dict(weights)}
    (folder / INTERVALS).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def load_intervals(weights: Mapping[str, str], folder: Path = WEIGHTS) -> float:
    """The scatter in months as `register_intervals` kept it. Raises WeightsError where it is missing or was set for other
    weights."""
    try:
        document = json.loads((folder / INTERVALS).read_text())
        scatter, known = float(document["scatter_months"]), document["weights"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WeightsError(
            f"The setting of the intervals {INTERVALS} cannot be read; fetch the repository again."
        ) from error
    if known != dict(weights):
        raise WeightsError(
            f"The intervals ({INTERVALS}) were set for other weights than those registered: set them again with "
            "`python -m core train intervals`."
        )
    return scatter
