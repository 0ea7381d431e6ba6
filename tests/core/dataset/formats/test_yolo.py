"""YOLO text files: round trip, files of other programs, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.dataset.formats import yolo
from core.dataset.labels import OUTLINE, BadLabels
from core.film.box import Box
from tests.stored_films import labelled_films


def _folder(folder: Path, *lines: str, names: str = "Radius_7\nUlna\n\nMCPThird_4\nRadius_8\n") -> Path:
    (folder / "classes.txt").write_text(names)
    (folder / "labels" / "train").mkdir(parents=True)
    (folder / "labels" / "train" / "a.txt").write_text("\n".join(lines) + "\n")
    return folder


def test_round_trip_and_the_names_of_the_classes(tmp_path: Path) -> None:
    first, second = labelled_films()
    with yolo.Writer(tmp_path / "yolo") as writer:
        writer.add(replace(first, split="train"))
        writer.add(replace(second, split="test"))
    assert "1: Radius_1" in (tmp_path / "yolo" / "data.yaml").read_text()
    read = {film.file: film for film in yolo.read(tmp_path / "yolo")}
    assert set(read) == {"b é", "a"} and all(film.fractions for film in read.values())
    for film in (first, second):
        expected = [(s.bone, s.grade, s.box) for s in film.labels if s.box is not None and s.grade is not None]
        got = read[Path(film.file).stem].labels
        assert [(s.bone, s.grade) for s in got] == [(bone, grade) for bone, grade, _ in expected]
        for said, (_, _, box) in zip(got, expected, strict=True):
            assert said.box is not None and film.width and film.height
            xmin, ymin, xmax, ymax = said.box
            again = Box(xmin * film.width, ymin * film.height, xmax * film.width, ymax * film.height)
            assert again.is_near(box, 1e-5)


def test_a_file_of_another_program_with_corners_and_sureness(tmp_path: Path) -> None:
    lines = ("0 0.5 0.5 0.2 0.1 0.93", "", "2 0.4 0.5 0.5 0.4 0.6 0.5 0.5 0.6")
    (film,) = yolo.read(_folder(tmp_path, *lines))
    assert [(s.bone, s.grade, s.remark) for s in film.labels] == [("Radius", 7, ""), ("MC3", 4, OUTLINE)]
    for said, box in zip(film.labels, (Box(0.4, 0.45, 0.6, 0.55), Box(0.4, 0.4, 0.6, 0.6)), strict=True):
        assert said.box is not None and said.box.is_near(box, 1e-12)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("9 0.5 0.5 0.1 0.1", "the class 9 has no name"),
        ("1 0.5 0.5 0.1 0.1", "Ulna has no grade"),
        ("0 0.5 0.5 0 0.1", "has no area"),
        ("0 0.5 left 0.1 0.1", "not made of numbers"),
        ("0 0.5 0.5", "neither a box nor corners"),
        ("0 0.5 0.5 0.1 0.1\n3 0.5 0.5 0.1 0.1", "Radius is boxed twice"),
    ],
)
def test_bad_lines(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(BadLabels, match=sentence) as caught:
        yolo.read(_folder(tmp_path, line))
    assert str(caught.value).startswith("a.txt, line ")


def test_what_is_no_yolo(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="this is not a folder"):
        yolo.read(tmp_path / "missing")
    with pytest.raises(BadLabels, match="no names of classes"):
        yolo.read(tmp_path)
    (tmp_path / "data.yaml").write_text("nc: 3\n")
    with pytest.raises(BadLabels, match="no list of names"):
        yolo.read(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [Radius_7]\n")
    with pytest.raises(BadLabels, match="no text files"):
        yolo.read(tmp_path)
