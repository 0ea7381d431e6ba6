"""COCO files: round trip, files of other programs, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.bones import RUS_BONES
from core.dataset.formats import coco
from core.dataset.labels import OUTLINE, BadLabels
from core.film.box import Box
from tests.stored_films import bare, labelled_films, only_boxed


def _document() -> dict[str, Any]:
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": 240, "height": 320}],
        "categories": [{"id": 1, "name": "Radius"}, {"id": 2, "name": "MCPThird_6"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "bbox": [10, 20, 30.5, 40], "attributes": {"grade": 9}},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [50, 20, 30, 40]},
        ],
    }


def _write(folder: Path, document: object) -> Path:
    path = folder / "labels.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_round_trip(tmp_path: Path) -> None:
    films = labelled_films()
    with coco.Writer(tmp_path / "labels.json", "test") as writer:
        for film in films:
            writer.add(film)
    assert bare(coco.read(tmp_path / "labels.json"), digits=6) == bare(only_boxed(films), digits=6)


def test_what_is_written_is_coco(tmp_path: Path) -> None:
    """The fields that cocodataset.org asks for, with ids that fit together."""
    films = labelled_films()
    with coco.Writer(tmp_path / "labels.json", "test") as writer:
        for film in films:
            writer.add(film)
    document = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    assert [c["name"] for c in document["categories"]] == list(RUS_BONES)
    images = {image["id"]: image for image in document["images"]}
    assert len(images) == len(films)
    assert len({a["id"] for a in document["annotations"]}) == len(document["annotations"]) > 0
    for annotation in document["annotations"]:
        x, y, width, height = annotation["bbox"]
        image = images[annotation["image_id"]]
        assert 0 <= x < x + width <= image["width"] and 0 <= y < y + height <= image["height"]
        assert annotation["area"] == pytest.approx(width * height)
        assert annotation["iscrowd"] == 0
        assert annotation["category_id"] in range(1, 14)


def test_no_films_make_a_file_without_any(tmp_path: Path) -> None:
    with coco.Writer(tmp_path / "labels.json", "test"):
        pass
    assert coco.read(tmp_path / "labels.json") == []


@pytest.mark.parametrize(("degrees", "half"), [(90, (20.0, 15.25)), (270.0, (20.0, 15.25)), (180, (15.25, 20.0))])
def test_of_a_turned_box_the_outline_is_taken_and_said(
    tmp_path: Path, degrees: float, half: tuple[float, float]
) -> None:
    document = _document()
    document["annotations"][0]["attributes"]["rotation"] = degrees
    (film,) = coco.read(_write(tmp_path, document))
    box = film.labels[0].box
    assert box is not None
    assert box.is_near(Box(25.25 - half[0], 40 - half[1], 25.25 + half[0], 40 + half[1]), 1e-9)
    assert film.labels[0].remark == ("" if degrees == 180 else OUTLINE)


def test_a_file_of_another_program(tmp_path: Path) -> None:
    (film,) = coco.read(_write(tmp_path, _document()))
    assert [(s.bone, s.grade, s.box) for s in film.labels] == [
        ("Radius", 9, Box(10.0, 20.0, 40.5, 60.0)),
        ("MC3", 6, Box(50.0, 20.0, 80.0, 60.0)),
    ]


def _without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        del document[path[-1]]

    return change


def _with(value: object, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        (_without("annotations"), "", "no list 'annotations'"),
        (_with({}, "images"), "", "no list 'images'"),
        (_with([3], "images"), "", "no list 'images'"),
        (_without("images", 0, "file_name"), "images, no. 1", "there is no file_name"),
        (_without("categories", 0, "id"), "categories, no. 1", "missing or taken"),
        (_with(1, "categories", 1, "id"), "categories, no. 2", "missing or taken"),
        (_with("Femur", "categories", 0, "name"), "annotation 1", "'Femur' is not known"),
        (_with(8, "annotations", 0, "image_id"), "annotation 1", "image_id 8 is not among the images"),
        (_with([7], "annotations", 0, "image_id"), "annotation 1", "is not among the images"),
        (_with(8, "annotations", 0, "category_id"), "annotation 1", "category_id 8 is not among the categories"),
        (_with(15, "annotations", 0, "attributes", "grade"), "annotation 1", "Radius has the grades .*, not 15"),
        (_without("annotations", 0, "attributes"), "annotation 1", "Radius has no grade"),
        (_with([1, 2, 3], "annotations", 1, "bbox"), "annotation 2", "not four numbers"),
        (_with([1, 2, 3, 4, 30], "annotations", 1, "bbox"), "annotation 2", "a rotated box has five"),
        (_with([1, 2, 0, 3], "annotations", 1, "bbox"), "annotation 2", "has no area"),
        (_with([1, 2, float("nan"), 3], "annotations", 1, "bbox"), "annotation 2", "has no area"),
        (_with("1,2,3,4", "annotations", 1, "bbox"), "annotation 2", "not four numbers"),
        (_with("Radius_6", "categories", 1, "name"), "annotation 2", "Radius of a.png is boxed twice"),
        (_with("X", "images", 0, "sex"), "image 7", "use M or F"),
    ],
)
def test_bad_files(tmp_path: Path, change: Callable[[dict[str, Any]], None], place: str, sentence: str) -> None:
    document = _document()
    change(document)
    with pytest.raises(BadLabels, match=sentence) as caught:
        coco.read(_write(tmp_path, document))
    assert caught.value.place == place
    assert str(caught.value).startswith("labels.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_coco(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.json"
    path.write_bytes(content)
    with pytest.raises(BadLabels, match=r"not JSON|not a COCO"):
        coco.read(path)
