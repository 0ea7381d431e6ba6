"""The grader's training material."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.cohort.crop_store import GROUP_BONES, HandCrops, cut_films, to_levels
from core.cohort.films import DataFolderError, Film
from core.cohort.hand_windows import cut_hands
from core.film.radiograph import read_radiograph
from core.hand.crops import CONTEXT_SIDE
from core.hand.hand import Hand
from core.hand.localizer import Localizer
from models import registry
from tests.hands import Assess, Example, shipped_examples
from tests.no_hands import noise


def test_levels() -> None:
    assert to_levels(np.array([0.0, 0.5, 1.0], np.float32)).tolist() == [0, 128, 255]


def test_hands_are_stored_and_read_back(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    hands = HandCrops(
        crops=random.integers(0, 256, (2, 13, 8, 8), np.uint8),
        found=random.random((2, 13)) < 0.5,
        months=np.array([100.5, 20.0], np.float32),
        female=np.array([0, 1]),
        ids=np.array(["a", "007"]),
    )
    hands.save(tmp_path / "hands.npz")
    again = HandCrops.load(tmp_path / "hands.npz")
    assert len(again) == 2
    for name in HandCrops.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(hands, name))


def test_films_are_cut_and_refused_ones_left_out(
    assessor: Assessor, example: Example, assessed: Assess, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), to_levels(noise()))
    films = [
        Film("noise", tmp_path / "noise.png", "M", 50.0, "train"),
        Film("hand", example.path, "F", 120.0, "train"),
    ]
    hands = cut_films(films, assessor.localizer)
    assert hands.ids.tolist() == ["hand"] and hands.months.tolist() == [120.0] and hands.female.tolist() == [1]
    assert hands.crops.shape == (1, 13, CONTEXT_SIDE, CONTEXT_SIDE) and hands.crops.dtype == np.uint8
    assert hands.found.all()
    crops = Hand(read_radiograph(example.path), assessed(example).localization).crops
    for place, bone in enumerate(RUS_BONES):
        np.testing.assert_allclose(hands.crops[0, place] / 255, crops[bone], atol=0.01)


def test_groups_cover_every_bone_once() -> None:
    assert sorted(bone for bones in GROUP_BONES.values() for bone in bones) == sorted(RUS_BONES)


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
