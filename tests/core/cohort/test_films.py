"""Reading a folder of labelled films."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.bones import ALL_BONES
from core.cohort.films import (
    DataFolderError,
    film_height,
    read_boxes,
    read_films,
    read_grey,
    read_table,
    training_films,
)
from tests.hands import write_boxes, write_data_folder


def test_films_of_a_split_and_of_all(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 3)
    films = read_films(data)
    assert [film.id for film in films] == ["h0", "h1", "h2"]
    assert [film.sex for film in films] == ["M", "F", "M"]
    assert [film.bone_age_months for film in films] == [60.0, 72.0, 84.0]
    assert films[0].path == data / "images" / "0.png" and films[0].path.is_file()
    assert [film.id for film in read_films(data, "val")] == ["h2"]
    with pytest.raises(
        DataFolderError, match=r"No film of .*labels\.csv is in the split test; there are: train, val\."
    ):
        read_films(data, "test")


def test_a_table_without_splits_is_all_of_every_split(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,file,sex,bone_age_months\n007,a.png,F,100\n")
    (film,) = read_films(tmp_path, "val")
    assert (film.id, film.split, film.bone_age_months) == ("007", "", 100.0), "an id keeps its zeros"


def test_a_missing_folder_or_column(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing\. Point at a folder with labels\.csv"):
        read_films(tmp_path / "none")
    (tmp_path / "labels.csv").write_text("id,sex,split\n1,F,val\n")
    with pytest.raises(DataFolderError, match="no column bone_age_months, file"):
        read_films(tmp_path)


def test_training_wants_its_splits_apart(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 3)
    assert training_films(data, "train") == read_films(data, "train")
    (tmp_path / "labels.csv").write_text("id,file,sex,bone_age_months\n007,a.png,F,100\n")
    with pytest.raises(DataFolderError, match=r"no column split: say train or val for each film"):
        training_films(tmp_path, "val")


@pytest.mark.parametrize("age", ["", "ten", "0", "-3", "inf"])
def test_an_age_that_is_none(tmp_path: Path, age: str) -> None:
    (tmp_path / "labels.csv").write_text(f"id,file,sex,bone_age_months\n1,a.png,F,100\n2,b.png,F,{age}\n")
    with pytest.raises(DataFolderError, match=r"no age in months for film 2"):
        read_films(tmp_path)


def test_a_table_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    for content, message in (
        (b"", "not a table that can be read"),
        (b'a,b\n1,2,3\n4\n"', "not a table that can be read"),
        (b"id,other\n", "has no column file"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataFolderError, match=message):
            read_table(path, ("id", "file"), "")
    path.write_text("id,file,sex,bone_age_months\n")
    with pytest.raises(DataFolderError, match="names no film"):
        read_films(tmp_path)


def test_a_sex_that_no_table_has(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,file,sex,bone_age_months\n1,a.png,F,100\n2,b.png,girl,100\n")
    with pytest.raises(DataFolderError, match="M or F"):
        read_films(tmp_path)


def test_boxes(tmp_path: Path) -> None:
    assert read_boxes(tmp_path) == {}
    write_boxes(tmp_path, [("007", "MC3", 1, 2, 3, 4), ("007", "DP4", 5, 6, 7, 8), ("b", "Ulna", 0, 0, 1, 1)])
    boxes = read_boxes(tmp_path)
    assert set(boxes) == {"007", "b"} and boxes["007"].shape == (21, 4)
    assert boxes["007"][ALL_BONES.index("MC3")].tolist() == [1, 2, 3, 4]
    assert boxes["007"][ALL_BONES.index("DP4")].tolist() == [5, 6, 7, 8]
    assert np.isnan(boxes["007"]).all(1).sum() == 19


def test_a_corner_that_is_no_number(tmp_path: Path) -> None:
    write_boxes(tmp_path, [("007", "MC3", 1, 2, 3, "x")])
    with pytest.raises(DataFolderError, match=r"must give numbers in the columns xmin, ymin, xmax, ymax"):
        read_boxes(tmp_path)


def test_films_are_shrunk_and_never_enlarged(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    cv2.imwrite(str(path), np.full((200, 100), 77, np.uint8))
    small, factor = read_grey(path, 50)
    assert small.shape == (50, 25) and small.dtype == np.uint8 and factor == 0.25
    assert (small == 77).all()
    for side in (None, 400):
        whole, factor = read_grey(path, side)
        assert whole.shape == (200, 100) and factor == 1.0


def test_a_film_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"none\.png cannot be read"):
        read_grey(tmp_path / "none.png")


def test_the_height_of_a_film_is_read_off_its_file(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 1)
    (film,) = read_films(data)
    assert film_height(film) == cv2.imread(str(film.path)).shape[0] > 0
    film.path.write_bytes(b"no picture")
    assert film_height(film) == 0
