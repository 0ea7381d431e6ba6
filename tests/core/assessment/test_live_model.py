"""Which weights are live, by the environment and the record of promotions."""

import json
from pathlib import Path

import pytest

from core.assessment.live_model import LIVE, SHIPPED, live_model, weights_folder
from core.errors import BoneGradeError
from models import WEIGHTS


def kept(folder: Path, *versions: str) -> dict[str, str]:
    """A folder in which these versions went live one after the other; the environment that names it."""
    for version in versions:
        (folder / "versions" / version).mkdir(parents=True)
    history = [{"version": v, "how": "promoted", "at": "", "by": "ann", "before": SHIPPED} for v in versions]
    (folder / LIVE).write_text(json.dumps({"history": history}))
    return {"BONEGRADE_WEIGHTS": str(folder)}


def test_the_data_folder_keeps_promoted_weights_unless_another_is_named(tmp_path: Path) -> None:
    assert weights_folder({"BONEGRADE_DATA": str(tmp_path)}) == tmp_path / "weights"
    named = {"BONEGRADE_DATA": str(tmp_path), "BONEGRADE_WEIGHTS": str(tmp_path / "w")}
    assert weights_folder(named) == tmp_path / "w"


def test_the_shipped_weights_are_live_until_others_are(tmp_path: Path) -> None:
    assert live_model({"BONEGRADE_WEIGHTS": str(tmp_path / "none")}).folder == WEIGHTS
    model = live_model(kept(tmp_path, "0001-a", "0002-b"))
    assert (model.version, model.folder) == ("0002-b", tmp_path / "versions" / "0002-b")


def test_a_damaged_record_and_weights_that_are_gone_are_told(tmp_path: Path) -> None:
    environment = kept(tmp_path, "0001-a")
    (tmp_path / "versions" / "0001-a").rmdir()
    with pytest.raises(BoneGradeError, match=r"version 0001-a, are gone.*rollback"):
        live_model(environment)
    for damaged in ("{", '{"history": [{}]}', "[]"):
        (tmp_path / LIVE).write_text(damaged)
        with pytest.raises(BoneGradeError, match="restore the folder"):
            live_model(environment)
