"""Where what people say is still there after a restart."""

from pathlib import Path

import pytest

from core.keeping.lasting import is_over_network, nearest, outlives_restart

_POSTGRES = {"BONEGRADE_DB": "postgresql://reader@127.0.0.1:1/bonegrade"}


@pytest.mark.parametrize(
    ("more", "lasts"),
    [
        ({}, False),
        ({"BONEGRADE_HUB_DATASET": "me/said"}, True),
        (_POSTGRES, False),
        (_POSTGRES | {"BONEGRADE_HUB_DATASET": "me/said"}, False),
        (_POSTGRES | {"BONEGRADE_PATIENT_SECRET": "s" * 32}, True),
        ({"BONEGRADE_DB": "sqlite:////elsewhere/ledger.sqlite"}, False),
    ],
)
def test_a_space_forgets_its_own_disk(more: dict[str, str], lasts: bool) -> None:
    own_disk = {"SPACE_ID": "me/bonegrade", "BONEGRADE_DATA": "/not/there/yet"}
    assert outlives_restart(own_disk | more) is lasts


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no disk of another kind is known to be here")
def test_attached_storage_and_other_machines_do_not_forget() -> None:
    attached = {"BONEGRADE_DATA": "/proc/self/attached"}
    assert outlives_restart({"SPACE_ID": "me/bonegrade"} | attached)
    assert outlives_restart({"BONEGRADE_DATA": "/not/there/yet"})
    assert nearest(Path("/not/there/yet")) == Path("/")


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("fuse.hf-mount", True),
        ("fuse", True),
        ("nfs4", True),
        ("ext4", False),
        ("fuseblk", False),
        ("fuse.fuse-overlayfs", False),
    ],
)
def test_a_bucket_is_mounted_over_a_network(kind: str, network: bool, tmp_path: Path) -> None:
    mounts, bucket = tmp_path / "mounts", tmp_path.resolve() / "a bucket"
    bucket.mkdir()
    place = str(bucket).replace(" ", "\\040")
    mounts.write_text(f"overlay / overlay rw 0 0\nbucket {place} {kind} rw,nosuid 0 0\n")
    assert is_over_network(bucket / "bonegrade", mounts) is network
    assert not is_over_network(tmp_path, mounts) and not is_over_network(bucket, tmp_path / "none")
