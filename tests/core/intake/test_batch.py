"""One batch of what was sent: which row belongs to which film, which sex each film gets, and what is not a batch."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from core.bones import Sex
from core.intake import BatchRefused, look_through, open_batch, take_in
from core.ledger import Consent, Ledger
from tests.core.intake.sent import ADA, PATIENT, film_bytes, make_zip, nobody, refused, send
from tests.films import dicom_file, dicom_film
from tests.hands import drawn_hand


def test_files_and_a_csv_become_films_with_sex_age_and_a_pseudonym(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path]
) -> None:
    taken = send(ledger, films, csv(f"file,id,sex,age_months\nb.png,{PATIENT},F,96\na.png,{PATIENT},M,\n"))
    assert [t.status for t in taken] == ["added", "added"]
    one, other = ledger.films()
    assert (one.sex, one.age_months, other.sex, other.age_months) == ("M", None, "F", 96.0)
    assert one.patient_key == other.patient_key != ""
    assert one.consent and one.source == "queue" and one.added_by == "ada"


def test_a_folder_of_folders_tells_equal_names_apart(
    ledger: Ledger, tmp_path: Path, csv: Callable[[str], Path]
) -> None:
    for number, folder in enumerate(("x", "y")):
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / "1.png").write_bytes(film_bytes(number))
    send(ledger, [tmp_path / "set"], csv("file,sex\nx/1.png,F\ny\\1.png,M\n"))
    assert [film.sex for film in ledger.films()] == ["F", "M"]
    with pytest.raises(BatchRefused, match="Line 2 of the CSV fits several films"):
        send(ledger, [tmp_path / "set"], csv("file,sex\n1.png,F\n"))


def test_the_chosen_sex_is_that_of_films_without_a_row(
    ledger: Ledger, films: list[Path], csv: Callable[[str], Path]
) -> None:
    send(ledger, films, csv("id,sex\nb,M\n"), "F")
    assert [film.sex for film in ledger.films()] == ["F", "M"]


def girl(number: int) -> bytes:
    """A DICOM film of a drawn hand whose header says that it shows a girl of nine years."""
    hand = drawn_hand(unit=60.0 + number)[0]
    return dicom_file(dicom_film(hand, 8 * hand.dtype.itemsize, PatientSex="F", PatientAge="009Y"))


def test_the_sex_that_a_file_states_is_taken_and_another_is_pointed_out(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "g.dcm").write_bytes(girl(0))
    for sex, said in ((None, ""), ("F", ""), ("M", "The file says F, and the sex was given as M")):
        with open_batch([tmp_path / "g.dcm"], sex=cast("Sex | None", sex)) as batch:
            assert [film.sex for film in batch.films] == [sex or "F"]
            (looked,) = look_through(batch, ledger, for_writing=False)
        assert looked.status == "new" and looked.sentence.startswith(said) and bool(looked.sentence) == bool(said)
    with open_batch([tmp_path / "g.dcm"], sex="M") as batch:
        (taken,) = take_in(batch, nobody(ledger), reader=ADA, consent=Consent())
    assert taken.film is not None and taken.film.age_months == 108 and "The file says F" in taken.sentence


def test_only_films_whose_sex_nobody_tells_have_none(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    (tmp_path / "g.dcm").write_bytes(girl(0))
    assert "One film has no sex" in refused(ledger, [films[0], tmp_path / "g.dcm"])


def test_films_without_a_sex_or_no_films_are_refused(ledger: Ledger, films: list[Path], tmp_path: Path) -> None:
    assert "2 films have no sex" in refused(ledger, films)
    (tmp_path / "notes.txt").write_text("x")
    assert "no films" in refused(ledger, [tmp_path / "notes.txt"])
    assert "no films" in refused(ledger, [])
    assert "several CSV" in refused(
        ledger, [make_zip(tmp_path / "z.zip", {"1.png": b"x", "1.csv": b"id,sex\n", "2.csv": b"id,sex\n"})]
    )
