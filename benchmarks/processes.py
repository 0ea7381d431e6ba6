"""Whether two processes that fine-tune together reach the same result as one, within the variation between seeds.

    python -m benchmarks.processes

Made-up films: on each crop a bright disc that grows with the grade, under film grain. For each seed a small grader that knows
nothing is fine-tuned by one process, and by two that `accelerate launch` starts on the processor (gloo); measured are the films
held back, and how many films an epoch had. It exits with a sentence where two processes differ from one by more than three
standard errors over the seeds in a measure, or a film was not seen once an epoch.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES
from core.evaluation.figures import Table
from core.hand.crops import CONTEXT_SIDE
from core.learning.finetuning.course import Ending, Pace, Workers, follow
from core.learning.finetuning.grading import GraderCourse, GradingRecipe
from core.learning.lessons.material import GRADES, Material, MaterialWriter
from core.learning.run.folder import RunFolder
from core.standards import grade_count
from core.training.loop.run import seed_everything
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions

_OPTIONS: Final = ResNetOptions(width=16, blocks=(1, 1, 1, 1), groups=2)
_RECIPE: Final = GradingRecipe(films=8, loyalty=0.0)
_MEASURES: Final = ("held_loss", "held_error", "held_exact")
#: Standard errors over the seeds by which the two may differ.
_APART: Final = 3.0


@dataclass(frozen=True)
class Ended:
    """One run. films: those that were seen in an epoch. measures: on the films held back, by name."""

    films: int
    measures: dict[str, float]


def write_films(folder: Path, films: int) -> None:
    """Films whose grades run through all of a bone's; every fifth is held back."""
    chance = np.random.default_rng(0)
    across = np.linspace(-1, 1, CONTEXT_SIDE)
    distance = np.hypot(across[:, None], across[None])

    def answers(crops: NDArray[np.uint8], bones: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.full((len(bones), GRADES), 1 / GRADES, np.float32)

    writer = MaterialWriter(folder, answers)
    for number in range(films):
        along = (number * 7 % films) / films
        grades = [1 + int(along * grade_count(bone)) for bone in RUS_BONES]
        reach = [0.1 + 0.6 * grade / grade_count(bone) for grade, bone in zip(grades, RUS_BONES, strict=True)]
        light = 0.3 + 0.4 * (distance[None] < np.array(reach)[:, None, None])
        crops = np.clip(light + chance.normal(0, 0.1, light.shape), 0, 1) * 255
        key = (str(number), "train" if number % 5 else "val")
        writer.add_graded(crops.astype(np.uint8), range(len(RUS_BONES)), [(grade,) for grade in grades], key)
    writer.close()


def learn_here(material: Path, run: Path, seed: int, epochs: int) -> None:
    """What each process of a run does."""
    seed_everything(0)  # all start with the same network
    network = BoneGrader(OrdinalScale(starting_cuts()), _OPTIONS)
    workers = Workers(Accelerator(cpu=True, mixed_precision="no"))
    course = GraderCourse(Material.open(material), network, _RECIPE, seed)
    folder = RunFolder(run)
    pace = Pace(epochs, 3e-3, patience=epochs)
    follow(course, pace, seed, folder, workers, lambda seconds: Ending.NOT_YET)


def ended(material: Path, run: Path, processes: int, seed: int, epochs: int) -> Ended:
    """Makes a run with this number of processes, from start to end."""
    run.mkdir(parents=True)
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(processes), "--num_machines", "1",
        *(["--multi_gpu"] if processes > 1 else ["--cpu"]), "--mixed_precision", "no", "--dynamo_backend", "no",
        "--main_process_port", "0", "-m", "benchmarks.processes", "--here", str(material), str(run), str(seed), str(epochs),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    seen = {int(line["films"]) for line in lines[1:]}
    return Ended(seen.pop() if len(seen) == 1 else -1, {name: lines[-1][name] for name in _MEASURES})


def table(one: list[Ended], two: list[Ended]) -> tuple[Table, bool]:
    """Mean and standard deviation over the seeds, and whether all measures agree within them."""
    rows, near = [], True
    for name in _MEASURES:
        ours, theirs = (np.array([run.measures[name] for run in runs]) for runs in (one, two))
        apart = float(theirs.mean() - ours.mean())
        error = float(np.sqrt((ours.var(ddof=1) + theirs.var(ddof=1)) / len(ours)))
        near &= abs(apart) <= _APART * error
        cells = (f"{runs.mean():.4f} ± {runs.std(ddof=1):.4f}" for runs in (ours, theirs))
        rows.append((name, *cells, f"{apart:+.4f} ± {error:.4f}"))
    return Table(("on films held back", "one process", "two processes", "difference"), rows), near


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=60, help="films, a fifth of which are held back")
    parser.add_argument("--epochs", type=int, default=6, help="passes over the films")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each kind, 2 or more")
    parser.add_argument("--here", nargs=4, metavar=("FILMS", "RUN", "SEED", "EPOCHS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        material, run, seed, epochs = options.here
        learn_here(Path(material), Path(run), int(seed), int(epochs))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_films(folder / "films", options.films)
        learned = len(Material.open(folder / "films").of("learn"))
        runs: dict[int, list[Ended]] = {1: [], 2: []}
        for seed in range(1, options.seeds + 1):
            for count, done in runs.items():
                place = folder / f"run_{count}_{seed}"
                done.append(ended(folder / "films", place, count, seed, options.epochs))
    found, near = table(runs[1], runs[2])
    print(found.markdown())
    print(f"\n{options.seeds} seeds, {options.epochs} epochs of {learned} films.")
    if any(run.films != learned for run in runs[1] + runs[2]):
        sys.exit("A film was not seen once an epoch.")
    if not near:
        sys.exit("Two processes differ from one by more than the seeds do.")


if __name__ == "__main__":
    main()
