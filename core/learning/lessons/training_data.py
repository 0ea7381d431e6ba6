"""The folder that the shipped weights learned from, if a server has it: runs of the Train tab see it again, so that nothing is
forgotten."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from core.cohort.exemplar_frame import FEWEST_HANDS, check_graded
from core.cohort.films import DataFolderError, read_boxes, training_films

#: The environment variable that names it.
TRAINING_DATA_VARIABLE: Final = "BONEGRADE_TRAINING_DATA"


def parts_of(folder: Path) -> tuple[Path, Path | None]:
    """Returns the folder's labelled hands, and its exemplars, if any: hands/ and graded_rois/, as `train grader` has them, or
    labelled hands alone."""
    hands, graded = folder / "hands", folder / "graded_rois"
    return (hands if hands.is_dir() else folder), (graded if graded.is_dir() else None)


@dataclass(frozen=True)
class TrainingData:
    """What the tables in a folder list. train: hands that are seen again. val: hands that the intervals are set on, and that
    are measured. exemplars: crops with a grade, which are seen again too."""

    folder: Path
    train: int
    val: int
    exemplars: int

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Checks that a run could use the folder, without opening a picture. Raises DataFolderError."""
        hands, graded = parts_of(folder)
        train, val = (training_films(hands, split) for split in ("train", "val"))
        for film in (*train, *val):
            if not film.path.is_file():
                raise DataFolderError(f"{film.path} is missing: bring the picture, or take out its row in labels.csv.")
        read_boxes(hands)
        exemplars = 0 if graded is None else check_graded(graded)
        if exemplars and len(train) < FEWEST_HANDS:
            raise DataFolderError(
                f"{hands} has {len(train)} hands for training: exemplars need at least {FEWEST_HANDS} others."
            )
        return cls(folder, len(train), len(val), exemplars)


def training_data(environment: Mapping[str, str] = os.environ) -> TrainingData | None:
    """Returns the folder that TRAINING_DATA_VARIABLE names, None where it names none. Raises DataFolderError where no run could
    use it."""
    named = environment.get(TRAINING_DATA_VARIABLE)
    if not named:
        return None
    try:
        return TrainingData.in_folder(Path(named).expanduser().absolute())
    except DataFolderError as error:
        raise DataFolderError(f"{TRAINING_DATA_VARIABLE} names a folder that no run can learn from. {error}") from error
