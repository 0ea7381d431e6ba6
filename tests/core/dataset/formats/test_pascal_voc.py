"""Pascal VOC files: round trip, counting from 1, and what is refused, hostile XML above all."""

import time
from pathlib import Path

import pytest

from core.dataset.formats import pascal_voc
from core.dataset.labels import OUTLINE, BadLabels
from core.film.box import Box
from tests.stored_films import bare, labelled_films, only_boxed

_FILE = """<annotation><filename>a.png</filename><size><width>240</width><height>320</height></size>
<object><name>{name}</name><bndbox><xmin>{xmin}</xmin><ymin>1</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>{grade}</object>
</annotation>"""


def _file(folder: Path, name: str = "Radius", xmin: object = 11, grade: str = "<grade>9</grade>") -> Path:
    (folder / "a.xml").write_text(_FILE.format(name=name, xmin=xmin, grade=grade), encoding="utf-8")
    return folder


def test_round_trip(tmp_path: Path) -> None:
    films = labelled_films()
    with pascal_voc.Writer(tmp_path / "voc") as writer:
        for film in films:
            writer.add(film)
    expected = sorted(only_boxed(films), key=lambda film: film.file)
    assert bare(pascal_voc.read(tmp_path / "voc")) == bare(expected, digits=0)
    text = (tmp_path / "voc" / "b é.xml").read_text(encoding="utf-8")
    assert "<xmin>11</xmin>" in text and "<ymax>90</ymax>" in text and ".0<" not in text


@pytest.mark.parametrize(
    "grade",
    ["<grade>9</grade>", "<attributes><attribute><name>grade</name><value>9</value></attribute></attributes>"],
)
def test_pixels_count_from_1(tmp_path: Path, grade: str) -> None:
    (film,) = pascal_voc.read(_file(tmp_path, grade=grade))
    (said,) = film.labels
    assert (film.file, said.bone, said.grade, said.box) == ("a.png", "Radius", 9, Box(10.0, 0.0, 30.0, 40.0))


@pytest.mark.parametrize(
    "said",
    [
        "<robndbox><cx>60</cx><cy>50</cy><w>40</w><h>20</h><angle>1.5707963268</angle></robndbox>",
        "<attributes><attribute><name>rotation</name><value>90.0</value></attribute></attributes>",
    ],
)
def test_of_a_turned_box_the_outline_is_taken_and_said(tmp_path: Path, said: str) -> None:
    (tmp_path / "a.xml").write_text(
        "<annotation><filename>a.png</filename><object><name>Radius_9</name><bndbox><xmin>41</xmin><ymin>41</ymin>"
        f"<xmax>80</xmax><ymax>60</ymax></bndbox>{said}</object></annotation>"
    )
    (film,) = pascal_voc.read(tmp_path)
    (label,) = film.labels
    assert label.box is not None and label.box.is_near(Box(50.0, 30.0, 70.0, 70.0), 1e-6)
    assert label.remark == OUTLINE


def test_the_grade_behind_the_name_and_a_box_counted_from_0(tmp_path: Path) -> None:
    (film,) = pascal_voc.read(_file(tmp_path, name="MIPFifth_4", xmin=0, grade="") / "a.xml")
    (said,) = film.labels
    assert (said.bone, said.grade, said.box) == ("MP5", 4, Box(0.0, 0.0, 30.0, 40.0))


@pytest.mark.parametrize(
    ("name", "xmin", "grade", "sentence"),
    [
        ("Femur", 1, "<grade>9</grade>", "'Femur' is not known"),
        ("", 1, "<grade>9</grade>", "is not known"),
        ("Radius", 1, "", "Radius has no grade"),
        ("Radius", 1, "<grade>15</grade>", "Radius has the grades .*, not 15"),
        ("Radius", 31, "<grade>9</grade>", "has no area"),
        ("Radius", "left", "<grade>9</grade>", "not four numbers"),
        ("Radius", 1, "<grade>9</grade><robndbox><cx>x</cx></robndbox>", "rotated box is not made of numbers"),
        ("Radius", 1, "<grade>9</grade></object><object><name>Radius</name><grade>9</grade>", "boxed twice"),
    ],
)
def test_bad_objects(tmp_path: Path, name: str, xmin: object, grade: str, sentence: str) -> None:
    with pytest.raises(BadLabels, match=sentence) as caught:
        pascal_voc.read(_file(tmp_path, name, xmin, grade))
    assert str(caught.value).startswith("a.xml, object ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<annotation>", "not XML"),
        ("", "not XML"),
        ("<html></html>", "outermost element must be annotation"),
        ("<annotation></annotation>", "there is no filename"),
        ('<?xml version="1.0" encoding="no-such"?><annotation/>', "not XML"),
    ],
)
def test_what_is_no_voc(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "a.xml").write_text(content, encoding="utf-8")
    with pytest.raises(BadLabels, match=sentence):
        pascal_voc.read(tmp_path)


def test_an_empty_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="no XML files"):
        pascal_voc.read(tmp_path)
    with pytest.raises(BadLabels, match="cannot be read"):
        pascal_voc.read(tmp_path / "missing.xml")


def test_entities_are_refused_unread(tmp_path: Path) -> None:
    """A file from outside the folder, a web address, and a billion laughs."""
    secret = tmp_path / "secret.txt"
    secret.write_text("Radius")
    laughs = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
    heads = (
        f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
        f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}<!ENTITY e "&l9;">]>',
    )
    for head in heads:
        (tmp_path / "a.xml").write_text(head + _FILE.format(name="&e;", xmin=1, grade="<grade>9</grade>"))
        started = time.monotonic()
        with pytest.raises(BadLabels, match="document type or entities"):
            pascal_voc.read(tmp_path)
        assert time.monotonic() - started < 1
