"""How long an assessment takes, with and without maps, how long until a fresh process answers, and how much memory it needs.

    python -m benchmarks.speed

Uses a shipped example. Run it on an idle machine; `reference` is one 2048 x 2048 matrix product in the same run, so that runs
on different machines can be compared.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from core.assessment.assessor import Assessor
from core.assessment.map_guide import guide_for
from core.bones import Sex
from core.evaluation.figures import as_json
from core.film.radiograph import read_radiograph

_EXAMPLES = Path(__file__).parents[1] / "examples"
_FIRST_ANSWER = (
    "from core.assessment.assessor import Assessor; from core.film.radiograph import read_radiograph; import sys;"
    "from webapp.app import build_app, open_desk; build_app(open_desk());"
    "Assessor.from_registry().assess(read_radiograph(sys.argv[1]), sys.argv[2])"
)


@dataclass(frozen=True)
class Seconds:
    """Of some runs."""

    median: float
    slowest: float


@dataclass(frozen=True)
class Speed:
    """In seconds; peak_memory_mib is the peak resident memory of this process."""

    threads: int
    reference: Seconds
    assess: Seconds
    assess_with_all_maps: Seconds
    fresh_process_to_first_answer: float
    peak_memory_mib: int


def _seconds(action: Callable[[], object], repeats: int = 7) -> Seconds:
    action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return Seconds(round(float(np.median(times)), 3), round(max(times), 3))


def main() -> None:
    """Prints the figures as JSON."""
    example = json.loads((_EXAMPLES / "examples.json").read_text())[0]
    path, sex = _EXAMPLES / example["file"], example["sex"]
    given: Sex = "F" if sex == "F" else "M"
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"BONEGRADE_DATA": data}
        command = [sys.executable, "-c", _FIRST_ANSWER, str(path), sex]
        subprocess.run(command, check=True, cwd=_EXAMPLES.parent, env=environment)
    first_answer = time.perf_counter() - started

    assessor = Assessor.from_registry()
    matrix = torch.randn(2048, 2048)

    def assess() -> object:
        return assessor.assess(read_radiograph(path), given)

    def assess_and_explain() -> object:
        hand = assessor.find_hand(read_radiograph(path))
        return assessor.explain(
            hand, assessor.assess_hand(hand, given), guide_for(assessor.weights["grader"]).first_stage
        )

    figures = Speed(
        threads=torch.get_num_threads(),
        reference=_seconds(lambda: matrix @ matrix),
        assess=_seconds(assess),
        assess_with_all_maps=_seconds(assess_and_explain),
        fresh_process_to_first_answer=round(first_answer, 1),
        peak_memory_mib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )
    print(as_json(figures))


if __name__ == "__main__":
    main()
