"""How many films a second two workers of Ray's assess against one, that they give the same rows, and that a worker which is
killed midway costs no film.

    python -m benchmarks.batch

Copies of the shipped examples stand for films. Each run is taken from its first row to its last, so that starting Ray and
loading the networks do not count. Run it on an idle machine with two cores or more; it needs Ray (requirements-ray.txt).
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from core.assessment.assessor import Assessor
from core.assessment.records import Progress
from core.batch import BatchFilm
from core.batch.engines import ray
from core.batch.rows import ResultRow
from core.film.radiograph import Radiograph
from core.film.stated import Side
from core.hand.hand import Hand

_EXAMPLES: Final = Path(__file__).parents[1] / "examples"
#: How many times one worker's films a second two workers must do.
_ASKED: Final = 1.7


@dataclass(frozen=True)
class Run:
    """One run. rows: by film, without the time that each took. rate: films a second."""

    rows: dict[str, ResultRow]
    rate: float


class DyingOnce(Assessor):
    """The pipeline in a process that is killed after a number of films, unless another was killed before."""

    mark: Path
    left: int

    def find_hand(self, radiograph: Radiograph, progress: Progress | None = None, wanted: Side = "L") -> Hand:
        """Finds the hand as the pipeline does, until the process is killed."""
        self.left -= 1
        if self.left < 0 and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().find_hand(radiograph, progress, wanted)


def dying_once(mark: Path, after: int) -> DyingOnce:
    """The shipped pipeline, which dies after this number of films. mark: a file that says that one has died."""
    assessor = DyingOnce.from_registry()
    assessor.mark, assessor.left = mark, after
    return assessor


def measured(films: list[BatchFilm], workers: int, mark: Path | None = None) -> Run:
    """Measures one run by this number of workers, one of which is killed midway where a mark is given."""
    load = Assessor.from_registry if mark is None else partial(dying_once, mark, len(films) // 8)
    rows: dict[str, ResultRow] = {}
    first = 0.0
    for row in ray(load, films, workers):
        first = first or time.perf_counter()
        rows[row["id"]] = _without_time(row)
    return Run(rows, (len(rows) - 1) / (time.perf_counter() - first))


def _without_time(row: ResultRow) -> ResultRow:
    document = json.loads(row.pop("assessment", "{}"))
    document.pop("seconds", None)
    return {**row, "seconds": 0.0, "assessment": document}


def main() -> None:
    """Prints the table; exits with a sentence where a row differs or a film is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=100, help="films of each run")
    count: int = parser.parse_args().films
    examples = json.loads((_EXAMPLES / "examples.json").read_text())
    films = [
        BatchFilm(f"{number:05d}", str(_EXAMPLES / one["file"]), one["sex"], "left")
        for number, one in ((number, examples[number % len(examples)]) for number in range(count))
    ]
    with tempfile.TemporaryDirectory() as folder:
        one, two = measured(films, 1), measured(films, 2)
        killed = measured(films, 2, Path(folder) / "killed")
        if not (Path(folder) / "killed").exists():
            sys.exit("No worker was killed: take more films.")
    print("| run | films | films a second | times one worker |\n|---|---|---|---|")
    for name, made in (("one worker", one), ("two workers", two), ("two workers, one killed midway", killed)):
        print(f"| {name} | {len(made.rows)} | {made.rate:.2f} | {made.rate / one.rate:.2f} |")
    print(f"\nAsked: two workers at least {_ASKED} times one worker.")
    if not one.rows == two.rows == killed.rows or len(one.rows) != count:
        sys.exit("The runs do not have the same rows.")


if __name__ == "__main__":
    main()
