"""Runs as processes of their own: started, seen to fail, one at a time, and cancelled by a file."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.assessment.live_model import LiveModel
from core.errors import BoneGradeError
from core.learning.run.folder import RunFolder
from core.learning.run.record import Job
from core.learning.run.runs import Runs
from models import WEIGHTS


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@contextmanager
def at_work(runs: Runs, name: str) -> Iterator[Path]:
    """A run that some process is at, which this server did not start."""
    run = runs.folder / name
    run.mkdir(parents=True)
    with RunFolder(run).held():
        (run / "run.json").write_text(json.dumps({"state": "running"}))
        yield run


def test_a_run_is_a_process_apart_whose_failure_is_seen_with_its_last_words(runs: Runs) -> None:
    name = runs.start(WEIGHTS, None)  # of an empty ledger, from which nothing can be learned
    process = runs._started[runs.path(name)]
    assert os.getsid(process.pid) != os.getsid(0), "what ends the server does not end the run"
    assert runs.view(name).state == "starting" and runs.names() == [name]
    until = time.monotonic() + 120
    while runs.view(name).at_work and time.monotonic() < until:
        time.sleep(0.1)
    view = runs.view(name)
    assert view.state == "failed" and "save a reading first" in view.output
    assert runs.comparison(name) == "none"
    runs.compare(name)
    while runs.comparison(name) == "running" and time.monotonic() < until:
        time.sleep(0.1)
    assert runs.comparison(name) == "failed"
    assert re.search("save a reading first.*is not a run's folder", runs.view(name).output, re.DOTALL)


def test_one_run_at_a_time_and_a_wish_to_cancel(runs: Runs) -> None:
    with at_work(runs, "a") as run:
        with pytest.raises(BoneGradeError, match="The run a is at work"):
            runs.start(WEIGHTS, None)
        runs.cancel("a")
        assert (run / "cancel").exists() and runs.view("a").cancelling
        (run / "run.json").write_text(json.dumps({"state": "cancelled"}))
        with pytest.raises(BoneGradeError, match="nothing to cancel"):
            runs.cancel("a")
    for name in (None, "b", "../a"):
        with pytest.raises(BoneGradeError, match="no such run"):
            runs.path(name)


def test_a_run_whose_process_is_gone_is_not_at_work_after_a_restart_either(runs: Runs, tmp_path: Path) -> None:
    with at_work(runs, "a"):
        assert Runs(tmp_path).view("a").state == "running"
    assert Runs(tmp_path).view("a").state == "failed"
    with pytest.raises(BoneGradeError, match="nothing to cancel"):
        runs.cancel("a")


def test_a_folder_with_other_files_does_not_stop_the_others(runs: Runs) -> None:
    other = runs.folder / "other"
    other.mkdir(parents=True)
    (other / "run.json").write_text("[]")
    (other / "log.jsonl").write_text(
        '3\n{"loss": 1}\n{"lesson": ["grader"], "step": 1}\n{"lesson": "a", "step": null}\n'
    )
    assert runs.view("other").state == "failed" and runs.view("other").measurements == ()
    job = {"id": "1", "url": "https://hub/1", "hardware": "t4-small", "stage": "RUNNING", "place": "a-1"}
    for wrong in ("job", {}, job | {"stage": None}, job | {"url": "javascript:alert(1)"}):
        (other / "run.json").write_text(json.dumps({"state": "running", "job": wrong}))
        assert runs.view("other").job is None
    (other / "run.json").write_text(json.dumps({"state": "running", "job": job}))
    assert runs.view("other").job == Job(**job)
    with at_work(runs, "a"), pytest.raises(BoneGradeError, match="The run a is at work"):
        runs.start(WEIGHTS, None)


def test_a_database_s_password_is_in_no_list_of_processes(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{runs.folder.parent / 'other.sqlite'}?password=hush"
    monkeypatch.setenv("BONEGRADE_DB", url)
    run = runs.path(runs.start(WEIGHTS, None))
    process = runs._started[run]
    try:
        while not (
            command := Path(f"/proc/{process.pid}/cmdline").read_bytes()
        ):  # the kernel fills it in a moment later
            assert process.poll() is None
        assert b"finetune" in command and b"hush" not in command
        assert f"BONEGRADE_DB={url}".encode() in Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        process.kill()
        process.wait()
    assert runs.view(run.name).state == "failed"


def test_the_command_for_another_machine_names_nothing_of_this_one(runs: Runs, tmp_path: Path) -> None:
    assert runs.command(LiveModel("shipped", WEIGHTS), None) == "python -m core finetune --dataset EXPORT --out RUN"
    promoted = runs.command(LiveModel("0002-abcdef01", tmp_path / "weights"), tmp_path)
    assert promoted == "python -m core finetune --dataset EXPORT --from WEIGHTS --data DATA --out RUN"


def test_measurements_are_read_while_one_is_being_written(runs: Runs) -> None:
    with at_work(runs, "a") as run:
        assert runs.view("a").measurements == ()
        lines = [{"lesson": "grader", "step": step, "loss": 1 / (step + 1)} for step in range(3)]
        (run / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines) + '{"lesson": "gra')
        assert list(runs.view("a").measurements) == lines
