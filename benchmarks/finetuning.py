"""How fast fine-tuning is compared with a bare loop, whether its memory grows with the films, and how long 200 films take.

    python -m benchmarks.finetuning

`rate` is films a second of the grader's fine-tuning, and of a loop over tensors that lie ready on the device, with the same
network, in short turns, so that what else the machine does slows both down alike; their ratio is the median of the turns'.
`memory` is what a process holds of its own (RssAnon; mapped files are the system's to drop) at its peak, while films are
written and learned from, each size in a fresh process. `whole` is a fine-tuning from a ledger, from start to candidate: films
of a shipped example with film grain, each with grades and a moved box; the minutes by the clock, which other work on the
machine makes longer, are given with those that its processors worked. Run it on an idle machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray

from benchmarks.export import base_film, grainy
from core.assessment.assessor import Assessor
from core.bones import RUS_BONES
from core.evaluation.figures import as_json
from core.film.box import Box
from core.hand.crops import CONTEXT_SIDE
from core.learning.finetuning.course import Ending, Pace, Share, Workers, follow
from core.learning.finetuning.finetune import FinetuneRecipe, Order, finetune
from core.learning.finetuning.grading import GraderCourse, GradingLesson, GradingRecipe
from core.learning.lessons.material import GRADES, Material, MaterialWriter
from core.learning.lessons.sources import LedgerLessons
from core.learning.run.folder import RunFolder
from core.ledger import Consent, Correction, Ledger, LedgerSettings
from core.standards import grade_count
from core.training.loop.device import device_of
from core.training.material.augment import random_views
from models import WEIGHTS
from models.registry import load_grader

#: Turns of each loop.
_TURNS: Final = 5


@dataclass(frozen=True)
class Rate:
    """Films a second, medians of the turns, and the median of their ratios; processor_ratio: the same in the seconds that the
    processor worked, which other work on the machine changes less, and in which reading ahead counts in full."""

    device: str
    fine_tuning: float
    bare_loop: float
    ratio: float
    processor_ratio: float


@dataclass(frozen=True)
class _Turn:
    """Films a second, by the clock and by the processor's time."""

    clock: float
    processor: float


class _Watch:
    """Seconds by the clock and by the processor since it was made."""

    def __init__(self, device: torch.device):
        self._device = device
        _wait(device)
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def turn(self, films: int) -> _Turn:
        """The turn, in which this many films were seen."""
        _wait(self._device)
        clock, processor = time.perf_counter() - self._clock, time.process_time() - self._processor
        return _Turn(films / clock, films / processor)


@dataclass(frozen=True)
class Memory:
    """The memory of a process, in MiB."""

    films: int
    peak_mib: int


@dataclass(frozen=True)
class Whole:
    """From the ledger to the candidate. localizer_films: with boxes to learn from. minutes: by the clock; processor_minutes: of
    all threads together."""

    device: str
    films: int
    localizer_films: int
    minutes: float
    processor_minutes: float


def _write(folder: Path, films: int) -> Material:
    """Films of noise whose grades are of ages spread evenly; every eighth is held back."""
    chance = np.random.default_rng(0)

    def answers(crops: NDArray[np.uint8], bones: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.full((len(bones), GRADES), 1 / GRADES, np.float32)

    writer = MaterialWriter(folder, answers)
    for number in range(films):
        crops = chance.integers(0, 256, (len(RUS_BONES), CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
        votes = [(1 + number % grade_count(bone),) for bone in RUS_BONES]
        writer.add_graded(crops, range(len(RUS_BONES)), votes, (str(number), "train" if number % 8 else "val"))
    writer.close()
    return Material.open(folder)


def rate(device: str, steps: int, folder: Path) -> Rate:
    """The rates of both loops, in several turns each."""
    recipe = GradingRecipe()
    material = _write(folder / "material", recipe.films * (steps + 3) * 8 // 7 + 8)
    accelerator = Accelerator(cpu=device_of(device).type == "cpu", mixed_precision="no")
    workers = Workers(accelerator)
    ours, bare = [], []
    for number in range(_TURNS):
        course = GraderCourse(material, load_grader()[0], recipe, seed=number)
        ours.append(_fine_tuning(course, workers, steps, folder / f"run{number}"))
        bare.append(_bare_loop(GraderCourse(material, load_grader()[0], recipe, seed=number), workers, steps))
    name = torch.cuda.get_device_name() if workers.device.type == "cuda" else "cpu"
    pairs = list(zip(ours, bare, strict=True))
    return Rate(
        device=name,
        fine_tuning=round(median(one.clock for one in ours), 2),
        bare_loop=round(median(one.clock for one in bare), 2),
        ratio=round(median(mine.clock / theirs.clock for mine, theirs in pairs), 3),
        processor_ratio=round(median(mine.processor / theirs.processor for mine, theirs in pairs), 3),
    )


def _fine_tuning(course: GraderCourse, workers: Workers, steps: int, folder: Path) -> _Turn:
    asked, watches, turns = count(), [], []

    def ending(seconds: float) -> Ending:
        step = next(asked)
        if step == 2:
            watches.append(_Watch(workers.device))
        if step == steps + 2:
            turns.append(watches[0].turn(steps * GradingRecipe().films))
        return Ending.TIME_UP if turns else Ending.NOT_YET

    run = RunFolder(folder)
    with run.held():
        follow(course, Pace(1, 3e-4), 1, run, workers, ending)
    return turns[0]


def _bare_loop(course: GraderCourse, workers: Workers, steps: int) -> _Turn:
    """Forward, backward and a step of the optimiser on a few batches that lie ready."""
    lesson: GradingLesson = course.module.to(workers.device)
    lesson.train()
    optimizer = torch.optim.AdamW([p for p in lesson.parameters() if p.requires_grad], 3e-4)
    ready = []
    for step in range(3):
        batch = {name: part.to(workers.device) for name, part in course.batch(0, step, Share()).items()}
        views = random_views(batch["crops"][:, None].float() / 255, torch.Generator().manual_seed(step))
        ready.append((views, batch))
    watch = _Watch(workers.device)
    for step in range(steps + 2):
        if step == 2:
            watch = _Watch(workers.device)
        loss = lesson(*ready[step % len(ready)])["loss"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return watch.turn(steps * GradingRecipe().films)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def _own_mib() -> float:
    line = next(s for s in Path("/proc/self/status").read_text().splitlines() if s.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def memory_here(films: int, folder: Path) -> Memory:
    """Writes the films and reads every one of them as an epoch does, with three steps of the network."""
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], _own_mib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    course = GraderCourse(_write(folder / "material", films), load_grader()[0], GradingRecipe(), seed=1)
    for step in range(course.steps):
        batch = course.batch(0, step, Share())
        if step < 3:
            course.losses(course.module, batch, torch.Generator().manual_seed(step))["loss"].backward()
    done.set()
    watcher.join()
    return Memory(films, round(peak[0]))


def memory(films: int) -> Memory:
    """The memory of a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.finetuning", "--memory-here", str(films), folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Memory(**json.loads(done.stdout.splitlines()[-1]))


def whole(device: str, films: int, folder: Path) -> Whole:
    """Fills a ledger, and fine-tunes from it with the usual recipe and the shipped weights."""
    settings = LedgerSettings.in_folder(folder / "ledger")
    ledger, assessor = Ledger.open(settings), Assessor.from_registry()
    base, sex = base_film(1.0)
    found = assessor.find_hand(base)
    for number in range(films):
        film = grainy(base, number)
        added = ledger.add_film(film, sex, reader="reader", source="queue", consent=Consent(), patient=str(number)).film
        assessment = assessor.assess_hand(type(found)(film, found.localization), sex)
        prediction = ledger.add_prediction(added.id, assessment)
        corrections = []
        for region in found.localization.regions:
            box = Box(*(edge + region.box.width / 8 for edge in region.box)).clipped(film.width, film.height)
            grade = 1 + number % grade_count(region.bone)
            corrections.append(Correction(region.bone, "graded", grade, box))
        ledger.save(
            added.id, corrections, reader="reader", base_revision=0, token=uuid.uuid4().hex, prediction_id=prediction.id,
            seconds=60.0,
        )  # fmt: skip
    started, worked = time.perf_counter(), time.process_time()
    order = Order(
        lambda revision: LedgerLessons(ledger, revision), WEIGHTS, folder / "run", FinetuneRecipe(), device=device
    )
    record = finetune(order)
    minutes, processor = ((now - then) / 60 for now, then in
                          ((time.perf_counter(), started), (time.process_time(), worked)))  # fmt: skip
    assert record.films is not None and record.hardware is not None
    boxed = record.films.localizer or {}
    return Whole(record.hardware.device, films, boxed.get("learn", 0), round(minutes, 2), round(processor, 2))


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--steps", type=int, default=10, help="steps of each turn that the rate is measured in")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[1000, 10_000], help="films of which memory is measured"
    )
    parser.add_argument("--films", type=int, default=200, help="films of the whole fine-tuning; 0 for none")
    parser.add_argument("--memory-here", nargs=2, metavar=("FILMS", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_here:
        print(json.dumps(vars(memory_here(int(options.memory_here[0]), Path(options.memory_here[1])))))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(as_json(rate(options.device, options.steps, Path(folder))), flush=True)
    for films in options.memory:
        print(as_json(memory(films)), flush=True)
    if options.films:
        with tempfile.TemporaryDirectory() as folder:
            print(as_json(whole(options.device, options.films, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
