"""The weights that a fine-tuning starts from, and the candidate that it writes beside them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.assessment.age.second_opinion import window_side
from core.assessment.grading.grader import Grader
from core.cohort.crop_store import HandCrops
from core.cohort.hand_windows import HandWindows
from core.learning.errors import RunRefused
from core.training.programs.intervals import calibrate_intervals
from core.training.whole_hand.ages import opinions_of
from models import WEIGHTS
from models.bone_grader import BoneGrader
from models.hand_localizer import HandLocalizer
from models.registry import (
    INDEX,
    WHOLE_HANDS,
    WeightFile,
    WeightsError,
    is_registered,
    load_grader,
    load_intervals,
    load_localizer,
    load_whole_hands,
    read_weights,
    register,
    register_intervals,
)
from models.whole_hand_network import WholeHandNetwork

#: Key of the candidate's metadata with the SHA-256 of the weights that it was fine-tuned from.
TUNED_FROM: Final = "tuned_from"

#: Gives the crops of hands that were not learned from and have a radiologist's reading and, for a side in pixels, their
#: windows.
CalibrationHands = Callable[[int], tuple[HandCrops, HandWindows]]


@dataclass(frozen=True)
class Start:
    """A folder of weights; any that it lacks, as a run's folder may, are taken from the shipped ones.

    Raises RunRefused for a folder without weights, models.registry.WeightsError where they are not what the index says.
    """

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / INDEX).is_file():
            raise RunRefused(
                f"{self.folder} is not a folder of weights: it lacks {INDEX}. Name another one to start from, such as "
                "the `weights` of a run."
            )

    def _place(self, name: str) -> Path:
        try:
            return self.folder if is_registered(name, self.folder) else WEIGHTS
        except WeightsError:
            return self.folder  # if it cannot be read, reading it says so

    @property
    def hashes(self) -> dict[str, str | None]:
        """SHA-256 by network; None for a second opinion that is not there."""
        found = {name: file.sha256 for name, (_, file) in self.whole_hands().items()}
        second: dict[str, str | None] = {**found} if found else {WHOLE_HANDS[0]: None}
        return {"grader": self._hash("grader"), "localizer": self._hash("localizer"), **second}

    def _hash(self, name: str) -> str:
        return read_weights(name, self._place(name)).sha256

    def grader(self) -> tuple[BoneGrader, dict[str, str]]:
        """Returns a fresh grader and its metadata."""
        network, file = load_grader(folder=self._place("grader"))
        return network, {**file.metadata, TUNED_FROM: file.sha256}

    def localizer(self) -> HandLocalizer:
        """Returns a fresh localiser."""
        return load_localizer(folder=self._place("localizer"))[0]

    def whole_hands(self) -> dict[str, tuple[WholeHandNetwork, WeightFile]]:
        """Returns the second opinion's networks, all from one place; none where there is no second opinion."""
        return load_whole_hands(self._place(WHOLE_HANDS[0]))

    def write_candidate(
        self,
        folder: Path,
        grader: BoneGrader,
        metadata: dict[str, str],
        localizer: HandLocalizer | None,
        hands: CalibrationHands | None,
    ) -> str:
        """Writes the weights as models.registry does, and the intervals beside them, in place of what a run that was broken off
        left there; returns where the intervals are from.

        hands: to set the intervals on; without them, the start model's are kept for the new weights. The second opinion and
        its weights stay as they are.
        """
        shutil.rmtree(folder, ignore_errors=True)
        second = self.whole_hands()
        if localizer is not None:
            register("localizer", localizer, {TUNED_FROM: self._hash("localizer")}, folder)
        hashes = {name: file.sha256 for name, (_, file) in second.items()}
        before = {"grader": self._hash("grader"), **hashes}
        new = {"grader": register("grader", grader, metadata, folder), **hashes}
        if hands is None:
            register_intervals(load_intervals(before, self._place("grader")), new, folder)
            return "kept from the start model"
        kept, _ = load_grader(folder=folder)
        side = max((window_side(network.options.height) for network, _ in second.values()), default=0)
        crops, windows = hands(side)
        networks = [(network, float(file.metadata["weight"])) for network, file in second.values()]
        opinions = opinions_of(networks, windows) if networks else None
        setting = calibrate_intervals(Grader(kept), crops, opinions)
        register_intervals(setting.scatter_months, new, folder)
        return "set on the hands of val"
