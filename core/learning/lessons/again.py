"""A folder of labelled hands and exemplars, seen again in fine-tuning so that what was learned from it is not forgotten."""

from pathlib import Path
from typing import Final

import numpy as np

from core.cohort.crop_store import HandCrops
from core.cohort.films import read_boxes
from core.cohort.hand_windows import HandWindows, kept_windows
from core.learning.lessons.boxes import BoxWriter
from core.learning.lessons.material import MaterialWriter
from core.learning.lessons.training_data import parts_of
from core.training.localizer.boxed_films import load_boxed
from core.training.material.sources import GraderSources, GradingMaterial, localizer_for

#: Hands of `val` that are measured after each epoch.
_MEASURED: Final = 150


class SeenAgain:
    """A folder as core.learning.lessons.training_data.parts_of has it. Crops are kept in `run`. processes: number that cut
    them."""

    def __init__(self, data: Path, run: Path, processes: int):
        self._hands, self._graded = parts_of(data)
        self._run, self._processes = run / "again", processes

    def _material(self) -> GradingMaterial:
        return GraderSources(self._hands, self._graded).material(self._run, self._processes)

    def add_to(self, grading: MaterialWriter, boxing: BoxWriter) -> None:
        """Adds the hands of `train` and the exemplars to see again, and hands of `val` to measure.

        Raises core.cohort.films.DataFolderError where the folder is not laid out as expected.
        """
        material = self._material()
        for hands, purpose, most in ((material.train, "replay", None), (material.val, "measured", _MEASURED)):
            for row in range(len(hands))[:most]:
                found = np.flatnonzero(hands.found[row])
                grading.add(
                    hands.crops[row, found], found.tolist(), [()] * len(found), int(hands.female[row]),
                    float(hands.months[row]), True, "replay" if purpose == "replay" else "measured",
                )  # fmt: skip
        graded = material.exemplars
        for row in range(len(graded)):
            bone, grade = int(graded.bones[row]), int(graded.grades[row])
            grading.add(graded.crops[row][None], [bone], [(grade,)], 0, np.nan, False, "exemplar")
        if read_boxes(self._hands):
            for film in load_boxed(self._hands, "train"):
                boxing.add(film, None)

    def calibration_hands(self, side: int) -> tuple[HandCrops, HandWindows]:
        """Returns the hands of `val` with their windows of `side` pixels; a side of 0, without a second opinion, gives empty
        ones."""
        val = self._material().val
        if not side:
            return val, HandWindows(val.months[:0], val.female[:0], val.ids[:0], np.zeros((0, 1, 1), np.uint8))
        localizer = localizer_for(self._hands, self._run)
        return val, kept_windows(self._hands, "val", self._run, localizer, side, self._processes)
