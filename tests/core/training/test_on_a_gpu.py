"""Training on a GPU, without one: forward passes and losses on PyTorch's fake tensors, which have a shape and a device but no
values, and refuse to mix two devices."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from core.assessment.grading.grader import _grid, starting_cuts
from core.cohort.crop_store import GradedCrops
from core.cohort.hand_windows import HandWindows
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from core.training.grader import score_road
from core.training.grader import training as grader_training
from core.training.grader.ages import AgeThroughGrades
from core.training.grader.guidance import _bands, guided
from core.training.grader.losses import step_losses
from core.training.grader.recipe import GraderRecipe
from core.training.localizer import training as localizer_training
from core.training.localizer.boxed_films import BoxedFilm
from core.training.localizer.samples import batch_of, hand_sample
from core.training.material.augment import random_hand_views, random_views
from core.training.whole_hand import training as whole_hand
from core.training.whole_hand.recipe import Stage, whole_hand_recipe
from models.bone_grader import BoneGrader, OrdinalScale
from models.hand_localizer import HandLocalizer
from models.improved_resnet import ResNetOptions
from models.whole_hand_network import Encoder, WholeHandNetwork, WholeHandOptions
from tests.graded import crops_of_hands
from tests.hands import drawn_hand, write_data_folder

GPU = torch.device("cuda", 0)
HANDS = crops_of_hands(4)
WINDOWS = HandWindows(
    windows=np.zeros((2, 200, 200), np.uint8),
    months=np.array([60, 90], np.float32),
    female=np.array([0, 1]),
    ids=np.array(["1", "2"]),
)
EXEMPLARS = GradedCrops(np.zeros((3, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8), np.arange(3), np.arange(1, 4))
FEW = np.arange(2)
NONE = np.arange(0)
#: Autocast says that there is no GPU, and goes on in float32.
NO_CUDA = "ignore:CUDA is not available"


@pytest.fixture(autouse=True)
def _no_fake_tensor_is_kept() -> Iterator[None]:
    """What the program keeps for the next who asks, as the test found it."""
    for kept in (_grid, _bands):
        kept.cache_clear()
    yield
    for kept in (_grid, _bands):
        kept.cache_clear()


def _model() -> AgeThroughGrades:
    options = ResNetOptions(width=16, groups=2)
    return AgeThroughGrades(BoneGrader(OrdinalScale(starting_cuts()), options))


def _on_gpu(model: torch.nn.Module) -> None:
    """What `Module.to` would do; it cannot replace real tensors by fake ones."""
    for module in model.modules():
        for tensors in (module._parameters, module._buffers):
            for name, tensor in tensors.items():
                if tensor is not None:
                    moved = tensor.detach().to(GPU)
                    tensors[name] = torch.nn.Parameter(moved) if isinstance(tensor, torch.nn.Parameter) else moved


def test_two_devices_in_one_sum_are_noticed() -> None:
    with FakeTensorMode(), pytest.raises(RuntimeError, match="same device"):
        torch.ones(3, device=GPU) + torch.ones(3)


def test_views_stay_on_the_device() -> None:
    with FakeTensorMode():
        views = random_views(torch.zeros(5, 1, CONTEXT_SIDE, CONTEXT_SIDE, device=GPU), torch.Generator())
        windows = [torch.zeros(2, 1, side, side, device=GPU) for side in (400, 200)]
        hands = random_hand_views(windows, 128, torch.Generator())
    assert views.device == GPU and views.shape == (5, 1, CROP_SIDE, CROP_SIDE)
    assert hands.device == GPU and hands.shape == (4, 1, 128, 96)


@pytest.mark.parametrize("drawn", [FEW, NONE], ids=["exemplars", "no exemplars"])
@pytest.mark.filterwarnings(NO_CUDA)
def test_a_step_of_the_grader(drawn: np.ndarray) -> None:
    model = _model()
    with FakeTensorMode(allow_non_fake_inputs=True):
        _on_gpu(model)
        attentions = guided(model.grader)
        losses = step_losses(model, HANDS, FEW, EXEMPLARS, drawn, torch.Generator(), 0.5, attentions)
    assert {loss.device for loss in losses.values()} == {GPU} and len(losses) == 4


@pytest.mark.filterwarnings(NO_CUDA)
def test_the_grader_is_measured_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of `validate` but the reading of its figures: a fake tensor has none."""
    model = _model()
    with FakeTensorMode(allow_non_fake_inputs=True):
        _on_gpu(model)
        monkeypatch.setattr(torch.Tensor, "item", lambda tensor: float(tensor.device == GPU))
        measured = grader_training.validate(model.eval(), HANDS)
    assert set(measured.values()) == {1.0}, "every figure comes from the GPU"


@pytest.mark.filterwarnings(NO_CUDA)
def test_the_score_road_is_fitted_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    grader = _model().grader
    with FakeTensorMode(allow_non_fake_inputs=True):
        _on_gpu(grader)
        monkeypatch.setattr(torch.Tensor, "item", lambda tensor: float(tensor.device == GPU))
        monkeypatch.setattr(torch.Tensor, "backward", lambda loss: None)  # PyTorch's own work, and it needs a real GPU
        for exemplars in (EXEMPLARS, GradedCrops(EXEMPLARS.crops[:0], NONE, NONE)):
            recipe = score_road.ScoreRoadRecipe(views=2, steps=2)
            assert score_road.fit_score_road(grader, HANDS, exemplars, recipe) == 1.0


@pytest.mark.filterwarnings(NO_CUDA)
@pytest.mark.parametrize("encoder", ["resnet", "efficientnet_lite0"])
def test_the_whole_hand_is_measured_on_the_device(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    network = WholeHandNetwork(WholeHandOptions(encoder))
    seen: list[torch.device] = []
    asked = WholeHandNetwork.forward

    def forward(of: WholeHandNetwork, views: torch.Tensor, female: torch.Tensor) -> torch.Tensor:
        seen.extend((views.device, female.device))
        return asked(of, views, female)

    with FakeTensorMode(allow_non_fake_inputs=True):
        _on_gpu(network)
        monkeypatch.setattr(WholeHandNetwork, "forward", forward)
        monkeypatch.setattr(torch.Tensor, "item", lambda tensor: 0.0)  # a fake tensor has no figures to read
        whole_hand.validate(network.eval(), WINDOWS)
    assert set(seen) == {GPU} and len(seen) == 4


@pytest.mark.filterwarnings(NO_CUDA)
def test_a_step_of_the_localizer() -> None:
    random = np.random.default_rng(0)
    grey, boxes = drawn_hand()
    batch = batch_of([hand_sample(BoxedFilm(grey, boxes), 64, random) for _ in range(2)])
    network = HandLocalizer()
    with FakeTensorMode(allow_non_fake_inputs=True):
        _on_gpu(network)
        losses = localizer_training._losses(network, {name: part.to(GPU) for name, part in batch.items()})
    assert {loss.device for loss in losses.values()} == {GPU}


class Seen(Exception):
    """Ends a training at its first step."""


def _at_the_first_step(devices: set[torch.device]) -> Callable[..., dict[str, torch.Tensor]]:
    """In place of a step's losses: keeps where the network and its material are."""

    def look(model: torch.nn.Module, *material: Any) -> dict[str, torch.Tensor]:
        devices.update(tensor.device for tensor in model.state_dict().values())
        devices.update(tensor.device for part in material if isinstance(part, dict) for tensor in part.values())
        raise Seen

    return look


def test_all_trainings_put_their_network_on_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = torch.device("meta")
    devices: set[torch.device] = set()
    monkeypatch.setattr(grader_training, "step_losses", _at_the_first_step(devices))
    recipe = GraderRecipe(epochs=1, hands=2, exemplars=2, options=ResNetOptions(width=16, groups=2))
    with pytest.raises(Seen):
        grader_training.train_grader(HANDS, HANDS, EXEMPLARS, tmp_path / "grader", recipe, meta)
    monkeypatch.setattr(localizer_training, "_losses", _at_the_first_step(devices))
    data = write_data_folder(tmp_path / "data", 2)
    small = localizer_training.LocalizerRecipe(samples=2, batch=2, side=64)
    with pytest.raises(Seen):
        localizer_training.train_localizer(data, tmp_path / "run", small, teacher=HandLocalizer(), device=meta)
    assert devices == {meta}

    def look(training: whole_hand._Training, stage: Stage, *drawing: Any) -> torch.Tensor:
        devices.update(tensor.device for tensor in training._network.state_dict().values())
        drawn = training._groups[0]
        devices.update({drawn.windows.device, drawn.female.device, drawn.years.device})
        raise Seen

    devices.clear()
    monkeypatch.setattr(whole_hand, "validate", lambda *given: {})  # it reads figures, which meta tensors have none of
    monkeypatch.setattr(whole_hand._Training, "_loss", look)
    with pytest.raises(Seen):
        recipe = whole_hand_recipe("resnet", 128, 1)
        whole_hand.train_whole_hand([WINDOWS], WINDOWS, tmp_path / "whole", recipe, device=meta)
    assert devices == {meta}
