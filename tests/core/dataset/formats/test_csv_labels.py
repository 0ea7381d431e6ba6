"""CSV tables of labels: round trip, what may be left out, and what is refused."""

from pathlib import Path

import pytest

from core.dataset.formats import csv_labels
from core.dataset.labels import BadLabels
from tests.stored_films import bare, labelled_films


def _table(folder: Path, *rows: str) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_round_trip(tmp_path: Path) -> None:
    films = labelled_films()
    with csv_labels.Writer(tmp_path / "labels.csv") as writer:
        for film in films:
            writer.add(film)
    assert bare(csv_labels.read(tmp_path / "labels.csv")) == bare(films)


def test_as_spreadsheets_write_it(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes('file,bone,grade,comment\r\na.png,MCPFirst,5,"clear, sharp"\r\n'.encode("utf-8-sig"))
    (film,) = csv_labels.read(path)
    (said,) = film.labels
    assert (film.file, film.sex, film.width, said.bone, said.grade, said.box) == ("a.png", None, None, "MC1", 5, None)
    assert said.place == "row 2"


@pytest.mark.parametrize(
    ("rows", "place", "sentence"),
    [
        (["file,grade", "a.png,5"], "", "there is no column bone; add it"),
        (["file,bone", "a.png,MC3"], "", "no column grade or tw3_stage or verdict"),
        (["file,bone,grade", "a.png,MC3,5", "a.png,Femur,5"], "row 3", "the bone 'Femur' is not known"),
        (["file,bone,grade", "a.png,MC3,99"], "row 2", "Metacarpal III has the grades .*, not 99"),
        (["file,bone,grade", "a.png,MC3,5", "a.png,MC3,6"], "row 3", "MC3 of a.png has a row already"),
        (["file,bone,grade", ",MC3,5"], "row 2", "the column file is empty"),
        (["file,bone,grade", "a.png,MC3,5,6"], "row 2", "more values than columns"),
        (["file,bone,grade,sex", "a.png,MC3,5,X"], "row 2", "the column sex takes M or F"),
        (["file,bone,grade,sex", "a.png,MC3,5,M", "a.png,MC5,5,F"], "row 3", "the sex of a.png is not that of row 2"),
        (["file,bone,grade,width", "a.png,MC3,5,wide"], "row 2", "not a number of pixels"),
        (["file,bone,grade,xmin,ymin,xmax,ymax", "a.png,MC3,5,1,2,3,"], "row 2", "not four numbers"),
        (["file,bone,grade,xmin,ymin,xmax,ymax", "a.png,MC3,5,9,2,3,4"], "row 2", "has no area"),
    ],
)
def test_bad_rows(tmp_path: Path, rows: list[str], place: str, sentence: str) -> None:
    with pytest.raises(BadLabels, match=sentence) as caught:
        csv_labels.read(_table(tmp_path, *rows))
    assert caught.value.place == place
    assert str(caught.value).startswith("labels.csv")
    assert str(caught.value).endswith(".")


def test_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="cannot be read"):
        csv_labels.read(tmp_path / "missing.csv")
    picture = tmp_path / "picture.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe" * 50)
    with pytest.raises(BadLabels, match="The CSV cannot be read: save it as CSV"):
        csv_labels.read(picture)
