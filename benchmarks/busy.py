"""How long an assessment takes on a busy machine, and how long a visitor waits for the work that goes on in the background.

    python -m benchmarks.busy

"Beside" are programs or threads that never rest. A visit is one assessment, file to answer, as the Assess tab makes it,
with its wait for a turn. Uses the shipped examples. Run it on an idle machine, whose cores it keeps busy by itself.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from core.assessment.assessor import Assessor
from core.film.burned_in_text import find_text
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.intake.background import BackgroundAssessor
from core.intake.filing import Filing
from core.intake.turns import Turns
from core.ledger import Consent, Ledger, LedgerSettings
from core.machine import cores

_FILM: Final = Path(__file__).parents[1] / "examples" / "girl_13_years.png"
#: How many times as long as on an idle machine the median visit may take, with a busy program on every core.
_ASKED: Final = 2.5
_FOREVER: Final = "while True: pass"


@dataclass(frozen=True)
class Visits:
    """Seconds that visits took, and that each waited for its turn."""

    seconds: list[float]
    waits: list[float]

    @property
    def median(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)


class Visitor:
    """Somebody who assesses a film again and again."""

    def __init__(self, assessor: Assessor, turns: Turns):
        self._assessor = assessor
        self._turns = turns

    def visits(self, count: int, rest: float = 0.0) -> Visits:
        """Makes `count` visits, with a rest in seconds before each."""
        seconds, waits = [], []
        for _ in range(count):
            time.sleep(rest)
            came = time.perf_counter()
            radiograph = read_radiograph(_FILM)
            read = time.perf_counter()
            with self._turns.now():
                waits.append(time.perf_counter() - read)
                self._assessor.assess(radiograph, "F")
            seconds.append(time.perf_counter() - came)
        return Visits(seconds, waits)


@contextmanager
def programs(count: int) -> Iterator[None]:
    """Other programs, `count` of them, each of which keeps a core busy."""
    running = [subprocess.Popen([sys.executable, "-c", _FOREVER]) for _ in range(count)]
    try:
        yield
    finally:
        for program in running:
            program.kill()
            program.wait()


@contextmanager
def thread(work: Callable[[], object]) -> Iterator[None]:
    """A thread of this process that does the same over and over."""
    over = threading.Event()

    def again() -> None:
        while not over.is_set():
            work()

    running = threading.Thread(target=again)
    running.start()
    try:
        yield
    finally:
        over.set()
        running.join()


@contextmanager
def queue(assessor: Assessor, turns: Turns, films: int) -> Iterator[BackgroundAssessor]:
    """The queue's background, with this many films waiting."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(LedgerSettings.in_folder(Path(folder)))
        film = read_radiograph(_FILM)
        for number in range(films):
            pixels = film.pixels.copy()
            pixels[0, 0] = np.float32(number / films)
            ledger.add_film(
                Radiograph(pixels, None, None, film_hash(pixels)), "F", reader="ada", source="queue", consent=Consent()
            )
        background = BackgroundAssessor(Filing(ledger, lambda: assessor, turns.when_free))
        background.start()
        try:
            yield background
        finally:
            background.stop(60.0)
            ledger.close()


def _python() -> None:
    sum(number * number for number in range(10_000))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=15, help="visits of each row")
    visits: int = parser.parse_args().visits

    assessor, turns, film = Assessor.from_registry(), Turns(), read_radiograph(_FILM)
    visitor = Visitor(assessor, turns)
    visitor.visits(2)
    find_text(film)
    print(f"{cores()} cores at hand, {torch.get_num_threads()} threads; seconds of {visits} visits each.\n")
    print("| beside | median | worst | median, times idle | longest wait for a turn |")
    print("|---|---|---|---|---|")
    idle = visitor.visits(visits)

    def row(name: str, made: Visits) -> None:
        times = made.median / idle.median
        print(
            f"| {name} | {made.median:.2f} | {max(made.seconds):.2f} | {times:.1f} | {max(made.waits):.2f} |",
            flush=True,
        )

    row("nothing", idle)
    with programs(1):
        row("a busy program", visitor.visits(visits))
    with programs(cores()):
        row(f"a busy program on each core (asked: <= {_ASKED} times idle)", visitor.visits(visits))
    with thread(_python):
        row("a thread that computes in Python", visitor.visits(visits))
    with thread(lambda: find_text(film)):
        row("films looked through for writing", visitor.visits(visits))
    with queue(assessor, turns, 4 * visits) as background:
        row("the queue's background", visitor.visits(visits, rest=0.3))
        _check_at_work(background)
    with ExitStack() as stack:
        stack.enter_context(programs(cores()))
        background = stack.enter_context(queue(assessor, turns, 4 * visits))
        row("the queue's background and a busy program on each core", visitor.visits(visits, rest=0.3))
        _check_at_work(background)


def _check_at_work(background: BackgroundAssessor) -> None:
    if not background.progress().at_work:
        sys.exit("The background was done before the visits were: its row says too little.")


if __name__ == "__main__":
    main()
