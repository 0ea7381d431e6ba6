"""Files that are sent lie under their sender's names, and none lies outside or over another."""

import zipfile
from pathlib import Path

import pytest

from core.dataset.labels import BadLabels
from core.dataset.sent import laid_out
from core.intake import Limits, SentFile


def sent(folder: Path, name: str, content: bytes = b"x") -> SentFile:
    """A file as the page keeps it: without its name."""
    path = folder / f"upload{len(list(folder.iterdir()))}"
    path.write_bytes(content)
    return SentFile(path, name)


def zipped(folder: Path, *names: str) -> SentFile:
    """A zip of files of these names."""
    path = folder / "upload.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return SentFile(path, "Labels.ZIP")


def test_files_and_those_of_zips_have_the_names_that_they_came_under(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    files = [
        sent(tmp_path / "in", "Zoë (1).json", b"{}"),
        zipped(tmp_path / "in", "a/1.xml", "b/1.xml", ".hidden/2.xml"),
    ]
    folder = laid_out(files, tmp_path / "out", Limits())
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == ["Zoë (1).json", "a/1.xml", "b/1.xml"]
    assert (folder / "Zoë (1).json").read_bytes() == b"{}"


@pytest.mark.parametrize("name", ["..", ".", "", "/etc/passwd", "a/../../b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadLabels, match="not a file name"):
        laid_out([sent(tmp_path / "in", name)], tmp_path / "out", Limits())


def test_two_files_of_one_name_are_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(BadLabels, match="two files have this name"):
        laid_out([sent(tmp_path / "in", "1.png"), sent(tmp_path / "in", "1.png")], tmp_path / "out", Limits())
    with pytest.raises(BadLabels, match="cannot be used"):
        laid_out([sent(tmp_path / "in", "1"), zipped(tmp_path / "in", "1/2.png")], tmp_path / "again", Limits())
