"""Many visitors at once: how long they wait, what fails, how much memory the app keeps, and what a browser loads.

    python -m benchmarks.load --users 20 --minutes 10

Starts the app with an empty data folder, so that nothing of this machine's is touched. Each user asks the API for one
assessment after the other, all of the shipped examples in turn. Run it on an idle machine.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from gradio_client import Client, handle_file
from playwright.sync_api import sync_playwright

from benchmarks.serving import START_SECONDS, resident_mib, served
from core.evaluation.figures import as_json

_ROOT: Final = Path(__file__).parents[1]
#: A program waits as a browser does, which has no limit of five seconds.
_PATIENCE_SECONDS: Final = 300
#: A first visit is over when nothing more has been fetched for this long: the page fetches its parts one after the other.
_QUIET_SECONDS: Final = 3.0
#: What the browser says of the first visit: milliseconds to the first paint with something in it, and bytes that came over
#: the line.
_PAINT: Final = """() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return [paint ? paint.startTime : null, loaded.reduce((sum, one) => sum + one.transferSize, 0), loaded.length];
}"""


@dataclass(frozen=True)
class FirstVisit:
    """A visit of a browser that has nothing of the page yet. seconds: until something is painted; mib: over the line."""

    seconds_to_first_paint: float | None
    mib: float
    files: int


@dataclass(frozen=True)
class Load:
    """seconds: from asking to the answer, median and 95th percentile; none where nothing was answered. memory_mib: the app's
    resident memory before the first answer, after a tenth of the time, and at the end. errors: how often what went wrong."""

    users: int
    minutes: float
    answers: int
    errors: dict[str, int]
    films_a_second: float
    seconds: tuple[float, float] | None
    memory_mib: tuple[int, int, int]
    first_visit: FirstVisit | None


class Visitors:
    """Users who ask for assessments until they are told to stop."""

    def __init__(self, url: str, films: Sequence[tuple[Path, str]]):
        self._url, self._films = url, films
        self._over = threading.Event()
        self._noting = threading.Lock()
        self.seconds: list[float] = []
        self.errors: dict[str, int] = {}

    def visit(self, users: int, seconds: float) -> None:
        """Lets this many users come at once, for this long; each completes what it has asked for."""
        threads = [threading.Thread(target=self._user, args=(number,)) for number in range(users)]
        for thread in threads:
            thread.start()
        self._over.wait(seconds)
        self._over.set()
        for thread in threads:
            thread.join()

    def _user(self, number: int) -> None:
        client: Client | None = None
        for place in itertools.count(number):
            film, sex = self._films[place % len(self._films)]
            asked = time.perf_counter()
            try:
                client = client or Client(self._url, verbose=False, httpx_kwargs={"timeout": _PATIENCE_SECONDS})
                client.predict(handle_file(film), sex, "left", api_name="/assess")
            except Exception as error:  # whatever a visitor would see
                with self._noting:
                    said = f"{type(error).__name__}: {error}"[:200]
                    self.errors[said] = self.errors.get(said, 0) + 1
                self._over.wait(1.0)
            else:
                with self._noting:
                    self.seconds.append(time.perf_counter() - asked)
            if self._over.is_set():
                return


def first_visit(url: str, chromium: str) -> FirstVisit:
    """Measures what a browser has to load for the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(1000 * START_SECONDS)
        page.goto(url)
        page.get_by_role("tab", name="Assess").wait_for()
        paint, weight, files = page.evaluate(_PAINT)
        came = time.monotonic()
        while time.monotonic() < came + _QUIET_SECONDS:
            time.sleep(0.1)
            before, (paint, weight, files) = files, page.evaluate(_PAINT)
            came = time.monotonic() if files != before else came
        browser.close()
    return FirstVisit(None if paint is None else round(paint / 1000, 2), round(weight / 2**20, 2), files)


def measure(url: str, process: int, users: int, minutes: float, chromium: str | None) -> Load:
    """The figures of an app that is served already."""
    examples = json.loads((_ROOT / "examples" / "examples.json").read_text())
    visitors = Visitors(url, [(_ROOT / "examples" / one["file"], one["sex"]) for one in examples])
    visit = None if chromium is None else first_visit(url, chromium)
    memory = [resident_mib(process)]
    early = threading.Timer(6 * minutes, lambda: memory.append(resident_mib(process)))
    early.start()
    started = time.perf_counter()
    visitors.visit(users, 60 * minutes)
    took = time.perf_counter() - started
    early.join()
    answered = visitors.seconds
    return Load(
        users=users,
        minutes=minutes,
        answers=len(answered),
        errors=visitors.errors,
        films_a_second=round(len(answered) / took, 2),
        seconds=(
            (round(statistics.median(answered), 1), round(float(np.percentile(answered, 95)), 1)) if answered else None
        ),
        memory_mib=(memory[0], memory[1], resident_mib(process)),
        first_visit=visit,
    )


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20, help="who come at once")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long they stay")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory(prefix="bonegrade-load-") as data, served(Path(data)) as app:
        print(as_json(measure(app.url, app.process, options.users, options.minutes, chromium)))


if __name__ == "__main__":
    main()
