"""An export that came as a zip, and the zips that are refused."""

import errno
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.dataset import sent
from core.dataset.exporting import zip_file
from core.dataset.exporting.zip_file import unzipped, zipped
from core.dataset.manifest import DamagedDataset, Manifest, check_files, write_manifest
from core.intake import Limits


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The zip of an export of two files."""
    folder = tmp_path / "export"
    (folder / "labels").mkdir(parents=True)
    (folder / "labels" / "train.parquet").write_bytes(b"PAR1" * 1000)
    (folder / "README.md").write_text("what it is\n" * 1000)
    write_manifest(folder, Manifest(revision=3, rule="latest", formats=("labels",)))
    zipped(folder, tmp_path / "export.zip")
    return tmp_path / "export.zip"


def test_the_files_are_those_that_were_packed_and_for_this_user_alone(archive: Path, tmp_path: Path) -> None:
    folder = unzipped(archive, tmp_path / "here")
    assert check_files(folder) == check_files(tmp_path / "export")
    assert (tmp_path / "here").stat().st_mode & 0o077 == 0


def _cut_short(archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])


def _changed_within(archive: Path) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content.replace(b"PAR1PAR1", b"PAR1PAR2", 1))


def _other_content(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("1.png", b"a film")


def _leads_out(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr("../outside.txt", b"mine")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_cut_short, r"export\.zip is not a zip, or is damaged: take the export from the Data tab again"),
        (_changed_within, r"export\.zip is not a zip, or is damaged"),
        (lambda archive: archive.write_text("no zip"), r"export\.zip is not a zip, or is damaged"),
        (_leads_out, r"export\.zip is not a zip, or is damaged"),
        (_other_content, r"export\.zip is not an export, since it has no manifest\.json"),
    ],
)
def test_what_is_not_a_whole_export_is_one_sentence(
    damage: Callable[[Path], object], sentence: str, archive: Path, tmp_path: Path
) -> None:
    damage(archive)
    with pytest.raises(DamagedDataset, match=sentence):
        unzipped(archive, tmp_path / "here")
    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.parametrize("limits", [Limits(files=2), Limits(total_bytes=4000), Limits(file_bytes=4000)])
def test_more_than_a_zip_may_hold_is_left_to_be_unpacked_by_hand(
    limits: Limits, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_file, "_LIMITS", limits)
    with pytest.raises(DamagedDataset, match=r"export\.zip holds more than is unpacked here .* unpack it yourself"):
        unzipped(archive, tmp_path / "here")


def test_a_full_disk_is_not_a_damaged_zip(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(sent.Unpacker):
        def _unpack_one(self, *_: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sent, "Unpacker", Full)
    with pytest.raises(OSError, match="No space left"):
        unzipped(archive, tmp_path / "here")
