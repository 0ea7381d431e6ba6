"""The one assessor of a process, and how it follows the live weights."""

import json
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.assessment.assessor import Assessor
from core.assessment.live_model import LIVE, SHIPPED, VERSIONS
from core.errors import BoneGradeError
from models import WEIGHTS
from models.registry import INTERVALS, load_grader, register, register_intervals
from webapp import service
from webapp.service import LiveAssessor

#: Makes a version live; see `promoting`.
MakeLive = Callable[[str], None]


@pytest.fixture
def make_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLive:
    """Puts the name of a version into the record of what is live, and that of a folder that may not be there."""
    monkeypatch.setenv("BONEGRADE_WEIGHTS", str(tmp_path))

    def make(version: str) -> None:
        entry = {"version": version, "how": "promoted", "at": "", "by": "ann", "before": SHIPPED}
        (tmp_path / LIVE).write_text(json.dumps({"history": [entry]}))

    return make


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A version whose grader is not the shipped one; without a second opinion."""
    folder = tmp_path / VERSIONS / "0001-other"
    folder.mkdir(parents=True)
    network, file = load_grader()
    network.head.bias.data += 0.5
    shutil.copy(WEIGHTS / "localizer.safetensors", folder)
    index = {"localizer": json.loads((WEIGHTS / "registry.json").read_text())["localizer"]}
    (folder / "registry.json").write_text(json.dumps(index))
    register_intervals(9.0, {"grader": register("grader", network, file.metadata, folder)}, folder)
    return folder.name


def test_missing_weights_are_told_to_everyone_who_asks_and_in_the_log(
    make_live: MakeLive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_live("0001-gone")
    monkeypatch.setattr(service, "_LIVE", LiveAssessor())
    service.warm_up().join(timeout=60)
    assert "could not be loaded" in caplog.text
    for _ in range(2):
        with pytest.raises(BoneGradeError, match="0001-gone, are gone"):
            service.live_assessor()


def test_all_who_ask_at_once_share_one_assessor() -> None:
    live = LiveAssessor()
    with ThreadPoolExecutor(4) as pool:
        found = {id(assessor) for assessor in pool.map(lambda _: live.get(), range(4))}
    assert len(found) == 1


def test_other_weights_are_taken_up_and_the_former_stay_for_what_they_began(make_live: MakeLive, other: str) -> None:
    live = LiveAssessor()
    former = live.get()
    make_live(other)
    new = live.get()
    assert new is live.get() is not former and new.weights["grader"] != former.weights["grader"]
    assert new.by(former.weights) is former and new.by(new.weights) is new
    assert new.by({"grader": "of long ago"}) is new
    make_live(SHIPPED)
    assert live.get().weights == former.weights


def test_while_one_loads_the_new_weights_the_others_go_on(
    make_live: MakeLive, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveAssessor()
    former, begun, go_on = live.get(), threading.Event(), threading.Event()
    load = Assessor.from_folder

    def slowly(folder: Path) -> Assessor:
        begun.set()
        assert go_on.wait(60)
        return load(folder)

    monkeypatch.setattr(Assessor, "from_folder", slowly)
    make_live(other)
    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(live.get)
        assert begun.wait(60) and live.get() is former
        go_on.set()
        assert loaded.result().weights != former.weights
    assert live.get() is loaded.result()


def test_weights_that_cannot_be_loaded_leave_the_former_at_work(
    make_live: MakeLive, other: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveAssessor()
    former = live.get()
    (tmp_path / VERSIONS / other / INTERVALS).unlink()
    make_live(other)
    assert live.get() is live.get() is former
    assert caplog.text.count("cannot be loaded, and the former weights go on answering") == 1
    (tmp_path / LIVE).write_text("{")
    assert live.get() is former
