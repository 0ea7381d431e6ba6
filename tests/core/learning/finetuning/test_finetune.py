"""Fine-tuning from end to end: what a run leaves, that a killed one ends the same, and one process and two."""

import dataclasses
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.dataset.exporting.options import ExportOptions
from core.dataset.exporting.zip_file import zipped
from core.dataset.split import Shares
from core.learning.errors import RunRefused
from core.learning.finetuning import course as courses
from core.learning.finetuning.finetune import LessonsAt, Order, finetune
from core.learning.lessons.sources import ExportLessons, Lessons
from core.learning.run.folder import RunFolder
from models.registry import load_grader, load_intervals, load_localizer, load_whole_hands, read_weights
from tests.core.learning.made_lessons import RECIPE, exported, fill, of_ledger, start_weights
from tests.stored_films import Store

_ROOT = Path(__file__).parents[4]


def _log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def _order(lessons: LessonsAt, start: Path, run: Path, **changes: Any) -> Order:
    return Order(lessons, start, run, dataclasses.replace(RECIPE, **changes), device="cpu")


def _same_weights(one: Path, other: Path) -> bool:
    """To the last bit; a file's own bytes may differ, for its header has no order."""
    first, second = (read_weights("grader", run / "weights").tensors for run in (one, other))
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def done(lessons: LessonsAt, start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on the export."""
    run = tmp_path_factory.mktemp("runs") / "run"
    assert finetune(_order(lessons, start, run)).state == "done"
    return run


@pytest.fixture(scope="module")
def stopped(lessons: LessonsAt, start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, cancelled before its first step."""
    run = tmp_path_factory.mktemp("runs") / "run"
    run.mkdir()
    (run / "cancel").touch()
    assert finetune(_order(lessons, start, run)).state == "cancelled"
    return run


def test_a_run_says_all_that_is_needed_to_repeat_it(done: Path, export_folder: Path, start: Path) -> None:
    document = json.loads((done / "run.json").read_text())
    manifest = json.loads((export_folder / "manifest.json").read_text())
    assert document["state"] == "done" and document["ledger_revision"] == manifest["revision"]
    assert len(document["manifest_sha256"]) == 64 and document["seeds"] == {"seed": 1}
    assert document["from"]["grader"] == read_weights("grader", start).sha256
    assert not (done / "material").exists(), "no crop stays longer than it is needed"
    assert {"torch", "accelerate", "python"} <= document["libraries"].keys()
    assert document["hardware"]["device"] == "cpu" and document["hardware"]["processes"] == 1
    assert document["settings"]["grading"]["films"] == 2 and "git_revision" in document
    lines = _log(done)
    assert lines[1]["grades"] > lines[2]["grades"], "it learns"
    held = [line["held_loss"] for line in lines[1:]]
    assert document["metrics"]["grader"]["best"]["held_loss"] == pytest.approx(min(held), abs=1e-4)
    films = document["films"]["grader"]["learn"]
    patients = document["learned_from"]
    assert len(document["learned_films"]) == len({*patients}) == films + document["films"]["grader"]["held"], (
        "here each film is a patient's own"
    )
    assert [line["epoch"] for line in lines] == [0, 1, 2] and [line["films"] for line in lines[1:]] == [films, films]


def test_the_candidate_is_a_set_of_weights_as_the_registry_keeps_them(done: Path, start: Path) -> None:
    network, file = load_grader(folder=done / "weights")
    assert file.metadata["tuned_from"] == read_weights("grader", start).sha256
    second = {name: one.sha256 for name, (_, one) in load_whole_hands().items()}  # stays beside a fine-tuned grader
    assert load_intervals({"grader": file.sha256} | second, done / "weights") == 9.0
    assert not (done / "weights" / "localizer.safetensors").exists(), "nobody moved a box"
    before, _ = load_grader(folder=start)
    assert not torch.equal(network.head.weight, before.head.weight)
    torch.testing.assert_close(network.calibration.state_dict(), before.calibration.state_dict())


def test_curves_are_kept_in_the_run_folder(tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    program = (
        "import sys; from pathlib import Path; from core.learning.run.curves import Curves; "
        "curves = Curves.open(Path(sys.argv[1])); curves.add({'lesson': 'grader', 'step': 1, 'loss': 0.5}); curves.close()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=120)
    assert any((tmp_path / "trackio").glob("*.db"))


def test_a_finished_run_is_left_as_it_is(done: Path, lessons: LessonsAt, start: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in done.rglob("*") if path.is_file() and path.name != "lock"}
    assert finetune(_order(lessons, start, done)).state == "done"
    assert before == {path: path.stat().st_mtime_ns for path in before}


class _Killed(BaseException):
    pass


def test_a_killed_run_ends_with_the_same_weights(
    done: Path, lessons: LessonsAt, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = courses._Lesson.take
    last = _log(done)[-1]["of_steps"]
    at = int(np.random.default_rng().integers(1, last))

    def killed(lesson: Any, step: int, *given: Any) -> None:
        if step == at:
            raise _Killed
        take(lesson, step, *given)

    monkeypatch.setattr(courses._Lesson, "take", killed)
    with pytest.raises(_Killed):
        finetune(_order(lessons, start, tmp_path / "run"))
    monkeypatch.undo()
    torch.rand(3)  # whatever else was drawn
    assert finetune(_order(lessons, start, tmp_path / "run")).state == "done"
    assert _same_weights(done, tmp_path / "run"), f"killed at step {at} of {last}"
    without_time = [{k: v for k, v in line.items() if k != "seconds"} for line in _log(tmp_path / "run")]
    assert without_time == [{k: v for k, v in line.items() if k != "seconds"} for line in _log(done)]


def test_cancel_ends_a_run_and_the_same_order_goes_on_of_the_export_s_zip_too(
    done: Path, export_folder: Path, start: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    zipped(export_folder, tmp_path / "export.zip")

    def of_zip(revision: int | None) -> Lessons:
        return ExportLessons.of_zip(tmp_path / "export.zip", run / "unpacked")

    run.mkdir()
    (run / "cancel").touch()
    (run / "unpacked" / "export").mkdir(parents=True)  # as a run leaves it that was killed while it unpacked
    assert finetune(_order(of_zip, start, run)).state == "cancelled"
    assert json.loads((run / "run.json").read_text())["state"] == "cancelled"
    assert not (run / "cancel").exists() and not (run / "weights").exists()
    assert not (run / "unpacked").exists(), "no crop stays longer than it is needed"
    record = finetune(_order(of_zip, start, run))
    assert record.state == "done" and not (run / "unpacked").exists()
    assert record.manifest_sha256 == json.loads((done / "run.json").read_text())["manifest_sha256"]
    assert _same_weights(done, run)


_OTHER_CHECKPOINT = {"state": {"course": "grader", "network": {"weight": torch.zeros(3)}}, "lines": 0}


def _break(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda run: _break(run / "checkpoint.pt"), "checkpoint.pt is damaged: delete it, and the same command begins"),
        (lambda run: (run / "checkpoint.pt").write_text("no"), "checkpoint.pt is damaged: delete it"),
        (lambda run: torch.save(_OTHER_CHECKPOINT, run / "checkpoint.pt"), "checkpoint.pt is another run's: delete it"),
        (lambda run: shutil.rmtree(run / "material"), "The lessons in .*material are missing or damaged"),
        (lambda run: _break(run / "material/grading/crops"), "The lessons in .*material are missing or damaged"),
        (lambda run: (run / "run.json").write_text("[]"), "run.json is damaged: name another folder"),
    ],
)
def test_a_run_that_was_damaged_is_one_sentence(
    damage: Callable[[Path], object], sentence: str, stopped: Path, lessons: LessonsAt, start: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(stopped, tmp_path / "run")
    damage(run)
    with pytest.raises(RunRefused, match=sentence):
        finetune(_order(lessons, start, run))
    assert not (run / "weights").exists()


def test_a_card_without_memory_costs_nobody_their_checkpoint(
    stopped: Path, lessons: LessonsAt, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shutil.copytree(stopped, tmp_path / "run")

    def full(optimizer: torch.optim.AdamW, state: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.optim.AdamW, "load_state_dict", full)
    with pytest.raises(torch.OutOfMemoryError):
        finetune(_order(lessons, start, run))


def test_what_is_no_folder_of_weights_or_of_a_run(lessons: LessonsAt, start: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunRefused, match=r"is not a folder of weights: it lacks registry\.json"):
        finetune(_order(lessons, tmp_path / "none", tmp_path / "run"))
    with pytest.raises(RunRefused, match=r"file cannot be read or written .*: correct this, or name another folder"):
        finetune(_order(lessons, start, tmp_path / "file"))


def test_boxes_are_learned_from_the_ledger(store: Store, start: Path, tmp_path: Path) -> None:
    fill(store, 6)
    record = finetune(
        _order(
            of_ledger(tmp_path / "store"), start, tmp_path / "run", grader=dataclasses.replace(RECIPE.grader, epochs=1)
        )
    )
    assert record.manifest_sha256 is None and record.ledger_revision == store.ledger.ledger_revision()
    assert record.films.localizer["with_a_moved_box"] > 1
    candidate, _ = load_localizer(folder=tmp_path / "run" / "weights")
    before, _ = load_localizer(folder=start)
    assert not torch.equal(candidate.heat.weight, before.heat.weight)


def test_a_run_folder_of_another_model_or_export(done: Path, lessons: LessonsAt, start: Path, tmp_path: Path) -> None:
    with pytest.raises(RunRefused, match=r"belongs to a run with another model: name another folder"):
        finetune(_order(lessons, start_weights(tmp_path / "other", seed=5), done))
    with pytest.raises(RunRefused, match="another setting"):
        finetune(_order(lessons, start, done, seed=2))
    job = {"id": "1", "url": "https://hub/1", "hardware": "t4-small", "stage": "RUNNING", "place": "run-1"}
    with RunFolder(tmp_path / "job").held():
        (tmp_path / "job" / "run.json").write_text(json.dumps({"state": "running", "job": job}))
    with pytest.raises(RunRefused, match="belongs to a job of the hub: name another folder"):
        finetune(_order(lessons, start, tmp_path / "job"))
    (tmp_path / "job" / "run.json").write_text('{"state": "done"}')
    with pytest.raises(RunRefused, match="belongs to a run with another model"):
        finetune(_order(lessons, start, tmp_path / "job"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(RunRefused, match="is not a fine-tuning's folder"):
        finetune(_order(lessons, start, tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_two_runs_at_once_in_one_folder(lessons: LessonsAt, start: Path, tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run").held(), pytest.raises(RunRefused, match="Another run is at work"):
        finetune(_order(lessons, start, tmp_path / "run"))


@contextmanager
def files_no_larger_than(count: int) -> Iterator[None]:
    """As on a full disk: no file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_keeps_the_last_checkpoint(
    done: Path, lessons: LessonsAt, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    saves: list[bytes] = []
    save = RunFolder.save

    def fewer_bytes(folder: RunFolder, checkpoint: bytes) -> None:
        # from the second checkpoint on no file may grow beyond half of it
        with files_no_larger_than(len(checkpoint) // 2) if saves else nullcontext():
            save(folder, checkpoint)
        saves.append(checkpoint)

    monkeypatch.setattr(RunFolder, "save", fewer_bytes)
    with pytest.raises(RunRefused, match=r"cannot be written .*: make room and give the same command again"):
        finetune(_order(lessons, start, run))
    assert (run / "checkpoint.pt").read_bytes() == saves[0]
    assert not list(run.glob(".*.new")) and not (run / "weights").exists()
    monkeypatch.undo()
    (run / "weights").mkdir()
    (run / "weights" / "registry.json").touch()  # what is left where the disk is full by then
    assert finetune(_order(lessons, start, run)).state == "done"
    assert _same_weights(done, run)


def test_a_disk_that_is_full_before_the_first_step_leaves_nothing_half(
    export_folder: Path, start: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    zipped(export_folder, tmp_path / "export.zip")
    for lessons in (
        lambda revision: ExportLessons(export_folder),
        lambda revision: ExportLessons.of_zip(tmp_path / "export.zip", run / "unpacked"),
    ):
        with (
            files_no_larger_than(100_000),
            pytest.raises(RunRefused, match=r"make room and give the same command again\.$"),
        ):
            finetune(_order(lessons, start, run))
        assert {path.name for path in run.iterdir()} == {"lock"}


def test_minutes_take_the_best_until_then(lessons: LessonsAt, start: Path, tmp_path: Path) -> None:
    order = dataclasses.replace(_order(lessons, start, tmp_path / "run"), minutes=1e-9)
    record = finetune(order)
    assert record.state == "done" and record.metrics.grader.best["step"] == 0


def test_two_processes_and_the_command(export_folder: Path, start: Path, tmp_path: Path) -> None:
    """Together they see each film once an epoch, and start from the same measure as one."""
    run = tmp_path / "two"
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
        "-m", "core", "finetune", "--dataset", str(export_folder), "--from", str(start), "--out", str(run),
        "--epochs", "1", "--device", "cpu",
    ]  # fmt: skip
    finished = subprocess.run(
        command, cwd=_ROOT, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    assert finished.stdout.count("The candidate is in") == 1
    document = json.loads((run / "run.json").read_text())
    assert document["hardware"]["processes"] == 2
    first, second = _log(run)
    assert second["films"] == document["films"]["grader"]["learn"]
    assert first["held_loss"] == pytest.approx(document["metrics"]["grader"]["start"]["held_loss"], abs=1e-4)
    read_weights("grader", run / "weights")


def test_films_without_pixels_are_counted(store: Store, start: Path, tmp_path: Path) -> None:
    fill(store, 5, moved=False)
    store.accept(store.film(8, patient="unkept", consent=False))
    options = ExportOptions(formats=("labels", "crops"), shares=Shares(99, 0, 1))
    one_epoch = dataclasses.replace(RECIPE.grader, epochs=1)
    record = finetune(_order(exported(store, tmp_path / "out", options), start, tmp_path / "run", grader=one_epoch))
    assert record.films.left_out["grader"]["no pixels kept, or no hand found"] == 1
