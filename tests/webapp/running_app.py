"""The app as a program of its own that tests start, kill and start again, and the browser that looks at it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from benchmarks.serving import resident_mib

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
if CHROMIUM is None and os.environ.get("BONEGRADE_TEST_CHROMIUM") == "required":
    # .ci/run installs it, so there a test that is skipped is a test that is missing.
    raise RuntimeError("There is no chromium: apt-get install chromium, or name one by CHROMIUM.")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: From the start of the program to a page, and from a click to an answer, on two busy cores.
START_SECONDS = 90
ANSWER_MS = 60_000


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Seconds:
    """What a process took of the machine, with its children. computing: of all cores. waiting: while threads were ready
    to compute and no core was free, which tells a busy machine from a program that hangs. Zeros where there is no /proc."""

    computing: float
    waiting: float

    @classmethod
    def of(cls, process: int) -> "Seconds":
        """So far, without the waiting of threads and children that have ended."""
        computing = waiting = 0.0
        left = [process]
        while left:
            folder = Path("/proc") / str(left.pop())
            try:
                ticks = (folder / "stat").read_text().rpartition(")")[2].split()[11:15]
                computing += sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
                for thread in (folder / "task").iterdir():
                    waiting += int((thread / "schedstat").read_text().split()[1]) / 1e9
                    left += map(int, (thread / "children").read_text().split())
            except OSError:  # it has just ended
                continue
        return cls(computing, waiting)

    def __sub__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.computing - other.computing, self.waiting - other.waiting)


class RunningApp:
    """A program that serves the app on a port of its own, over a ledger of its own unless the settings name another."""

    def __init__(self, command: Sequence[str] = ("app.py",), settings: Mapping[str, str] | None = None):
        self._command = [sys.executable, *command]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._data = tempfile.TemporaryDirectory(prefix="bonegrade-test-")
        usual = {"PORT": str(self.port), "HOST": "127.0.0.1", "BONEGRADE_DATA": self._data.name}
        self._environment = os.environ | usual | dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, again on the same port, and waits until it answers."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except OSError:
                time.sleep(0.3)
        raise AssertionError(f"the app did not answer within {START_SECONDS} s")

    def seconds(self) -> "Seconds":
        """What the program and its children have taken so far."""
        assert self._process is not None
        return Seconds.of(self._process.pid)

    def memory_mib(self) -> int:
        """What the program itself has in memory, without its children."""
        assert self._process is not None
        return resident_mib(self._process.pid)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=20)

    def stop(self) -> None:
        """Ends it in an orderly way."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(command: Sequence[str] = ("app.py",), settings: Mapping[str, str] | None = None) -> Iterator[RunningApp]:
    """A program that is started now and stopped afterwards."""
    app = RunningApp(command, settings)
    try:
        app.start()  # inside, so that one that is too slow to answer is ended too
        yield app
    finally:
        app.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser that waits for a page or an element as long as for any answer."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        browser.on("context", lambda context: context.set_default_timeout(ANSWER_MS))
        yield browser
        browser.close()


#: A page that is being left takes the requests cut off by leaving for a lost connection, and says so in its console.
_SILENT_ON_LEAVING = "addEventListener('beforeunload', () => { console.error = () => {}; });"


def watched(page: Page, url: str) -> list[str]:
    """Errors in the page's console, and addresses other than the app's that it fetched: a list that grows.

    Requests that a reload or a closed page cuts off are not the page's fault.
    """
    troubles: list[str] = []
    page.add_init_script(_SILENT_ON_LEAVING)
    page.evaluate(_SILENT_ON_LEAVING)

    def hear(line: ConsoleMessage) -> None:
        if line.type == "error" and "AbortError" not in line.text:
            troubles.append(line.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: _note_foreign(request.url, url, troubles))
    return troubles


def _note_foreign(address: str, url: str, troubles: list[str]) -> None:
    if not address.startswith((url, "data:", "blob:")):
        troubles.append(f"fetched {address}")


def sign_in(page: Page, name: str, password: str) -> None:
    """Fills in both fields of the login page, as gradio empties the name after a wrong password."""
    page.get_by_label("username").fill(name, timeout=ANSWER_MS)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()
