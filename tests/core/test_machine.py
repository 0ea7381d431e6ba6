"""Threads: as many as there are cores at hand, and patient, before torch is loaded, however the program is started."""

import logging
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.machine import configure_threads, cores, keep_doing, user
from tests.hands import shipped_examples
from tests.webapp.running_app import free_port

_ROOT = Path(__file__).parents[2]
_OURS = ("OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
#: Ends a program when it first loads torch, and says how threads are set at that moment.
_WATCH = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            variables = "OMP_WAIT_POLICY", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"
            print(*map(os.environ.get, variables), sys.getswitchinterval() < 0.001, flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watch())
"""
_FILM = str(shipped_examples()[0].path)


def _output(*arguments: str, **settings: str) -> str:
    """What a fresh Python prints that may use one core, where these settings alone say how threads are set."""
    environment = {name: value for name, value in os.environ.items() if name not in _OURS} | settings
    core = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "program",
    [
        ("app.py",),
        ("-m", "core", "assess", _FILM, "--sex", "F"),
        ("-m", "benchmarks.speed"),
        ("-c", "import core.assessment.assessor"),
        ("-m", "pytest", "-s", "tests/models/test_shuffle_attention.py"),
    ],
    ids=lambda program: " ".join(program[:2]),
)
def test_threads_are_settled_before_torch_is_loaded(program: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(_WATCH)
    data = {"PYTHONPATH": str(tmp_path), "BONEGRADE_DATA": str(tmp_path / "data"), "PORT": str(free_port())}
    assert _output(*program, **data) == "PASSIVE 1 1 True"


_THREADS = "import core, cv2, torch; print(torch.get_num_threads(), cv2.getNumThreads())"


def test_the_libraries_have_the_threads_that_affinity_allows() -> None:
    assert _output("-c", _THREADS) == "1 1"


def test_what_the_user_set_stands() -> None:
    assert _output("-c", _THREADS, OMP_NUM_THREADS="2") == "2 1"
    own = {"OMP_NUM_THREADS": "7", "OPENCV_FOR_THREADS_NUM": "5", "OMP_WAIT_POLICY": "ACTIVE"}
    settled = dict(own)
    configure_threads(settled)
    assert settled == own | {"ORT_DISABLE_TELEMETRY": "1"}
    patient = {"GOMP_SPINCOUNT": "1000"}
    configure_threads(patient)
    assert "OMP_WAIT_POLICY" not in patient and patient["GOMP_SPINCOUNT"] == "1000"


def _tree(root: Path, files: dict[str, str]) -> Path:
    """A file system of these files."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose affinity allows eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "3200000 100000\n"}, 8),
        (
            {
                "proc/self/cgroup": "0::/app.slice/page.service\n",
                "sys/fs/cgroup/app.slice/cpu.max": "300000 100000\n",
                "sys/fs/cgroup/app.slice/page.service/cpu.max": "max 100000\n",
            },
            3,
        ),
        (
            {
                "proc/self/cgroup": "4:memory:/docker/1f\n3:cpu,cpuacct:/docker/1f\n0::/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
        (
            {
                "proc/self/cgroup": "3:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            8,
        ),
    ],
    ids=["no groups", "no limit", "two", "one and a half", "a fifth", "more than there are", "parent", "first version",
         "first version, no limit"],
)  # fmt: skip
@pytest.mark.usefixtures("eight")
def test_cores_follow_the_control_groups(files: dict[str, str], expected: int, tmp_path: Path) -> None:
    assert cores(_tree(tmp_path, files)) == expected


def test_whoever_has_no_name_in_a_container_is_me(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert user() == "me"
    monkeypatch.setenv("USER", "ann")
    assert user() == "ann"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how another C library keeps memory is its own affair")
def test_a_program_that_keeps_what_is_freed_does_not_ask_the_system_for_it_again() -> None:
    program = """
import resource
import core, numpy as np
from core.machine import keep_freed
def faults():
    for _ in range(3):
        np.ones(1 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(1 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
given_back = faults()
keep_freed()
print(given_back, faults())
"""
    given_back, kept = map(int, _output("-c", program).split())
    assert kept < given_back / 10


def test_what_failed_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    turns = 0
    done = threading.Event()

    def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise OSError("the disk is full")
        if turns == 3:
            done.set()

    with caplog.at_level(logging.ERROR):
        thread = keep_doing(work, 0.01, "counting")
        assert done.wait(10)
    assert thread.daemon and thread.name == "counting"
    assert [record.getMessage() for record in caplog.records] == ["counting failed; it is tried again in 0.01 seconds."]
    assert "the disk is full" in caplog.text
