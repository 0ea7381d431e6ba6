"""Films, pictures and pseudonyms: what is kept, and what is not."""

import errno
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.commands.options import ledger_settings
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.keeping.backup import backup, restore
from core.ledger import Consent, DamagedStore, InvalidFilm, Ledger, LedgerSettings, UnknownFilm
from tests.films import RAMP12, RAMP16, dicom_file, dicom_film, file_of, identified_film, secrets_in
from tests.reading_room import ReadingRoom


def _film(levels: int = 255, seed: int = 0, height: int = 40, width: int = 30) -> Radiograph:
    greys = np.random.default_rng(seed).integers(0, levels + 1, (height, width))
    pixels = greys.astype(np.float32) / np.float32(levels)
    return Radiograph(pixels, (0.1, 0.2), "L", film_hash(pixels))


def _pictures(folder: Path) -> list[Path]:
    return [path for path in (folder / "pictures").rglob("*") if path.is_file()]


def test_a_film_is_kept_as_it_was_told(room: ReadingRoom) -> None:
    radiograph = _film()
    added = room.ledger.add_film(
        radiograph, "M", reader="ann", source="queue", consent=Consent(), patient="4711", age_months=130.5
    )
    film = added.film
    assert not added.known
    assert film == room.ledger.film(film.id) == room.ledger.film_by_hash(radiograph.sha256)
    assert (film.width, film.height, film.sex, film.age_months) == (30, 40, "M", 130.5)
    assert (film.spacing_mm, film.laterality, film.source, film.added_by) == ((0.1, 0.2), "L", "queue", "ann")
    assert film.consent and film.picture is not None
    assert film.added_at.utcoffset() is not None and film.added_at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]


def test_the_same_pixels_are_one_film_whose_facts_stay(room: ReadingRoom) -> None:
    first = room.ledger.add_film(_film(), "M", reader="ann", source="queue", consent=None, patient="1", age_months=100)
    again = room.ledger.add_film(_film(), "F", reader="bob", source="import", consent=None, patient="2", age_months=50)
    assert again.known and again.film == first.film
    assert len(list(room.ledger.films())) == 1


def test_without_consent_no_picture_is_kept(room: ReadingRoom) -> None:
    film = room.ledger.add_film(_film(), "M", reader="ann", source="queue", consent=None).film
    assert not film.consent and film.picture is None
    assert room.ledger.radiograph(film) is None
    assert _pictures(room.folder) == []


def test_a_later_consent_keeps_the_picture(room: ReadingRoom) -> None:
    first = room.ledger.add_film(_film(), "M", reader="ann", source="queue", consent=None).film
    again = room.ledger.add_film(_film(), "M", reader="bob", source="queue", consent=Consent())
    assert again.known and again.film.id == first.id and again.film.consent
    kept = room.ledger.radiograph(again.film)
    assert kept is not None and np.array_equal(kept.pixels, _film().pixels)
    thrice = room.ledger.add_film(_film(), "M", reader="bob", source="queue", consent=None)
    assert thrice.film == again.film  # a consent is not withdrawn by leaving a box unticked


@pytest.mark.parametrize("levels", [255, 65535])
def test_kept_greys_of_8_and_16_bits_are_the_same(room: ReadingRoom, levels: int) -> None:
    radiograph = _film(levels)
    film = room.ledger.add_film(radiograph, "M", reader="ann", source="queue", consent=Consent()).film
    kept = room.ledger.radiograph(film)
    assert kept is not None
    assert np.array_equal(kept.pixels, radiograph.pixels) and film_hash(kept.pixels) == kept.sha256 == film.sha256
    assert (kept.spacing_mm, kept.laterality) == (radiograph.spacing_mm, radiograph.laterality)


def test_greys_of_other_films_are_kept_to_half_a_level(room: ReadingRoom) -> None:
    pixels = np.random.default_rng(1).random((40, 30), np.float32)
    radiograph = Radiograph(pixels, None, None, film_hash(pixels))
    film = room.ledger.add_film(radiograph, "M", reader="ann", source="queue", consent=Consent()).film
    kept = room.ledger.radiograph(film)
    assert kept is not None and kept.sha256 == radiograph.sha256
    assert np.abs(kept.pixels - pixels).max() <= 0.51 / 65535


def test_pictures_are_named_by_their_content(room: ReadingRoom) -> None:
    for seed in range(3):
        room.ledger.add_film(_film(seed=seed), "M", reader="ann", source="queue", consent=Consent())
    paths = _pictures(room.folder)
    assert len(paths) == 3
    for path in paths:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert path.relative_to(room.folder / "pictures").parts == (digest[:2], digest[2:4], f"{digest}.png")
    assert list((room.folder / "incoming").iterdir()) == []


def test_a_kept_picture_is_an_ordinary_16_bit_png(room: ReadingRoom) -> None:
    radiograph = read_radiograph(file_of(RAMP16, "PNG"))
    room.ledger.add_film(radiograph, "M", reader="ann", source="queue", consent=Consent())
    (path,) = _pictures(room.folder)
    assert path.read_bytes()[24:26] == b"\x10\x00"  # bit depth and colour type: 16-bit grey
    assert read_radiograph(path).sha256 == radiograph.sha256


def test_nothing_that_names_a_patient_reaches_the_disk(room: ReadingRoom, tmp_path: Path) -> None:
    radiograph = read_radiograph(dicom_file(identified_film(RAMP12)))
    room.ledger.add_film(radiograph, "M", reader="ann", source="queue", consent=Consent(), patient="Zwiebelfisch-4711")
    (film,) = room.ledger.films()
    assert secrets_in(repr(film)) == []
    for path in room.folder.rglob("*"):
        if path.is_file():
            assert secrets_in(path.read_bytes()) == []


def test_the_age_is_that_of_the_film_s_file_where_nobody_says_another(room: ReadingRoom) -> None:
    for told, kept in ((None, 109.0), (96.0, 96.0)):
        stored = RAMP12 if told is None else RAMP12[::-1]
        tags = {"PatientBirthDate": "20100610", "StudyDate": "20190715", "PatientSex": "F"}
        radiograph = read_radiograph(dicom_file(dicom_film(stored, **tags)))
        film = room.ledger.add_film(radiograph, "F", reader="ann", source="queue", consent=None, age_months=told).film
        assert film.age_months == kept and film.notes == () and film.stated_sex is None


def test_a_changed_or_missing_picture_is_told(room: ReadingRoom) -> None:
    film = room.ledger.add_film(_film(), "M", reader="ann", source="queue", consent=Consent()).film
    (path,) = _pictures(room.folder)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedStore, match="was changed"):
        room.ledger.radiograph(film)
    path.unlink()
    with pytest.raises(DamagedStore, match="missing"):
        room.ledger.radiograph(film)


def test_pseudonyms_tell_patients_apart_and_hide_them(room: ReadingRoom, tmp_path: Path) -> None:
    def key(patient: str | None, seed: int, ledger: Ledger = room.ledger) -> str:
        film = _film(seed=seed)
        return ledger.add_film(film, "M", reader="ann", source="queue", consent=None, patient=patient).film.patient_key

    first = key("4711", 1)
    assert len(first) == 16 and set(first) <= set("0123456789abcdef")
    assert key(" 4711\n", 2) == first != key("4712", 3)
    assert key(None, 4) == key("  ", 5) == ""
    elsewhere = ReadingRoom(tmp_path / "elsewhere").ledger
    assert key("4711", 1, elsewhere) != first
    elsewhere.close()


def test_the_secret_is_for_its_owner_alone_and_stays(room: ReadingRoom) -> None:
    path = room.folder / "patient_secret"
    secret = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(secret) == 32
    Ledger.open(room.settings).close()
    assert path.read_bytes() == secret


def test_a_database_with_another_folder_is_refused(room: ReadingRoom, tmp_path: Path) -> None:
    with pytest.raises(DamagedStore, match="another data folder"):
        Ledger.open(LedgerSettings(tmp_path / "other", room.settings.url))


def test_a_database_is_opened_with_a_new_folder_where_the_secret_is_given(room: ReadingRoom, tmp_path: Path) -> None:
    """As on a Space that forgets its disk, with a database elsewhere."""
    moved = (room.folder / "patient_secret").read_bytes().hex()
    given = LedgerSettings.from_environment(
        {"BONEGRADE_DATA": str(tmp_path / "new"), "BONEGRADE_DB": room.settings.url, "BONEGRADE_PATIENT_SECRET": moved}
    )
    assert moved not in repr(given)
    again = Ledger.open(given)
    assert again.patient_key("4711") == room.ledger.patient_key("4711")
    assert not (tmp_path / "new" / "patient_secret").exists()
    again.close()
    for secret, said in (("s" * 32, "BONEGRADE_PATIENT_SECRET as it was"), ("s" * 31, "fewer than 32 bytes")):
        with pytest.raises(DamagedStore, match=said):
            Ledger.open(replace(given, secret=secret))


def test_a_command_finds_the_secret_of_a_folder_that_has_none(
    room: ReadingRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BONEGRADE_PATIENT_SECRET", "s" * 32)
    (tmp_path / "bare").mkdir()
    assert ledger_settings(str(tmp_path / "bare")).secret == "s" * 32
    assert ledger_settings(str(room.folder)).secret == ""


def test_a_store_of_a_given_secret_is_another_with_every_secret(tmp_path: Path) -> None:
    def key(name: str, secret: str) -> str:
        ledger = Ledger.open(replace(LedgerSettings.in_folder(tmp_path / name), secret=secret))
        ledger.close()
        return ledger.patient_key("4711")

    assert key("a", "a word of thirty-two bytes or more") == key("b", "a word of thirty-two bytes or more")
    assert key("c", "another word of thirty-two bytes") != key("d", "b" * 32)
    settings = replace(LedgerSettings.in_folder(tmp_path / "a"), secret="a word of thirty-two bytes or more")
    backup(settings, tmp_path / "backup")
    restore(replace(settings, folder=tmp_path / "e", url=f"sqlite:///{tmp_path}/e/ledger.sqlite"), tmp_path / "backup")
    assert key("e", settings.secret) == key("a", settings.secret)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DamagedStore, match="BONEGRADE_DATA"):
        Ledger.open(LedgerSettings.in_folder(tmp_path / "file" / "store"))


def test_what_a_dead_process_left_is_cleared_away_but_not_what_is_being_written(room: ReadingRoom) -> None:
    old, new = room.folder / "incoming" / "old", room.folder / "incoming" / "new"
    for path in (old, new):
        path.write_bytes(b"half a picture")
    os.utime(old, (0, 0))
    (room.folder / "incoming" / "gone").symlink_to("renamed by another process in this very moment")
    Ledger.open(room.settings).close()
    assert not old.exists() and new.exists()


def test_a_picture_that_finds_no_room_leaves_nothing(room: ReadingRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    known = room.ledger.add_film(_film(), "M", reader="ann", source="queue", consent=None).film
    monkeypatch.setattr(os, "fsync", full)
    for seed in (0, 1):
        with pytest.raises(DamagedStore, match="disk has room"):
            room.ledger.add_film(_film(seed=seed), "M", reader="ann", source="queue", consent=Consent())
    monkeypatch.undo()
    assert list(room.ledger.films()) == [known] and not known.consent
    assert _pictures(room.folder) == [] == list((room.folder / "incoming").iterdir())
    assert room.ledger.add_film(_film(seed=1), "M", reader="ann", source="queue", consent=Consent()).film.consent


@pytest.mark.parametrize(("sex", "age"), [("X", None), ("M", -1.0), ("M", float("nan")), ("F", 5000.0)])
def test_impossible_facts_are_refused(room: ReadingRoom, sex: str, age: float | None) -> None:
    with pytest.raises(InvalidFilm):
        room.ledger.add_film(_film(), sex, reader="ann", source="queue", consent=Consent(), age_months=age)  # type: ignore[arg-type]
    assert list(room.ledger.films()) == [] and _pictures(room.folder) == []


def test_films_come_in_id_order(room: ReadingRoom) -> None:
    ids = [room.film() for _ in range(7)]
    assert [film.id for film in room.ledger.films()] == ids
    assert [film.id for film in room.ledger.films([ids[5], ids[1], 999_999, ids[1]])] == [ids[1], ids[5]]
    with pytest.raises(UnknownFilm):
        room.ledger.film(999_999)
    assert room.ledger.film_by_hash("0" * 64) is None
