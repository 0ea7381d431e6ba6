"""Small networks to start from, and films with readings to learn from, all made up."""

from pathlib import Path

import torch

from core.access.roles import OPERATOR
from core.assessment.grading.grader import starting_cuts
from core.bones import RUS_BONES
from core.dataset.exporting.export import export
from core.dataset.exporting.options import ExportOptions
from core.film.box import Box
from core.learning.finetuning.boxing import BoxRecipe
from core.learning.finetuning.course import Pace
from core.learning.finetuning.finetune import FinetuneRecipe, LessonsAt
from core.learning.finetuning.grading import GradingRecipe
from core.learning.lessons.sources import ExportLessons, LedgerLessons
from core.learning.lessons.sources import Lessons as Lessons
from core.ledger import Ledger, LedgerSettings
from core.standards import grade_count
from models.bone_grader import BoneGrader, OrdinalScale
from models.hand_localizer import HandLocalizer
from models.improved_resnet import ResNetOptions
from models.registry import load_whole_hands, register, register_intervals
from tests.stored_films import Store, graded

OPTIONS = ResNetOptions(width=16, groups=2, blocks=(1, 1, 1, 1))
#: Two epochs of three steps each, the localiser's on pictures of 64 pixels.
RECIPE = FinetuneRecipe(
    grader=Pace(epochs=2, learning_rate=1e-3, keep_every=2),
    grading=GradingRecipe(films=2),
    localizer=Pace(epochs=1, learning_rate=1e-3, keep_every=2),
    boxes=BoxRecipe(films=2, others=1, side=64),
)


def start_weights(folder: Path, seed: int = 0) -> Path:
    """A folder of small random weights, with intervals for them beside the shipped second opinion."""
    torch.manual_seed(seed)
    register("localizer", HandLocalizer(), {}, folder)
    grader = BoneGrader(OrdinalScale(starting_cuts()), OPTIONS)
    hashes = {"grader": register("grader", grader, OPTIONS.to_metadata(), folder)}
    hashes |= {name: file.sha256 for name, (_, file) in load_whole_hands().items()}
    register_intervals(9.0, hashes, folder)
    return folder


def fill(store: Store, films: int = 7, moved: bool = True) -> None:
    """Films that two readers read, who disagree by a grade on the radius; one of them may have moved a box."""
    for number in range(films):
        film = store.film(number)
        regions = store.prediction(film).localization
        assert regions is not None
        boxes = {region.bone: region.box for region in regions.regions}
        boxes["Ulna"] = Box(*(edge + 9.0 for edge in boxes["Ulna"]))
        grades = {bone: 1 + (number + place) % grade_count(bone) for place, bone in enumerate(RUS_BONES)}
        store.save(film, [graded(bone, grade, boxes[bone] if moved else None) for bone, grade in grades.items()])
        store.save(film, [graded("Radius", min(14, grades["Radius"] + 1))], "ben")


def of_ledger(folder: Path) -> LessonsAt:
    """Lessons of the ledger in a folder."""
    return lambda revision: LedgerLessons(Ledger.open(LedgerSettings.in_folder(folder)), revision)


def exported(store: Store, folder: Path, options: ExportOptions | None = None) -> LessonsAt:
    """Lessons of an export into a folder."""
    export(store.ledger, OPERATOR, folder, options)
    return lambda revision: ExportLessons(folder)
