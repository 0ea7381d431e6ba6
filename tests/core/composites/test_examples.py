"""The list of examples."""

import json
from pathlib import Path

import pytest

from core.composites.examples import read_examples
from core.errors import BoneGradeError


def _write(folder: Path, **changes: object) -> None:
    entry = {"file": "girl.png", "sex": "F", "age_years": 8, "title": "Girl, 8 years"} | changes
    (folder / "examples.json").write_text(json.dumps([entry]))


def test_without_the_folder_there_are_no_examples(tmp_path: Path) -> None:
    assert read_examples(tmp_path / "none") == []


def test_examples_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "girl.png").touch()
    _write(tmp_path)
    (example,) = read_examples(tmp_path)
    assert (example.path, example.sex, example.age_years) == (tmp_path / "girl.png", "F", 8.0)
    assert example.title == "Girl, 8 years"
    assert example.caption == "Girl, 8 y"


def test_a_list_that_names_no_file_or_no_sex_is_refused(tmp_path: Path) -> None:
    _write(tmp_path)
    with pytest.raises(BoneGradeError, match=r"girl\.png"):
        read_examples(tmp_path)
    (tmp_path / "girl.png").touch()
    _write(tmp_path, sex="girl")
    with pytest.raises(BoneGradeError, match="'M' or 'F'"):
        read_examples(tmp_path)
