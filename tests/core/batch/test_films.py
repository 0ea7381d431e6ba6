"""Which films a batch has, and what is wrong with a folder or a table before any film is read."""

from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from core.batch import BatchFilm, films_in
from core.batch.films import radiograph_of
from core.errors import UnreadableFilm
from core.film.radiograph import read_radiograph
from core.intake import BatchRefused
from tests.films import RAMP12, dicom_file, dicom_film
from tests.hands import Example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three films, one below, among what is no film."""
    films = tmp_path / "films"
    (films / "below").mkdir(parents=True)
    for name in ("b.png", "a.DCM", "below/1.2.840", ".DS_Store", "notes.txt", "below/.a.png"):
        (films / name).write_bytes(b"x")
    return films


def parquet(folder: Path, **columns: list[Any]) -> str:
    """A table beside the films."""
    path = folder / "films.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return str(path)


def test_a_folders_films_by_their_names(folder: Path) -> None:
    films = films_in(str(folder), "F", "left")
    assert [film.id for film in films] == ["a.DCM", "b.png", "below/1.2.840"]
    assert [film.path for film in films] == [str(folder / film.id) for film in films]
    assert {film.sex for film in films} == {"F"}


def test_a_csv_says_the_sexes(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sexes.csv").write_text("file,sex\na,boy\nbelow/1.2.840,f\n")
    assert [film.sex for film in films_in(str(folder), "F", "left", tmp_path / "sexes.csv")] == ["M", "F", "F"]
    with pytest.raises(BatchRefused, match="One film has no sex, and the file doesn't state it: say --sex"):
        films_in(str(folder), None, "left", tmp_path / "sexes.csv")


def test_a_film_that_nobody_says_the_sex_of_has_the_one_in_its_file(folder: Path) -> None:
    (folder / "a.DCM").write_bytes(dicom_file(dicom_film(RAMP12, PatientSex="M")))
    (folder / "b.png").unlink()
    assert [film.sex for film in films_in(parquet(folder, path=["a.DCM"]), None, "left")] == ["M"]
    assert [film.sex for film in films_in(str(folder), "F", "left")] == ["F", "F"]
    with pytest.raises(BatchRefused, match="One film has no sex, and the file doesn't state it: say --sex"):
        films_in(str(folder), None, "left")


def test_a_parquet_of_paths(folder: Path) -> None:
    elsewhere = str(folder.parent / "c.png")
    paths = ["b.png", elsewhere, "s3://store/d.png"]
    table = parquet(
        folder, path=paths, id=["one", None, "three"], sex=["Male", "F", None], hand=["left", "Right ", None]
    )
    films = films_in(table, "F", "left")
    assert films == [
        BatchFilm("one", str(folder / "b.png"), "M", "left"),
        BatchFilm(elsewhere, elsewhere, "F", "right"),
        BatchFilm("three", "s3://store/d.png", "F", "left"),
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"file": ["a"]}, "no column path"),
        ({"path": ["a", None]}, "Row 2 of .* has no path"),
        ({"path": []}, "names no film"),
        ({"path": ["a", "b"], "id": [7, 7]}, "Two films are called 7"),
        ({"path": ["a"], "sex": ["x"]}, "sex of film a could mean either"),
        ({"path": ["a"], "hand": ["L"]}, "hand of film a is neither left nor right"),
        ({"path": ["a", "b", "c"], "sex": ["M", None, ""]}, "2 films have no sex"),
    ],
)
def test_a_table_that_cannot_be_used(folder: Path, columns: dict[str, list[Any]], sentence: str) -> None:
    with pytest.raises(BatchRefused, match=sentence):
        films_in(parquet(folder, **columns), None if "sex" in columns else "M", "left")


def test_what_is_no_folder_and_no_table(folder: Path) -> None:
    (folder / "broken.parquet").write_bytes(b"PAR0")
    for source, sentence in (
        (folder / "none", "There is no folder and no .parquet file"),
        (folder / "b.png", "There is no folder and no .parquet file"),
        (folder / "broken.parquet", "is not a Parquet file"),
        ("nothing://films", "cannot be read"),
    ):
        with pytest.raises(BatchRefused, match=sentence):
            films_in(str(source), "M", "left")
    (folder / "empty").mkdir()
    with pytest.raises(BatchRefused, match="no films in the folder"):
        films_in(str(folder / "empty"), "M", "left")


def test_films_of_a_url(example: Example) -> None:
    store = fsspec.filesystem("memory")
    store.pipe("/films/hand.png", example.path.read_bytes())
    (film,) = films_in("memory://films", "M", "left")
    assert film == BatchFilm("hand.png", "memory:///films/hand.png", "M", "left")
    assert radiograph_of(film).sha256 == read_radiograph(example.path).sha256
    store.rm("/films", recursive=True)
    with pytest.raises(UnreadableFilm, match="could not be fetched"):
        radiograph_of(film)
