"""The training on the full set, very short, on the example hands."""

import dataclasses
import functools
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.assessment.grading.grader import starting_cuts
from core.cohort.crop_store import HandCrops, cut_films, no_graded_crops, to_levels
from core.cohort.exemplar_frame import EXEMPLARS_KEY
from core.cohort.films import DataFolderError, Film
from core.cohort.hand_windows import cut_hands
from core.hand.localizer import Localizer
from core.training import full_set, programs
from core.training.device import CPU
from core.training.full_set import check_ready, full_set_recipe, make_all
from core.training.grader import GraderRecipe
from core.training.loop import TimeLimit
from core.training.programs import make_whole_hand
from core.training.sources import GraderSources, GradingMaterial, HandSources
from core.training.whole_hand import Stage, WholeHandRecipe
from models import registry
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from models.whole_hand_network import WholeHandNetwork
from tests.graded import crops_of_hands
from tests.hands import shipped_examples, write_boxes
from tests.no_hands import noise

RECIPE = dataclasses.replace(full_set_recipe(hands=2, epochs=1), options=ResNetOptions(width=16, groups=2))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three example hands as a folder of labelled films."""
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    for example, split in zip(shipped_examples()[:3], ("train", "train", "val"), strict=True):
        shutil.copy(example.path, folder)
        rows.append((example.path.stem, example.path.name, example.sex, 12 * example.age_years, split))
    columns = ["id", "file", "sex", "bone_age_months", "split"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "labels.csv", index=False)
    return folder


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that takes the new weights instead of the one that ships."""
    folder = tmp_path / "weights"
    monkeypatch.setattr(programs, "register", functools.partial(registry.register, folder=folder))
    monkeypatch.setattr(programs, "unregister", functools.partial(registry.unregister, folder=folder))
    monkeypatch.setattr(programs, "register_intervals", functools.partial(registry.register_intervals, folder=folder))
    monkeypatch.setattr(programs, "load_grader", functools.partial(registry.load_grader, folder=folder))
    monkeypatch.setattr(programs, "load_whole_hands", functools.partial(registry.load_whole_hands, folder))
    return folder


def test_the_step_and_the_learning_rate_grow_together() -> None:
    usual, full = GraderRecipe(), full_set_recipe()
    assert full.hands == 4 * usual.hands and full.learning_rate == pytest.approx(2 * usual.learning_rate)
    assert full_set_recipe(hands=usual.hands).learning_rate == usual.learning_rate
    same = dataclasses.replace(full, hands=usual.hands, learning_rate=usual.learning_rate, epochs=usual.epochs)
    assert same == usual, "nothing else differs"


def test_without_boxes_all_but_the_localizer_is_trained(data: Path, weights: Path, tmp_path: Path) -> None:
    assert make_all(data, tmp_path / "run", RECIPE, CPU) is False
    network, file = registry.load_grader(folder=weights)
    assert set(path.name for path in weights.glob("*.safetensors")) == {"grader.safetensors", "whole_hand.safetensors"}
    second = registry.load_whole_hand(folder=weights)
    assert second is not None
    pair = {"grader": file.sha256, "whole_hand": second[1].sha256}
    assert registry.load_intervals(pair, weights) > 0
    assert 0 <= float(second[1].metadata["weight"]) <= 0.7
    assert all(tensor.isfinite().all() for tensor in second[0].state_dict().values())
    assert all(tensor.isfinite().all() for tensor in network.state_dict().values())
    assert len(HandCrops.load(tmp_path / "run/grader/crops_train.npz")) == 2
    (weights / registry.INTERVALS).unlink()
    setting = programs.make_intervals(data, tmp_path / "run/grader")
    assert registry.load_intervals(pair, weights) == setting.scatter_months, "of the same pair, as it was"
    log = (tmp_path / "run/grader/log.jsonl").read_text()
    assert make_all(data, tmp_path / "run", RECIPE, CPU) is False
    assert (tmp_path / "run/grader/log.jsonl").read_text() == log, "a finished run is taken up, not made anew"
    again, file_again = registry.load_grader(folder=weights)
    assert file_again.metadata == file.metadata
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, atol=1e-6, rtol=1e-5, msg=name)


def test_networks_of_several_seeds_give_the_second_opinion_together(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "load_grader", registry.load_grader)
    run, sources = tmp_path / "run", HandSources(data)
    for count in (1, 2, 3):
        stages = (Stage(128 if count == 1 else 256, 1, 2, 1e-3, 0.5, 1.0),)
        make_whole_hand(sources, run, WholeHandRecipe("resnet", stages, count), "none", TimeLimit(None))
        shipped = registry.load_whole_hands(weights)
        assert tuple(shipped) == registry.WHOLE_HANDS[:count]
        hashes = {name: file.sha256 for name, (_, file) in shipped.items()}
        assert len(set(hashes.values())) == count
        assert len({file.metadata["weight"] for _, file in shipped.values()}) == 1, "an equal share each"
        registry.load_intervals({"grader": registry.load_grader()[1].sha256, **hashes}, weights)  # set for these
    with pytest.raises(DataFolderError, match="has 3 networks already, and 3 can give the second opinion together"):
        make_whole_hand(sources, run, WholeHandRecipe("resnet", stages, 4), "none", TimeLimit(None))
    assert tuple(registry.load_whole_hands(weights)) == registry.WHOLE_HANDS, "nothing was lost"


def test_with_boxes_the_localizer_comes_first(
    data: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, Any]] = []
    monkeypatch.setattr(programs, "make_localizer", lambda *args: steps.append(("localizer", args)))
    monkeypatch.setattr(programs, "make_grader", lambda *args: steps.append(("grader", args)))
    monkeypatch.setattr(programs, "make_whole_hand", lambda *args, **named: steps.append(("second opinion", args)))
    write_boxes(data, [("x", "Radius", 1, 2, 3, 4)])
    assert make_all(data, tmp_path / "run", RECIPE, CPU, workers=3) is True
    assert [name for name, _ in steps] == ["localizer", "grader", "second opinion"]
    assert steps[0][1] == (data, tmp_path / "run/localizer", 9600, 4800, CPU, full_set._MOST_UNBOXED)
    assert steps[1][1] == (GraderSources(data, None), tmp_path / "run/grader", RECIPE, ANY, None, CPU, 3)


def test_a_folder_of_exemplars_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing\. Point at a folder"):
        check_ready(tmp_path / "none")
    check_ready(None)


def test_a_new_grader_is_without_the_opinion_on_the_old_one(weights: Path) -> None:
    registry.register("whole_hand", WholeHandNetwork(), {"weight": "0.4"}, weights)
    hands = crops_of_hands(1)
    grader = BoneGrader(OrdinalScale(starting_cuts()), RECIPE.options)
    programs.register_grader(grader, GradingMaterial(hands, hands, no_graded_crops()), RECIPE)
    assert registry.load_whole_hand(folder=weights) is None
    assert registry.load_intervals({"grader": registry.load_grader(folder=weights)[1].sha256}, weights) > 0
    assert registry.load_grader(folder=weights)[1].metadata[EXEMPLARS_KEY] == "none"


def test_several_processes_cut_the_same_crops() -> None:
    films = [Film(e.path.stem, e.path, e.sex, 100.0, "train") for e in shipped_examples()[:2]]
    localizer = Localizer(registry.load_localizer()[0])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        one = cut_films(films, localizer)
    finally:
        torch.set_num_threads(before)
    two = cut_films(films, localizer, workers=2)
    for name in HandCrops.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(two, name), getattr(one, name))


def test_films_without_a_hand_are_no_training_set(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), to_levels(noise()))
    localizer = Localizer(registry.load_localizer()[0])
    with pytest.raises(DataFolderError, match="No hand was recognised on any of the 1 films"):
        cut_films([Film("noise", tmp_path / "noise.png", "M", 50.0, "train")], localizer)
    with pytest.raises(DataFolderError, match="No hand was recognised on any of the 2 films"):
        cut_hands(
            [Film(name, tmp_path / f"{name}.png", "M", 50.0, "train") for name in ("noise", "missing")], localizer, 200
        )


def test_more_hands_are_learned_from_where_their_films_are_fine_enough(data: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    fine, coarse, known = shipped_examples()[3], shipped_examples()[4], shipped_examples()[0]
    rows = []
    for example, scale in ((fine, 1.0), (coarse, 0.4), (known, 1.0)):
        with Image.open(example.path) as picture:
            size = (round(picture.width * scale), round(picture.height * scale))
            picture.resize(size).save(more / example.path.name)
        rows.append((example.path.stem, example.path.name, example.sex, 12 * example.age_years, "train"))
    table = pd.DataFrame(rows, columns=["id", "file", "sex", "bone_age_months", "split"])
    table.to_csv(more / "labels.csv", index=False)
    material = GraderSources(data, None, more).material(tmp_path / "run")
    assert material.train.ids.tolist() == [*(e.path.stem for e in shipped_examples()[:2]), fine.path.stem]
    table[table.id == coarse.path.stem].to_csv(more / "labels.csv", index=False)
    with pytest.raises(DataFolderError, match="500 pixels high or more"):
        GraderSources(data, None, more).material(tmp_path / "again")
