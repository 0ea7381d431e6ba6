"""What a run says of itself: the same after a way through JSON, and nothing that cannot be."""

import json
from dataclasses import replace

import pytest

from core.learning.run.record import FilmCounts, Hardware, Job, Measured, RunMetrics, RunRecord, learned_from

_JOB = Job("1", "https://hub/1", "t4-small", "RUNNING", "run-1")
_WHOLE = RunRecord(
    state="done",
    start={"grader": "ab" * 32, "localizer": "cd" * 32, "whole_hand": None},
    ledger_revision=7,
    rule="latest",
    settings={"seed": 1, "grader": {"epochs": 20}},
    began_at="2026-05-01T12:00:00+00:00",
    ended_at="2026-05-01T13:00:00+00:00",
    seeds={"seed": 1},
    films=FilmCounts(
        {"learn": 4, "held": 1}, None, {"grader": {"no pixels kept, or no hand found": 2}, "localizer": {}}
    ),
    learned_from=tuple(learned_from(["a", "b"])),
    learned_films=tuple(learned_from(["c"])),
    libraries={"python": "3.11"},
    hardware=Hardware("cpu", 1, 2, None, "x86_64", "Linux"),
    metrics=RunMetrics(Measured({"held_loss": 1.5}, {"held_loss": 1.25, "step": 3}), calibration="kept"),
)


def test_a_run_reads_what_it_wrote() -> None:
    for record in (_WHOLE, replace(_WHOLE, job=_JOB), RunRecord("running", job=_JOB), RunRecord("failed")):
        assert RunRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


def test_the_file_has_the_names_that_it_always_had() -> None:
    said = _WHOLE.to_json()
    assert said["from"]["grader"] == "ab" * 32 and "start" not in said and "job" not in said
    assert {name: said[name] for name in ("manifest_sha256", "data", "git_revision")} == dict.fromkeys(
        ("manifest_sha256", "data", "git_revision")
    )
    assert said["metrics"] == {
        "grader": {"start": {"held_loss": 1.5}, "best": {"held_loss": 1.25, "step": 3}}, "calibration": "kept"
    }  # fmt: skip
    assert replace(_WHOLE, metrics=RunMetrics()).to_json()["metrics"] == {}
    assert RunRecord("running", job=_JOB).to_json() == {
        "state": "running",
        "job": {"id": "1", "url": "https://hub/1", "hardware": "t4-small", "stage": "RUNNING", "place": "run-1"},
    }


def test_what_an_earlier_version_or_somebody_else_wrote_is_read_as_far_as_it_goes() -> None:
    said = {
        "state": "done",
        "from": "the live model",
        "learned_from": [["a"]],
        "job": {"id": "1"},
        "films": 3,
        "more": 1,
    }
    assert RunRecord.from_json(said) == RunRecord("done")


@pytest.mark.parametrize(
    "said", [{}, {"state": "asleep"}, {"state": ["done"]}, {"state": "done", "ledger_revision": -1}]
)
def test_a_run_in_no_state_is_none(said: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no state of a run|are counted from 0"):
        RunRecord.from_json(said)


def test_parts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no address of the web"):
        replace(_JOB, url="javascript:alert(1)")
    with pytest.raises(ValueError, match="told in text"):
        replace(_JOB, stage=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a process and a thread"):
        Hardware("cpu", 0, 1, 1, "x86_64", "Linux")
    with pytest.raises(ValueError, match="whole numbers"):
        FilmCounts({"learn": 0.5}, None, {})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="measures are numbers"):
        Measured({"held_loss": "low"}, {})  # type: ignore[dict-item]
