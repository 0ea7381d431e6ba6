"""Zips, with every way in which they can be wrong; nothing is changed where one is refused."""

import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from core.intake import Limits, open_batch, take_in
from core.ledger import Consent, Ledger
from tests.core.intake.sent import ADA, film_bytes, make_zip, nobody, refused


def test_a_zip_with_its_csv_inside_and_clutter(ledger: Ledger, tmp_path: Path) -> None:
    members = {
        "hands/1.png": film_bytes(1),
        "hands/2.png": film_bytes(2),
        "labels.csv": b"id,sex\n1,F\n2,M\n",
        "__MACOSX/hands/._1.png": b"x",
        "hands/.DS_Store": b"x",
        "hands/Thumbs.db": b"x",
        "hands/report.pdf": b"%PDF",
        "hands/more.zip": b"PK\x03\x04",
    }
    with open_batch([make_zip(tmp_path / "z.ZIP", members)]) as batch:
        assert [film.name for film in batch.films] == ["1.png", "2.png"]
        assert set(batch.passed_over) == {"report.pdf", "more.zip"}
        folder = batch.films[0].path.parent
        list(take_in(batch, nobody(ledger), reader=ADA, consent=Consent()))
    assert not folder.exists()
    assert [film.sex for film in ledger.films()] == ["F", "M"]


def test_dicom_films_without_an_ending_or_with_a_uid_are_films(tmp_path: Path) -> None:
    members = {"IM0001": b"x", "1.2.840.113619.2": b"x", "DICOMDIR": b"x"}
    with open_batch([make_zip(tmp_path / "z.zip", members)], sex="F") as batch:
        assert {film.name for film in batch.films} == {"IM0001", "1.2.840.113619.2"}
        assert batch.passed_over == ()


@pytest.mark.parametrize(
    "name", ["../evil.png", "hands/../../evil.png", "/etc/evil.png", "C:/evil.png", "c:evil.png", "..\\evil.png"]
)
def test_a_zip_with_a_path_outside_itself_is_refused(ledger: Ledger, tmp_path: Path, name: str) -> None:
    sentence = refused(ledger, [make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0), name: film_bytes(1)})])
    assert "path outside itself" in sentence
    assert not list(tmp_path.rglob("evil.png")) and not (tmp_path.parent / "evil.png").exists()


def test_a_zip_with_a_link_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        link = zipfile.ZipInfo("film.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert "link" in refused(ledger, [tmp_path / "z.zip"])


def test_a_zip_bomb_is_refused_by_what_it_unpacks_to(ledger: Ledger, tmp_path: Path) -> None:
    bomb = make_zip(tmp_path / "z.zip", {"a.png": bytes(3 * 10**6)})
    tight = Limits(ratio=100.0, ratio_from_bytes=10**6)
    assert "far more than films need" in refused(ledger, [bomb], limits=tight)
    many = make_zip(tmp_path / "m.zip", {f"{n}.png": bytes(2 * 10**5) for n in range(20)})
    assert "far more than films need" in refused(ledger, [many], limits=tight)
    assert "far more" in refused(ledger, [many], limits=Limits(total_bytes=10**6))
    assert "more than 5 files" in refused(ledger, [many], limits=Limits(files=5))


def test_a_zip_that_lies_about_its_sizes_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0)})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(signature) + offset
        content[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(bytes(content))
    assert "damaged" in refused(ledger, [path])


def test_a_zip_whose_list_of_files_would_fill_the_memory_is_refused_before_it_is_read(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}.png", b"")
    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", lambda self: pytest.fail("the list was read"))
    assert "more than 5 files" in refused(ledger, [path], limits=Limits(files=5))


def test_damaged_encrypted_and_strangely_packed_zips_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    whole = make_zip(tmp_path / "z.zip", {"a.png": film_bytes(0), "b.png": film_bytes(1)}).read_bytes()
    path = tmp_path / "bad.zip"
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refused(ledger, [path])
    path.write_bytes(b"not a zip")
    assert "damaged" in refused(ledger, [path])
    flipped = bytearray(whole)
    flipped[200] ^= 0xFF
    path.write_bytes(bytes(flipped))
    assert "damaged" in refused(ledger, [path])
    for signature, flags, method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        encrypted, strange = bytearray(whole), bytearray(whole)
        encrypted[whole.index(signature) + flags] |= 1
        strange[whole.index(signature) + method] = 97
        path.write_bytes(bytes(encrypted))
        assert "password" in refused(ledger, [path]) or signature == b"PK\x03\x04"
        path.write_bytes(bytes(strange))
        assert refused(ledger, [path])


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_can_only_be_unpacked_at_once_is_refused_before_it_fills_the_memory(
    ledger: Ledger, tmp_path: Path, packed: int
) -> None:
    """zipfile counts nothing while it unpacks these: 2 kB of bzip2 took 6 GB."""
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", packed) as archive:
        archive.writestr("a.png", bytes(10**8))
    tracemalloc.start()
    try:
        assert "ordinary zip" in refused(ledger, [path])
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()
