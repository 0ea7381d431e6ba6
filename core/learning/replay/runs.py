"""The cells of a replay: a number of films read in an order, and how good the model is that learned from them."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray
from tqdm import tqdm

from core.bones import RUS_BONES
from core.cohort.crop_store import HandCrops, complete_hands
from core.cohort.films import DataFolderError
from core.cohort.opinions import Opinion
from core.cohort.settings import keep_settings
from core.learning.finetuning.calibrating import Calibrated, fit_calibration
from core.learning.finetuning.course import Ending, Pace, Workers, follow
from core.learning.finetuning.grading import GraderCourse, GradingLesson, GradingRecipe, answers_of
from core.learning.lessons.material import Material, MaterialWriter
from core.learning.replay.orders import ORDERS, Ordering, Unread
from core.learning.replay.reader import SimulatedReader, graded, maturities
from core.learning.run.folder import RunFolder
from core.training.grader.recipe import GraderRecipe
from core.training.grader.training import train_grader
from core.training.loop.clock import TimeLimit, TimeUp
from core.training.loop.device import CPU
from core.training.loop.run import seed_everything
from core.training.material.sources import GradingMaterial
from models.bone_grader import BoneGrader
from models.improved_resnet import ResNetOptions
from models.registry import INDEX, load_grader, register

_BONES: Final = range(len(RUS_BONES))
#: Seeds the choice of the hands that the start model learns from.
_CHOICE: Final = 20
#: Hands of `val` that are measured in the log of the start model's training.
_LOGGED: Final = 16


@dataclass(frozen=True)
class ReplayRecipe:
    """Settings of a replay. start_hands, start_epochs: hands from whose ages the start model learns, and for how long. films:
    read in a cell. seeds: of each cell. passes, learning_rate, grading: of the fine-tuning, which sees each film `passes`
    times, as a real one does, and so takes more steps with more films."""

    start_hands: int = 120
    start_epochs: int = 40
    films: tuple[int, ...] = (50, 100, 200, 400)
    seeds: int = 3
    options: ResNetOptions = field(
        default_factory=lambda: ResNetOptions(width=16, groups=4, blocks=(1, 1, 1, 1), open_gates=True)
    )
    passes: int = 4
    learning_rate: float = 1e-3
    grading: GradingRecipe = field(default_factory=lambda: GradingRecipe(films=8, replay=4, exemplars=4))


@dataclass(frozen=True)
class ReplayCell:
    """One fine-tuning: a number of films in an order of core.learning.replay.orders, with a seed."""

    order: Ordering
    films: int
    seed: int


@dataclass(frozen=True)
class Worth:
    """How good a model is on films that neither it nor the start model learned from. mae_months: from bones alone, against the
    radiologists' reading. within_12: share of hands. exact, within_one: share of bones, against the simulated reader without
    noise."""

    mae_months: float
    within_12: float
    exact: float
    within_one: float


@dataclass(frozen=True)
class CellOutcome:
    """The result of a cell."""

    cell: ReplayCell
    worth: Worth


class Replay:
    """A replay in a folder, which keeps the results. start_worth: of the model before anything is read."""

    def __init__(self, material: GradingMaterial, opinions: Sequence[Opinion], folder: Path, recipe: ReplayRecipe):
        """opinions: on the hands of `train`, by networks that look at the whole hand and never saw these.

        Trains the start model where the folder has none yet. Raises DataFolderError where it was begun with other settings.
        """
        keep_settings(folder / "settings.json", {"recipe": repr(recipe)})
        self._folder, self._recipe, self._exemplars = folder, recipe, material.exemplars
        hands = complete_hands(material.train)
        chosen = np.random.default_rng(_CHOICE).permutation(len(hands))
        self._seen = hands.rows(np.sort(chosen[: recipe.start_hands]))
        self._pool = hands.rows(np.sort(chosen[recipe.start_hands :]))
        self._calibrated_on = Calibrated(list(self._seen.crops), self._seen.female, self._seen.months)
        self._val = complete_hands(material.val)
        if len(self._pool) < max(recipe.films):
            raise DataFolderError(
                f"{len(hands)} hands of train with all 13 bones are too few: {recipe.start_hands + max(recipe.films)} are "
                "needed, to start from and to read."
            )
        self._make_start()
        strong, file = load_grader()
        keep_settings(folder / "strong.json", {"strong grader": file.sha256})
        months = {one.id: one.months for one in opinions}
        heard = np.array([months.get(name, np.nan) for name in self._pool.ids.tolist()])
        of_pool = self._maturities("pool", strong, self._pool)
        self._reader = SimulatedReader(strong, of_pool, self._pool.female, heard)
        self._meant = graded(strong, self._maturities("val", strong, self._val), self._val.female)
        start = self._start()
        latents = self._maturities("start", start, self._pool)
        self._unread = Unread(graded(start, latents, self._pool.female), heard)
        # as after each fine-tuning, so that any gain comes from the films
        fit_calibration(start, self._calibrated_on, CPU)
        self.start_worth = self._worth(start)

    def outcomes(self, orders: Sequence[Ordering], limit: TimeLimit) -> list[CellOutcome]:
        """Does the missing cells of these orders until the time limit, and returns the results of all that are done."""
        todo = list(cells(orders, self._recipe))
        for cell in tqdm(todo, desc="fine-tunings", mininterval=10):
            try:
                limit.left()
            except TimeUp:
                break
            self._do(cell)
        return [CellOutcome(cell, self._kept(cell)) for cell in todo if self._place(cell).is_file()]

    def _start(self) -> BoneGrader:
        """Returns a fresh start model."""
        return load_grader(folder=self._folder / "start_weights")[0]

    def _make_start(self) -> None:
        weights = self._folder / "start_weights"
        if (weights / INDEX).is_file():
            return
        recipe = GraderRecipe(epochs=self._recipe.start_epochs, exemplars=16, options=self._recipe.options)
        logged = self._val.rows(np.arange(min(_LOGGED, len(self._val))))
        # its cut points are not fitted afterwards as a released model's are: on so few hands that costs grades and age
        network = train_grader(self._seen, logged, self._exemplars, self._folder / "start", recipe)
        weights.mkdir(exist_ok=True)
        register("grader", network.cpu(), self._recipe.options.to_metadata(), weights)

    def _maturities(self, name: str, grader: BoneGrader, hands: HandCrops) -> NDArray[np.float32]:
        path = self._folder / f"latents_{name}.npy"
        if not path.is_file():
            np.save(path, maturities(grader, hands))
        return np.asarray(np.load(path))

    def _worth(self, grader: BoneGrader) -> Worth:
        said = graded(grader, maturities(grader, self._val), self._val.female)
        off = np.abs(said.months - self._val.months)
        steps = np.abs(said.grades - self._meant.grades)
        return Worth(*(float(one.mean()) for one in (off, off <= 12, steps == 0, steps <= 1)))

    def _place(self, cell: ReplayCell) -> Path:
        return self._folder / "cells" / f"{cell.order}_{cell.films}_{cell.seed}.json"

    def _kept(self, cell: ReplayCell) -> Worth:
        return Worth(**json.loads(self._place(cell).read_text(encoding="utf-8")))

    def _do(self, cell: ReplayCell) -> None:
        """Reads, learns and measures, unless that was done before."""
        place = self._place(cell)
        if place.is_file():
            return
        folder = place.with_suffix("")
        shutil.rmtree(folder, ignore_errors=True)  # a cell takes minutes at most: a killed one starts afresh
        worth = self._worth(self._learned(cell, folder))
        place.write_text(json.dumps(vars(worth)) + "\n", encoding="utf-8")
        shutil.rmtree(folder)

    def _learned(self, cell: ReplayCell, folder: Path) -> BoneGrader:
        run = RunFolder(folder)
        seed_everything(cell.seed)
        with run.held():
            self._write(cell, folder / "material")
            course = GraderCourse(Material.open(folder / "material"), self._start(), self._recipe.grading, cell.seed)
            workers = Workers(Accelerator(cpu=True, mixed_precision="no"))
            pace = Pace(self._recipe.passes, self._recipe.learning_rate, keep_every=1000)
            found = follow(course, pace, cell.seed, run, workers, lambda seconds: Ending.NOT_YET)
            lesson: GradingLesson = course.module
            lesson.load_state_dict(found["weights"])
            fit_calibration(lesson.grader, self._calibrated_on, CPU)
        return lesson.grader

    def _write(self, cell: ReplayCell, folder: Path) -> None:
        """Writes the films of a cell as lessons, with what the start model learned from, to be seen again."""
        writer = MaterialWriter(folder, answers_of(self._start(), CPU))
        grades = self._reader.reading(cell.seed).grades
        for row in ORDERS[cell.order](self._unread, cell.seed)[: cell.films]:
            votes = [(int(grade),) for grade in grades[row]]
            writer.add_graded(self._pool.crops[row], _BONES, votes, (str(self._pool.ids[row]), "train"))
        seen = self._seen
        for row in range(len(seen)):
            none: list[tuple[int, ...]] = [()] * len(_BONES)
            sex, months = int(seen.female[row]), float(seen.months[row])
            writer.add(seen.crops[row], _BONES, none, sex, months, True, "replay")
        graded_crops = self._exemplars
        for crop, bone, grade in zip(graded_crops.crops, graded_crops.bones, graded_crops.grades, strict=True):
            writer.add(crop[None], [int(bone)], [(int(grade),)], 0, np.nan, False, "exemplar")
        writer.close()


def cells(orders: Sequence[Ordering], recipe: ReplayRecipe) -> Iterator[ReplayCell]:
    """Yields the first seed of every cell first, so that a replay cut short is a whole one with fewer seeds."""
    for seed in range(1, recipe.seeds + 1):
        for films in recipe.films:
            for order in orders:
                yield ReplayCell(order, films, seed)
