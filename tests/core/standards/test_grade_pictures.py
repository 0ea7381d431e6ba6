"""The shipped pictures of the grades."""

import json
from importlib import resources
from typing import Any

import cv2
import numpy as np
import pytest

from core.bones import RUS_BONES
from core.composites.grade_pictures import WITHHELD
from core.composites.hand_average import LEAST_HANDS
from core.standards import grade_count
from core.standards.grade_pictures import grade_picture

GRADES = [(bone, grade) for bone in RUS_BONES for grade in range(grade_count(bone) + 1)]


def _index() -> dict[str, Any]:
    index: dict[str, Any] = json.loads(
        resources.files("core").joinpath("data", "grade_pictures", "index.json").read_text()
    )
    return index


def test_every_picture_is_of_several_children_and_can_be_read() -> None:
    children = {(entry["bone"], entry["grade"]): entry["children"] for entry in _index()["pictures"]}
    shown = 0
    for bone, grade in GRADES:
        content = grade_picture(bone, grade)
        if content is None:
            assert children[bone, grade] < LEAST_HANDS or (bone, grade) in WITHHELD
            continue
        shown += 1
        assert (bone, grade) not in WITHHELD
        assert children[bone, grade] >= LEAST_HANDS
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None and picture.shape[0] == picture.shape[1] >= 96 and picture.std() > 20
    assert shown >= 100, "most grades have a picture"


def test_the_index_names_every_file_and_no_film() -> None:
    folder = resources.files("core").joinpath("data", "grade_pictures")
    index = _index()
    assert set(index) == {"weights", "pictures"}
    assert [(entry["bone"], entry["grade"]) for entry in index["pictures"]] == GRADES
    named = {entry["file"] for entry in index["pictures"]} - {None}
    assert named == {file.name for file in folder.iterdir() if file.name.endswith(".webp")}


@pytest.mark.parametrize(("bone", "grade"), [("MC2", 1), ("Radius", 15), ("Radius", -1)])
def test_what_there_is_not_is_refused(bone: str, grade: int) -> None:
    with pytest.raises(ValueError, match=r"bone|grades"):
        grade_picture(bone, grade)
