"""The app as a program of its own, for measurements of it from outside."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
#: Allowed from the start of the program to its first page.
START_SECONDS: Final = 180


@dataclass(frozen=True)
class Served:
    """Where the app answers, and the number of its process."""

    url: str
    process: int


@contextmanager
def served(data: Path, person: str | None = None) -> Iterator[Served]:
    """The app on a free port over a data folder, until the block ends. person: the name of whoever is at this machine; None:
    as it is. Ends the program with a sentence where the app does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORT": str(port), "HOST": "127.0.0.1", "BONEGRADE_DATA": str(data)}
    if person is not None:
        environment["LOGNAME"] = person
    quiet = subprocess.DEVNULL
    app = subprocess.Popen([sys.executable, "app.py"], cwd=_ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, app)
        yield Served(url, app.pid)
    finally:
        app.terminate()
        app.wait(60)


def _wait(url: str, app: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while app.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.3)
    sys.exit(f"The app did not answer within {START_SECONDS} s.")


def resident_mib(process: int) -> int:
    """A process's resident memory."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20
