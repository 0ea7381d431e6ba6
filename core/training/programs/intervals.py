"""The 90 % intervals, which `python -m core train intervals` also sets: calibrated by how far the radiologists' readings
scatter beyond what the grade distributions say."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.assessment.age.bone_age import bone_age_of_total
from core.assessment.age.second_opinion import window_side
from core.assessment.grading.grader import Grader
from core.assessment.records import BoneAge, IntervalSetting, SecondOpinion
from core.bones import RUS_BONES, Sex
from core.cohort.crop_store import HandCrops
from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows, kept_windows
from core.standards import INTERVAL_COVERAGE, total_distribution
from core.training.material.sources import crops_of, localizer_for
from core.training.whole_hand.ages import opinions_of
from models.registry import load_grader, load_whole_hands, register_intervals
from models.whole_hand_network import WholeHandNetwork

_LOG = logging.getLogger(__name__)
#: The scatter is tried in tenths of a month, up to five years.
_STEPS_A_MONTH, _WIDEST = 10, 600


def calibrate_intervals(grader: Grader, hands: HandCrops, second: Sequence[SecondOpinion] | None) -> IntervalSetting:
    """The least scatter (in tenths of a month, up to 60 months) with which a single reading's 90 % interval contains 90 % of
    the labels.

    hands: not trained on; those with a bone missing are left out. second: the opinion on each hand, None if there is none.
    Where even 60 months miss too many, a warning is logged. Raises DataFolderError where no hand has all bones.

    Why a scatter and not a factor: on `val` neither the width of the grade distributions nor the difference of the two opinions
    says how far off the age is (rank correlations with the error within 0.05 of 0), so that intervals of those widths times a
    factor were wider for the same coverage.
    """
    complete = np.flatnonzero(hands.found.all(axis=1))
    if not len(complete):
        raise DataFolderError("The intervals cannot be calibrated: no hand of the `val` split has all 13 bones.")
    cases = []
    for row in complete.tolist():
        crops = {bone: hands.crops[row, i].astype(np.float32) / 255 for i, bone in enumerate(RUS_BONES)}
        sex: Sex = "F" if hands.female[row] else "M"
        distribution = total_distribution("rus_chn", sex, dict(grader.grade(crops)))
        cases.append((sex, distribution, None if second is None else second[row], float(hands.months[row])))

    def ages(scatter: float) -> list[BoneAge]:
        alone = ((bone_age_of_total(grader, sex, given, scatter), opinion) for sex, given, opinion, _ in cases)
        return [age if opinion is None else opinion.heard(age) for age, opinion in alone]

    def covered(step: int) -> float:
        intervals = np.array([age.interval90 for age in ages(step / _STEPS_A_MONTH)])
        labels = np.array([label for *_, label in cases])
        return float(((intervals[:, 0] <= labels) & (labels <= intervals[:, 1])).mean())

    low, high = 0, _WIDEST
    while low < high:
        middle = (low + high) // 2
        if covered(middle) >= INTERVAL_COVERAGE:
            high = middle
        else:
            low = middle + 1
    if low == _WIDEST and (held := covered(low)) < INTERVAL_COVERAGE:
        _LOG.warning("The 90 %% interval holds %.0f %% of the labels: the ages are far off.", 100 * held)
    return IntervalSetting(low / _STEPS_A_MONTH)


def make_intervals(films: Path, run: Path, workers: int = 1) -> IntervalSetting:
    """Sets the intervals of the registered networks on `val`. films: folder of labelled films. run: may be the grader's, whose
    crops of `val` are then taken."""
    localizer = localizer_for(films, run)
    val = crops_of(films, "val", run, localizer, workers)
    networks = shipped_whole_hands()
    if not networks:
        return set_intervals(val, None)
    side = max(window_side(network.options.height) for network, _ in networks)
    return set_intervals(val, kept_windows(films, "val", run, localizer, side, workers))


def set_intervals(val: HandCrops, windows: HandWindows | None) -> IntervalSetting:
    """Registers the setting of the intervals that suits the registered networks, and returns it.

    val: hands that were not trained on. windows: of the same hands in the same order; None without a second opinion.
    """
    grader, file = load_grader()
    second = None if windows is None else opinions_of(shipped_whole_hands(), windows)
    setting = calibrate_intervals(Grader(grader), val, second)
    hashes = {name: one.sha256 for name, (_, one) in load_whole_hands().items()} if windows is not None else {}
    register_intervals(setting.scatter_months, {"grader": file.sha256, **hashes})
    return setting


def shipped_whole_hands() -> list[tuple[WholeHandNetwork, float]]:
    """The registered networks of the whole hand, each with its weight in the bone age."""
    return [(network, float(file.metadata["weight"])) for network, file in load_whole_hands().values()]
