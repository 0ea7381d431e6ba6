"""Runs as processes of their own: started, seen to fail, one at a time, and cancelled by a file."""

import json
import os
import time
from pathlib import Path

import pytest

from core.errors import BoneGradeError
from models import WEIGHTS
from webapp.train.figures import curve_figure
from webapp.train.runs import Runs


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path, str(tmp_path))


def at_work(runs: Runs, name: str) -> Path:
    """A run that some process is at."""
    run = runs.folder / name
    run.mkdir(parents=True)
    (run / "run.json").write_text(json.dumps({"state": "running"}))
    return run


def test_a_run_is_a_process_apart_whose_failure_is_seen_with_its_last_words(runs: Runs) -> None:
    name = runs.start(WEIGHTS)  # of an empty ledger, from which nothing can be learned
    process = runs._started[runs.path(name)]
    assert os.getsid(process.pid) != os.getsid(0), "what ends the server does not end the run"
    assert runs.view(name).state == "starting" and runs.names() == [name]
    until = time.monotonic() + 120
    while runs.view(name).at_work and time.monotonic() < until:
        time.sleep(0.1)
    view = runs.view(name)
    assert view.state == "failed" and view.output


def test_one_run_at_a_time_and_a_wish_to_cancel(runs: Runs) -> None:
    run = at_work(runs, "a")
    with pytest.raises(BoneGradeError, match="The run a is at work"):
        runs.start(WEIGHTS)
    runs.cancel("a")
    assert (run / "cancel").exists() and runs.view("a").cancelling
    (run / "run.json").write_text(json.dumps({"state": "cancelled"}))
    with pytest.raises(BoneGradeError, match="nothing to cancel"):
        runs.cancel("a")
    for name in (None, "b", "../a"):
        with pytest.raises(BoneGradeError, match="no such run"):
            runs.path(name)


def test_measurements_are_read_and_drawn_while_one_is_being_written(runs: Runs) -> None:
    run = at_work(runs, "a")
    assert curve_figure(runs.view("a").measurements) is None
    lines = [{"lesson": "grader", "step": step, "loss": 1 / (step + 1), "seconds": 3.0} for step in range(3)]
    (run / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines) + '{"lesson": "gra')
    found = runs.view("a").measurements
    assert list(found) == lines
    figure = curve_figure(found)
    assert figure is not None and [line.name for line in figure.data] == ["grader: loss"]
    assert list(figure.data[0].x) == [0, 1, 2]
