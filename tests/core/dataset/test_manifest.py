"""The manifest: the hash of every file, and what it finds wrong with a folder."""

import hashlib
import json
from pathlib import Path

import pytest

from core.dataset.manifest import DamagedDataset, check_files, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files and their manifest."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "sub" / "b.txt").write_bytes(b"two")
    write_manifest(tmp_path, {"revision": 3})
    return tmp_path


def test_every_file_is_listed(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["revision"] == 3
    assert manifest["files"] == {
        "a.txt": {"bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()},
        "sub/b.txt": {"bytes": 3, "sha256": hashlib.sha256(b"two").hexdigest()},
    }
    assert check_files(folder) == manifest


def test_a_changed_a_missing_and_an_added_file_are_found(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"ONE")
    with pytest.raises(DamagedDataset, match=r"a\.txt is changed"):
        check_files(folder)
    (folder / "a.txt").unlink()
    with pytest.raises(DamagedDataset, match=r"a\.txt is missing"):
        check_files(folder)
    (folder / "a.txt").write_bytes(b"one")
    (folder / "new.txt").touch()
    with pytest.raises(DamagedDataset, match=r"new\.txt is not in the manifest"):
        check_files(folder)


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(DamagedDataset, match="choose an export"):
        check_files(tmp_path)
    for content in ("[]", '{"files": ["a.txt"]}', '{"files": [{}]}'):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(DamagedDataset, match="choose an export"):
            check_files(tmp_path)
