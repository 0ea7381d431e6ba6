"""How long an assessment takes against what one would build instead and against its networks alone, how long until a fresh
process answers, and how much memory it keeps.

    python -m benchmarks.speed

Uses a shipped example. Everything is done in turn, round by round, so that what else the machine does affects all alike; a
ratio is the median of the rounds'. Run it on an idle machine all the same. `reference` is one 2048 x 2048 matrix product.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

import torch
from torch import Tensor
from torchvision.models import resnet18
from torchvision.models.detection import ssdlite320_mobilenet_v3_large

from core.assessment.assessor import Assessor
from core.assessment.grading.map_guide import guide_for
from core.bones import Sex
from core.evaluation.figures import as_json
from core.film.radiograph import read_radiograph
from core.networks.runner import Runner

_EXAMPLES: Final = Path(__file__).parents[1] / "examples"
#: The most that each ratio may be.
ASKED: Final[Mapping[str, float]] = {"alternative": 0.5, "forwards": 1.3, "maps": 1.5}
#: Crops of each of the nine kinds of bone, as RUS groups them: a network each.
_KINDS: Final = (1, 1, 1, 2, 1, 2, 2, 1, 2)
_CROP: Final = 224
_FIRST_ANSWER: Final = (
    "from core.assessment.assessor import Assessor; from core.film.radiograph import read_radiograph; import sys;"
    "from webapp.app import build_app, open_desk; build_app(open_desk());"
    "Assessor.from_registry().assess(read_radiograph(sys.argv[1]), sys.argv[2])"
)
#: Prints the resident memory in MiB after this many films, each of a different size.
_MEMORY: Final = """
import os, sys, numpy as np
from benchmarks.serving import resident_mib
from webapp.app import build_app, open_desk
build_app(open_desk())
from core.assessment.assessor import Assessor
from core.film.radiograph import Radiograph, film_hash, read_radiograph
assessor, film = Assessor.from_registry(), read_radiograph(sys.argv[1])
for count in range(1, int(sys.argv[3]) + 1):
    pixels = np.pad(film.pixels, ((0, count), (0, 2 * count)))
    assessor.assess(Radiograph(pixels, None, None, film_hash(pixels)), sys.argv[2])
    if count in (3, int(sys.argv[3])):
        print(resident_mib(os.getpid()))
"""


@dataclass(frozen=True)
class Seconds:
    """The seconds of some rounds."""

    median: float
    slowest: float


@dataclass(frozen=True)
class Speed:
    """seconds: by what was done. ratios: assess against the alternative and against its networks' forwards, all maps against
    assess; asked: at most. memory_mib: resident after 3 films and after all, of a process that has built the page."""

    threads: int
    seconds: Mapping[str, Seconds]
    ratios: Mapping[str, float]
    asked: Mapping[str, float]
    fresh_process_to_first_answer: float
    memory_mib: tuple[int, ...]


def in_turn(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each action in each round, after one round that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            started = time.perf_counter()
            action()
            if number:
                taken[name].append(time.perf_counter() - started)
    return taken


def ratio(taken: Mapping[str, list[float]], of: str, against: str) -> float:
    """The median of the rounds' ratios."""
    return round(statistics.median(a / b for a, b in zip(taken[of], taken[against], strict=True)), 3)


def alternative() -> Callable[[], object]:
    """What one would build instead, with random weights: a detector of torchvision's on the film, and its ResNet-18 for each
    kind of bone on the 13 crops."""
    detector = ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None).eval()
    graders = [resnet18(weights=None).eval() for _ in _KINDS]
    film = torch.rand(3, 960, 720)
    crops = [torch.rand(count, 3, _CROP, _CROP) for count in _KINDS]

    @torch.inference_mode()
    def run() -> object:
        detector([film])
        return [grader(given) for grader, given in zip(graders, crops, strict=True)]

    return run


def forwards_of(assess: Callable[[], object]) -> Callable[[], object]:
    """The forward passes of the networks that an assessment uses, alone, on the tensors that it gives them."""
    asked: list[tuple[Runner, tuple[Tensor, ...]]] = []
    run = Runner.__call__

    def noting(runner: Runner, *given: Tensor) -> list[Tensor]:
        asked.append((runner, given))
        return run(runner, *given)

    with mock.patch.object(Runner, "__call__", noting):
        assess()
    return lambda: [runner(*given) for runner, given in asked]


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=25, help="how often each thing is timed")
    parser.add_argument("--films", type=int, default=100, help="after how many memory is looked at")
    options = parser.parse_args()

    example = json.loads((_EXAMPLES / "examples.json").read_text())[0]
    path, sex = _EXAMPLES / example["file"], example["sex"]
    given: Sex = "F" if sex == "F" else "M"
    started = time.perf_counter()
    _in_a_process(_FIRST_ANSWER, str(path), sex)
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

    actions: dict[str, Callable[[], Any]] = {
        "reference": lambda: matrix @ matrix,
        "alternative": alternative(),
        "assess": assess,
        "forwards": forwards_of(assess),
        "maps": assess_and_explain,
    }
    taken = in_turn(actions, options.rounds)
    figures = Speed(
        threads=torch.get_num_threads(),
        seconds={
            name: Seconds(round(statistics.median(times), 3), round(max(times), 3)) for name, times in taken.items()
        },
        ratios={
            "alternative": ratio(taken, "assess", "alternative"),
            "forwards": ratio(taken, "assess", "forwards"),
            "maps": ratio(taken, "maps", "assess"),
        },
        asked=ASKED,
        fresh_process_to_first_answer=round(first_answer, 1),
        memory_mib=tuple(int(line) for line in _in_a_process(_MEMORY, str(path), sex, str(options.films)).split()),
    )
    print(as_json(figures))


def _in_a_process(program: str, *arguments: str) -> str:
    """What a program prints, run from the repository with an empty data folder."""
    with tempfile.TemporaryDirectory() as data:
        environment = os.environ | {"BONEGRADE_DATA": data}
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(
            command, check=True, cwd=_EXAMPLES.parent, env=environment, stdout=subprocess.PIPE, text=True
        )
    return done.stdout


if __name__ == "__main__":
    main()
