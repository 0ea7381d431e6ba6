"""The manifest: the hash of every file, and what it finds wrong with a folder."""

import hashlib
import json
from pathlib import Path

import pytest

from core.dataset.manifest import DamagedDataset, Manifest, SplitFacts, check_files, write_manifest

_MADE = Manifest(
    revision=3,
    as_of="2026-05-01T12:00:00+00:00",
    rule="latest",
    reviewers=("rita",),
    formats=("labels", "crops"),
    split=SplitFacts("70/20/10", "a hash", 1, {"train": 2}, {"train": 1}, {"train": 26}),
    weights=({"grader": "ab" * 32},),
    written_with={"numpy": "2"},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two files and their manifest."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "sub" / "b.txt").write_bytes(b"two")
    write_manifest(tmp_path, _MADE)
    return tmp_path


def test_every_file_is_listed(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["revision"] == 3
    assert manifest["files"] == {
        "a.txt": {"bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()},
        "sub/b.txt": {"bytes": 3, "sha256": hashlib.sha256(b"two").hexdigest()},
    }
    assert check_files(folder) == Manifest.from_json(manifest)
    assert list(manifest) == [
        "format_version", "revision", "as_of", "rule", "reviewers", "formats", "split", "weights", "written_with", "files"
    ]  # fmt: skip
    assert manifest == check_files(folder).to_json() and list(manifest["split"]) == [
        "shares", "by", "gold_patients", "films", "patients", "crops"
    ]  # fmt: skip


def test_a_manifest_of_before_is_read_and_one_of_nothing_is_refused(folder: Path) -> None:
    whole = json.loads((folder / "manifest.json").read_text())
    before = {name: whole[name] for name in ("revision", "rule", "formats", "files")}
    (folder / "manifest.json").write_text(json.dumps(before))
    read = check_files(folder)
    assert (read.format_version, read.revision, read.split, read.reviewers) == (1, 3, SplitFacts(), ())
    for wrong in (
        {"revision": None},
        {"revision": -1},
        {"rule": ""},
        {"formats": [1]},
        {"formats": None},
        {"split": [1]},
    ):
        (folder / "manifest.json").write_text(json.dumps(whole | wrong))
        with pytest.raises(DamagedDataset, match="does not say what it was made from: export the ledger again"):
            check_files(folder)


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
