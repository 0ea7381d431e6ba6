"""Where what people say is still there after a restart."""

from pathlib import Path

import pytest

from core.dataset.lasting import nearest, outlives_restart


@pytest.mark.parametrize(
    ("more", "lasts"),
    [
        ({}, False),
        ({"BONEGRADE_HUB_DATASET": "me/said"}, True),
        ({"BONEGRADE_DB": "postgresql://reader@127.0.0.1:1/bonegrade"}, True),
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
