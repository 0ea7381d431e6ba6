"""Fine-tuning as a job of the hub: what is sent, how it is followed, and what comes back; against a stand-in for the hub."""

import io
import json
import os
import resource
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from core.access.log import AccessLog
from core.dataset.hub.private import HubRefused
from core.errors import BoneGradeError
from core.learning.errors import LessonsRefused, RunRefused
from core.learning.finetuning.hub_job import HubJobRefused, JobOrder, finetune_on_hub
from core.learning.finetuning.start import Start
from core.learning.run.candidate import weights_of
from core.learning.run.folder import RunFolder
from core.learning.run.record import RunRecord
from core.ledger import Ledger
from core.machine import DISK_FULL, user
from tests.hub import TOKEN, Hub, Job, Machine, hub_with, runs_it
from tests.stored_films import Store

_DATASET = "lab/readings"
_QUICKLY = 0.05

#: Asks for a job of the small start weights, with these settings, in the run's folder.
Ask = Callable[..., RunRecord]


@pytest.fixture
def ask(start: Path, read_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    def asked(hub: Hub, *settings: str, ledger: Ledger = read_store.ledger, dataset: str = _DATASET) -> RunRecord:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        order = JobOrder(dataset, start, tmp_path / "run", "t4-small", 2, settings)
        return finetune_on_hub(order, ledger, HfApi(hub.url, TOKEN), _QUICKLY)

    return asked


def ends_as(stage: str, *log: str) -> Machine:
    """A machine that says this and ends so at once."""

    def work(hub: Hub, job: Job) -> None:
        job.log += log
        job.stage = stage

    return work


def test_a_job_learns_what_was_sent_and_its_run_comes_back(ask: Ask, start: Path, tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    (machine / "bin").mkdir(parents=True)
    (machine / "bin" / "pip").write_text("#!/bin/sh\n")  # what it would install is there
    (machine / "bin" / "pip").chmod(0o755)
    path = f"{machine / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    there = {"PATH": path, "HOME": str(machine), "OMP_NUM_THREADS": "1"}
    with hub_with(runs_it(there, machine)) as hub:
        said = ask(hub, "--epochs", "1", "--device", "cpu")
        job = hub.jobs["job1"]
    assert said.state == "done" and said.job.stage == "COMPLETED", job.log
    assert said.start["grader"] == weights_of(start)["grader"] and said.films.grader["learn"] == 6
    learned = weights_of(tmp_path / "run" / "weights")
    assert learned["grader"] != weights_of(start)["grader"]
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [0, 1]
    assert (job.spec["flavor"], job.spec["timeoutSeconds"], job.spec["secrets"]) == (
        "t4-small",
        7200,
        {"HF_TOKEN": TOKEN},
    )
    assert TOKEN not in json.dumps([job.spec["command"], job.spec["environment"], said.to_json()])
    sent, came, _ = hub.pushes
    assert all(private and asked for _, private, asked in (sent, came)), "each push asks first whether it is private"
    assert list(hub.datasets[_DATASET]["files"]) == [".gitattributes"], "nothing of it stays there"


def test_what_is_sent_is_of_films_that_may_be_shared_names_nobody_and_is_noted(
    ask: Ask, read_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []

    def work(hub: Hub, job: Job) -> None:
        kept.extend(content for name, content in hub.datasets[_DATASET]["files"].items() if name.endswith("sent.zip"))
        job.stage = "ERROR"

    with hub_with(work) as hub, pytest.raises(HubJobRefused, match="ended as ERROR, without a candidate"):
        ask(hub)
    with zipfile.ZipFile(io.BytesIO(kept[0])) as sent:
        names = set(sent.namelist())
        assert {"dataset/manifest.json", "start/registry.json", "program/requirements.lock"} <= names
        assert "program/core/commands/finetune.py" in names and "program/models/bone_grader.py" in names
        assert not any("__pycache__" in name or name.endswith("learned_from.json") for name in names)
        for name in names:
            assert b"Peter's hand" not in sent.read(name)
    (noted,) = AccessLog(read_store.ledger.folder).latest(1).entries
    assert (noted.who, noted.deed) == (user(), "exported") and f"to the hub: {_DATASET}" in noted.detail
    monkeypatch.setenv("BONEGRADE_LOG_DAYS", "soon")
    with hub_with(work) as hub, pytest.raises(BoneGradeError, match="must be a number of days"):
        ask(hub)
    assert not hub.jobs


def test_a_job_is_cancelled_by_a_file_and_another_may_be_started(ask: Ask, tmp_path: Path) -> None:
    line = {"lesson": "grader", "step": 0, "of_steps": 9, "held_loss": 2.5}

    def work(hub: Hub, job: Job) -> None:
        job.log += ["Collecting torch", json.dumps(line)]
        job.stage = "RUNNING"
        (tmp_path / "run" / "cancel").touch()

    with hub_with(work) as hub:
        said = ask(hub)
        assert said.state == "cancelled" and hub.jobs["job1"].stage == "CANCELED"
        assert json.loads((tmp_path / "run" / "log.jsonl").read_text()) == line
        assert not (tmp_path / "run" / "cancel").exists()
        ask(hub)
        assert list(hub.jobs) == ["job1", "job2"]


def test_a_follower_that_was_killed_goes_on_with_the_same_job(ask: Ask, tmp_path: Path) -> None:
    def work(hub: Hub, job: Job) -> None:
        job.stage = "RUNNING"
        hub.away = True

    with hub_with(work) as hub:
        with pytest.MonkeyPatch.context() as impatient:
            impatient.setattr("core.learning.finetuning.hub_job._PATIENCE", 2)
            with pytest.raises(HubJobRefused, match="does not answer for the job of run"):
                ask(hub)
        assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "running"
        hub.away = False
        hub.jobs["job1"].stage = "CANCELED"
        assert ask(hub).state == "cancelled" and list(hub.jobs) == ["job1"]


def test_a_run_that_comes_back_damaged_is_one_sentence_and_nothing_of_it_is_taken(
    ask: Ask, start: Path, tmp_path: Path
) -> None:
    whole = {"run.json": json.dumps({"state": "done", "from": Start(start).hashes}).encode(), "log.jsonl": b"{}\n"}
    index = {"grader": json.loads((start / "registry.json").read_text())["grader"]}
    whole |= {
        "weights/registry.json": json.dumps(index).encode(),
        "weights/grader.safetensors": (start / "grader.safetensors").read_bytes(),
    }
    other = {"state": "done", "from": {"grader": "ab" * 32}}
    damages: list[tuple[dict[str, bytes | None], str]] = [
        (
            {"run.json": b'{"state": "do'},
            r"The run\.json that the job left is damaged .*, so that nothing of it was taken",
        ),
        ({"run.json": b'{"state": "running"}'}, r"The run\.json that the job left is damaged"),
        ({"run.json": json.dumps(other).encode()}, "or another run's, so that nothing of it was taken"),
        ({"run.json": None}, "ended as COMPLETED, without a candidate"),
        ({"weights/grader.safetensors": b"no weights"}, "The weights that the job left are damaged, so that nothing"),
        ({"weights/registry.json": b"{"}, "The weights that the job left are damaged"),
    ]
    run = tmp_path / "run"

    def follow(hub: Hub, left: dict[str, bytes | None]) -> RunRecord:
        """Goes on with a job that has ended and has left this."""
        files = {f"runs/run-1/{name}": content for name, content in left.items() if content is not None}
        hub.datasets[_DATASET] = {"private": True, "files": {".gitattributes": b"", **files}}
        hub.jobs["job1"] = Job("job1", {"flavor": "t4-small"}, "COMPLETED")
        job = {"id": "job1", "url": hub.url, "hardware": "t4-small", "stage": "RUNNING", "place": "run-1"}
        with RunFolder(run).held():
            (run / "run.json").write_text(json.dumps({"state": "running", "job": job, "from": Start(start).hashes}))
        return ask(hub)

    with hub_with(ends_as("ERROR")) as hub:
        for changes, sentence in damages:
            with pytest.raises(HubJobRefused, match=sentence) as caught:
                follow(hub, whole | changes)
            assert str(caught.value).endswith("The same command starts another one.")
            assert {path.name for path in run.iterdir() if path.is_file()} == {"lock", "run.json"}
            assert not (run / "weights").exists()
            assert json.loads((run / "run.json").read_text())["state"] == "failed"
        (run / "weights").mkdir()
        (run / "weights" / "half").touch()  # as a follower leaves it that was killed while it took them
        assert follow(hub, {**whole}).state == "done"
        assert weights_of(run / "weights") == {"grader": weights_of(start)["grader"]}
        assert not (run / "weights" / "half").exists()


def test_a_full_disk_while_the_run_is_fetched_is_not_blamed_on_the_hub(ask: Ask, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def work(hub: Hub, job: Job) -> None:
        left = {"run.json": b"{}", "log.jsonl": b"", "weights/grader.safetensors": bytes(3_000_000)}
        place = job.spec["command"][6]
        hub.datasets[_DATASET]["files"] |= {f"runs/{place}/{name}": content for name, content in left.items()}
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # no file may be larger from now on
        job.stage = "COMPLETED"

    with hub_with(work) as hub:
        try:
            with pytest.raises(OSError) as caught:
                ask(hub)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno in DISK_FULL
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "running", "the same command goes on"


def test_what_cannot_be_sent_is_one_sentence_and_starts_nothing(
    ask: Ask, tmp_path: Path, make_store: Callable[[Path], Store]
) -> None:
    store = make_store(tmp_path / "unshared")
    store.accept(store.film(1, consent=False))
    with hub_with(ends_as("COMPLETED")) as hub:
        with pytest.raises(LessonsRefused, match="whose consent allows sharing"):
            ask(hub, ledger=store.ledger)
        with pytest.raises(HubRefused, match="'readings' is not a dataset on the hub"):
            ask(hub, dataset="readings")
        hub.datasets[_DATASET] = {"private": False, "files": {}}
        with pytest.raises(HubRefused, match="lab/readings on the hub is public"):
            ask(hub)
        assert hub.pushes == [] and hub.jobs == {}
        hub.datasets.clear()
        with pytest.raises(HubJobRefused, match="ended as COMPLETED, without a candidate"):
            ask(hub)
        (tmp_path / "run" / "run.json").write_text('{"state": "done"}')
        with pytest.raises(RunRefused, match="belongs to a run on this machine"):
            ask(hub)
