"""The program that makes the pictures of the grades, on drawn bones and a grader that sees one and the same age."""

import copy
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.assessment.grading.grader import Grader
from core.bones import RUS_BONES
from core.cohort.crop_store import HandCrops
from core.cohort.films import DataFolderError
from core.composites.crop_average import PICTURE_SIDE
from core.composites.grade_pictures import INDEX, WITHHELD, PictureEntry, make_grade_pictures, near_grade
from core.composites.hand_average import LEAST_HANDS
from core.hand.crops import CONTEXT_SIDE
from core.hand.localizer import Localizer
from core.standards import grade_count
from models.hand_localizer import HandLocalizer

HANDS = 10
HASHES = {"localizer": "ab" * 32, "grader": "cd" * 32}


@pytest.fixture(scope="module")
def grader(small_grader: Grader) -> Grader:
    """A grader that takes every crop for ten years old."""
    network = copy.deepcopy(small_grader.network)
    torch.nn.init.zeros_(network.head.weight)
    return Grader(network)


def drawn_crop(seed: int) -> NDArray[np.uint8]:
    """A bright shaft, each a little aside, on noise."""
    random = np.random.default_rng(seed)
    picture = random.normal(60, 6, (CONTEXT_SIDE, CONTEXT_SIDE))
    left = 55 + seed % 5
    picture[70:, left : left + 30] += 120
    picture[50:64, left - 3 : left + 33] += 140
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.0), 0, 255).astype(np.uint8)


def make(folder: Path, grader: Grader, found: dict[str, range]) -> dict[tuple[str, int], PictureEntry]:
    """Runs the program on crops of HANDS hands, on each of which only the bones in whose range it is were found."""
    crops = np.zeros((HANDS, len(RUS_BONES), CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
    seen = np.zeros((HANDS, len(RUS_BONES)), bool)
    for bone, hands in found.items():
        for hand in hands:
            crops[hand, RUS_BONES.index(bone)] = drawn_crop(hand)
            seen[hand, RUS_BONES.index(bone)] = True
    ids = np.array([f"film-{number}" for number in range(HANDS)])
    months, female = np.full(HANDS, 120, np.float32), np.zeros(HANDS, np.int64)
    (folder / "run").mkdir(parents=True)
    HandCrops(crops=crops, found=seen, months=months, female=female, ids=ids).save(folder / "run/crops_train.npz")
    entries = make_grade_pictures(folder, folder / "out", Localizer(HandLocalizer()), grader, HASHES, folder / "run")
    return {(entry.bone, entry.grade): entry for entry in entries}


def test_enough_children_make_a_picture_and_too_few_an_entry_that_says_so(grader: Grader, tmp_path: Path) -> None:
    made = make(tmp_path, grader, {"Radius": range(HANDS), "Ulna": range(LEAST_HANDS - 1)})
    assert list(made) == [(bone, grade) for bone in RUS_BONES for grade in range(grade_count(bone) + 1)]
    pictures = [entry for entry in made.values() if entry.file is not None]
    assert pictures and {entry.bone for entry in pictures} == {"Radius"}
    for entry in pictures:
        assert entry.children == HANDS and entry.bones == ("Radius",)
        picture = cv2.imread(str(tmp_path / "out" / str(entry.file)), cv2.IMREAD_GRAYSCALE)
        assert picture is not None and picture.shape == (PICTURE_SIDE, PICTURE_SIDE) and picture.std() > 20
    ulna = [entry.children for entry in made.values() if entry.bone == "Ulna"]
    assert max(ulna) == LEAST_HANDS - 1, "as many as there are, and no picture"


def test_the_index_says_what_was_made_from_what_and_names_no_film(grader: Grader, tmp_path: Path) -> None:
    made = make(tmp_path, grader, {"Radius": range(HANDS)})
    text = (tmp_path / "out" / INDEX).read_text()
    index = json.loads(text)
    assert index["weights"] == HASHES and "film" not in text
    assert [(e["bone"], e["grade"], e["children"], e["file"]) for e in index["pictures"]] == [
        (e.bone, e.grade, e.children, e.file) for e in made.values()
    ]
    files = {path.name for path in (tmp_path / "out").glob("*.webp")}
    assert files == {entry.file for entry in made.values()} - {None}


def test_what_an_earlier_run_left_is_gone(grader: Grader, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/Ulna_03.webp").write_bytes(b"of other weights")
    make(tmp_path, grader, {})
    assert [path.name for path in (tmp_path / "out").iterdir()] == [INDEX]


def test_a_bone_with_too_few_children_takes_those_of_its_like(grader: Grader, tmp_path: Path) -> None:
    made = make(tmp_path, grader, {"MC3": range(5), "MC5": range(5, HANDS)})
    entry = next(entry for entry in made.values() if entry.bone == "MC3" and entry.file is not None)
    assert entry.children == HANDS and entry.bones == ("MC3", "MC5")


def test_two_bones_of_one_child_are_one_child(grader: Grader, tmp_path: Path) -> None:
    made = make(tmp_path, grader, {"MC3": range(5), "MC5": range(5)})
    assert all(entry.file is None and entry.children <= 5 for entry in made.values())


def test_what_would_mislead_is_withheld(grader: Grader, tmp_path: Path) -> None:
    very_young = copy.deepcopy(grader)
    torch.nn.init.constant_(very_young.network.head.bias, -5.0)
    made = make(tmp_path, very_young, {"Radius": range(HANDS), "PP1": range(HANDS)})
    withheld, shown = made["Radius", 0], made["PP1", 0]
    assert ("Radius", 0) in WITHHELD and withheld.withheld and withheld.file is None and withheld.children == HANDS
    assert not shown.withheld and shown.file == "PP1_00.webp"


def test_without_data_it_says_what_to_bring(grader: Grader, tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing"):
        make_grade_pictures(tmp_path, tmp_path / "out", Localizer(HandLocalizer()), grader, HASHES)
    assert not (tmp_path / "out").exists()


def test_the_nearest_to_a_grades_centre_come_first() -> None:
    probabilities = np.array([[0.1, 0.9, 0.0], [0.7, 0.3, 0.0], [0.4, 0.6, 0.0], [0.9, 0.1, 0.0], [0.0, 0.0, 0.0]])
    assert near_grade(probabilities, 1).tolist() == [0, 2, 1]
    assert near_grade(probabilities, 0).tolist() == [3, 1, 2]
    assert near_grade(probabilities, 2).tolist() == []
