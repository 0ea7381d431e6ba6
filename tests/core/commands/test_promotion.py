"""python -m core rollback; the promotion itself is gone through with the Train tab's project."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.access.log import AccessLog
from core.assessment import live_model as live_models
from core.assessment.live_model import SHIPPED, live_model
from core.learning.promotion.versions import promote
from core.machine import user
from tests.core.learning.made_runs import candidate_of, report_of, write_run, write_weights


def test_going_back_to_an_earlier_model_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_models, "WEIGHTS", write_weights(tmp_path / "program"))
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path / "kept"))
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "data"))
    candidate = candidate_of(write_run(tmp_path / "run", live_model().folder, 1), live_model())
    promote(tmp_path / "kept", candidate, report_of(candidate, live_model()), "ann")
    run = CliRunner().invoke
    assert run(cli, ["rollback", "--to", "0009"]).exit_code == 2
    assert run(cli, ["rollback", "--to", SHIPPED]).exit_code == 0
    (noted,) = AccessLog(tmp_path / "data").latest(9).entries
    assert (noted.who, noted.deed) == (user(), "promoted")
    assert noted.detail == f"back to version {SHIPPED}; at the command line"
