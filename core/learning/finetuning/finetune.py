"""The whole fine-tuning: from an export or the ledger to candidate weights in a run folder; nothing else is changed."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from core.errors import BoneGradeError
from core.hand.localizer import Localizer
from core.learning.errors import RunRefused
from core.learning.finetuning.boxing import BoxCourse, BoxLesson, BoxRecipe
from core.learning.finetuning.calibrating import fit_calibration, seen_again
from core.learning.finetuning.course import Cancelled, Ending, Pace, Workers, follow
from core.learning.finetuning.grading import GraderCourse, GradingLesson, GradingRecipe, answers_of
from core.learning.finetuning.start import Start
from core.learning.lessons.again import SeenAgain
from core.learning.lessons.boxes import BoxFilms, BoxWriter
from core.learning.lessons.material import Material, MaterialWriter
from core.learning.lessons.sources import Lessons
from core.learning.run import facts
from core.learning.run.files import CHECKPOINT, MATERIAL, UNPACKED, WEIGHTS
from core.learning.run.folder import RunFolder
from core.learning.run.record import FilmCounts, Measured, RunMetrics, RunRecord, learned_from
from core.machine import DISK_FULL, now_in_utc
from core.training.loop.device import device_of
from core.training.loop.run import seed_everything

#: Settings in which another run in the same folder may not differ, and what a person calls them.
_SAME: Final = {
    "start": "model", "manifest_sha256": "export", "ledger_revision": "revision of the ledger", "rule": "rule",
    "settings": "setting", "data": "folder of labelled hands",
}  # fmt: skip

#: The grader's share of a run's minutes where the localiser learns too.
_GRADER_SHARE: Final = 0.7

#: Gives the lessons at a revision of the ledger, the present one if None. It is called once the run's folder is held; what it
#: unpacks into `UNPACKED` there is removed once the lessons are written.
LessonsAt = Callable[[int | None], Lessons]


@dataclass(frozen=True)
class FinetuneRecipe:
    """Settings of a run."""

    grader: Pace = field(default_factory=lambda: Pace(epochs=20, learning_rate=3e-4))
    grading: GradingRecipe = field(default_factory=GradingRecipe)
    localizer: Pace = field(default_factory=lambda: Pace(epochs=12, learning_rate=2e-4, weight_decay=1e-4))
    boxes: BoxRecipe = field(default_factory=BoxRecipe)
    seed: int = 1


@dataclass(frozen=True)
class Order:
    """A request for one run. start: a folder of weights as models.registry keeps them. data: a folder of labelled hands and
    exemplars that the start model learned from, if any. device: auto, cpu or cuda. minutes: after these the best so far is
    taken."""

    lessons: LessonsAt
    start: Path
    run: Path
    recipe: FinetuneRecipe = field(default_factory=FinetuneRecipe)
    data: Path | None = None
    device: str = "auto"
    minutes: float | None = None
    processes: int = 1


def finetune(order: Order) -> RunRecord:
    """Trains, or resumes where it stopped, and returns the run's record, whose `state` is "done" or "cancelled".

    Every process that `accelerate launch` starts calls it. Raises LessonsRefused; RunRefused, also where a file cannot be
    written, then saying what is kept; models.registry.WeightsError for the start weights.
    """
    device = device_of(order.device)
    accelerator = Accelerator(
        cpu=device.type == "cpu", mixed_precision="no"
    )  # the networks themselves choose what is bf16
    workers = Workers(accelerator)
    run = RunFolder(order.run)
    with ExitStack() as stack, _told(order.run):
        _first(workers, lambda: _begin(order, run, workers, stack))
        record = run.read()
        assert record is not None
        if record.state == "done":
            _forget_lessons(order.run, workers)
            return record
        run.resume(tidy=workers.is_first)
        if workers.is_first:
            run.show_curves()
        try:
            metrics = _learn(order, run, workers)
        except Cancelled:
            if workers.is_first:
                run.obey()
                record = run.ended("cancelled")
            return record
        if workers.is_first:
            record = run.ended("done", metrics=metrics)
        _forget_lessons(order.run, workers)
    return record


def _forget_lessons(run: Path, workers: Workers) -> None:
    """Removes the crops of a run that has ended: nobody needs them, and consents to keep their films may end."""
    if workers.is_first:
        shutil.rmtree(run / MATERIAL, ignore_errors=True)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what, why = error.filename or folder, error.strerror or error
        if error.errno not in DISK_FULL:
            raise RunRefused(
                f"{what} cannot be read or written ({why}): correct this, or name another folder for the run."
            ) from error
        again = f"{what} cannot be written ({why}): make room and give the same command again"
        whole = (folder / CHECKPOINT).is_file()
        raise RunRefused(
            f"{again}; it continues from the last checkpoint, which is complete." if whole else f"{again}."
        ) from error


@contextmanager
def _opened(folder: Path) -> Iterator[None]:
    """Guards the reading of lessons that were written before."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        raise RunRefused(
            f"The lessons in {folder} are missing or damaged, and a run goes on with none but its own: name another folder."
        ) from error


def _first(workers: Workers, action: Callable[[], None]) -> None:
    """Does something in the first process alone, while the others wait; a refusal is raised in all."""
    refusal: list[BoneGradeError | None] = [None]
    if workers.is_first:
        try:
            action()
        except BoneGradeError as error:
            if workers.share.processes == 1:
                raise
            refusal = [RunRefused(str(error))]
    if workers.share.processes > 1:
        broadcast_object_list(refusal)
        if refusal[0] is not None:
            raise refusal[0]


def _begin(order: Order, run: RunFolder, workers: Workers, stack: ExitStack) -> None:
    """Takes the folder, and writes lessons and run.json if they are not there yet."""
    with _told(order.run):
        stack.enter_context(run.held())
        unpacked = order.run / UNPACKED
        shutil.rmtree(unpacked, ignore_errors=True)  # left by a run that was killed
        try:
            _begin_or_go_on(order, run, workers)
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)


def _begin_or_go_on(order: Order, run: RunFolder, workers: Workers) -> None:
    known = run.read()
    if known is not None and known.job is not None:
        raise RunRefused(f"{order.run} belongs to a job of the hub: name another folder for this run.")
    start = Start(order.start)
    lessons = order.lessons(None if known is None else known.ledger_revision)
    asked = RunRecord(
        state="running",
        start=start.hashes,
        **dataclasses.asdict(lessons.origin),
        settings=dataclasses.asdict(order.recipe),
        data=None if order.data is None else str(order.data.resolve()),
    )
    if known is not None:
        for name, word in _SAME.items():
            if getattr(known, name) != getattr(asked, name):
                raise RunRefused(f"{order.run} belongs to a run with another {word}: name another folder for this one.")
        if known.state != "done":
            run.write(dataclasses.replace(known, state="running"))
        return
    folder = order.run / MATERIAL
    shutil.rmtree(folder, ignore_errors=True)
    try:
        films, patients, names = _write_lessons(order, lessons, start, workers, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    run.write(
        dataclasses.replace(
            asked,
            began_at=now_in_utc(),
            seeds={"seed": order.recipe.seed},
            films=films,
            learned_from=tuple(learned_from(patients)),
            learned_films=tuple(learned_from(names)),
            git_revision=facts.git_revision(),
            libraries=facts.libraries(),
            hardware=facts.hardware(workers.device, workers.share.processes),
            metrics=RunMetrics(),
        )
    )


def _write_lessons(
    order: Order, lessons: Lessons, start: Start, workers: Workers, folder: Path
) -> tuple[FilmCounts, list[str], list[str]]:
    """Writes both networks' lessons; returns how many films they have, whose these are, and the films' names."""
    grading = MaterialWriter(folder / "grading", answers_of(start.grader()[0], workers.device))
    boxing = BoxWriter(folder / "boxes", Localizer(start.localizer()))
    patients, names = [], []
    for film in lessons.films():
        told = grading.add_lesson(film), boxing.add_lesson(film)
        if any(told):
            patients.append(film.key)
            names.append(film.name)
    if order.data is not None:
        again = SeenAgain(order.data, folder, order.processes)
        again.add_to(grading, boxing)
    grading.close()
    boxing.close()
    boxes = BoxFilms.open(folder / "boxes")
    films = FilmCounts(
        grader=dict(Material.open(folder / "grading").counts),
        localizer=None if boxes is None else boxes.counts,
        left_out={"grader": dict(grading.left_out), "localizer": dict(boxing.left_out)},
    )
    return films, patients, names


def _learn(order: Order, run: RunFolder, workers: Workers) -> RunMetrics:
    """Goes through the courses one after the other; returns what each measured at its start and at its best."""

    def ending(share: float) -> Callable[[float], Ending]:
        def asked(seconds: float) -> Ending:
            if run.cancelled():
                return Ending.CANCELLED
            over = order.minutes is not None and seconds >= 60 * order.minutes * share
            return Ending.TIME_UP if over else Ending.NOT_YET

        return asked

    start, recipe, folder = Start(order.start), order.recipe, order.run / MATERIAL
    seed_everything(recipe.seed)
    grader, metadata = start.grader()
    with _opened(folder):
        material, films = Material.open(folder / "grading"), BoxFilms.open(folder / "boxes")
    grading = GraderCourse(material, grader, recipe.grading, recipe.seed)
    share = 1.0 if films is None else _GRADER_SHARE
    learned = {"grader": follow(grading, recipe.grader, recipe.seed, run, workers, ending(share))}
    boxing = None if films is None else BoxCourse(films, start.localizer(), recipe.boxes, recipe.seed)
    if boxing is not None:
        learned["localizer"] = follow(boxing, recipe.localizer, recipe.seed, run, workers, ending(1.0))
    measured = {name: Measured(one["start"], one["metrics"]) for name, one in learned.items()}
    metrics = RunMetrics(measured["grader"], measured.get("localizer"))
    if workers.is_first:
        lesson: GradingLesson = grading.module
        lesson.load_state_dict(learned["grader"]["weights"])
        calibration = fit_calibration(lesson.grader, seen_again(grading.material), workers.device)
        boxed = None
        if boxing is not None and learned["localizer"]["metrics"]["step"]:
            taught: BoxLesson = boxing.module
            taught.load_state_dict(learned["localizer"]["weights"])
            boxed = taught.network.cpu()
        again = None if order.data is None else SeenAgain(order.data, folder, order.processes)
        intervals = start.write_candidate(
            order.run / WEIGHTS,
            lesson.grader.cpu(),
            metadata,
            boxed,
            None if again is None else again.calibration_hands,
        )
        metrics = dataclasses.replace(metrics, calibration=calibration, intervals=intervals)
    return metrics
