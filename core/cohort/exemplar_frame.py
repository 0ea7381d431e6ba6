"""Brings ready-cut exemplars into the frame of our own crops: upright, at our scale, with the joint where ours have it.

Textbook panels and other programs' crops show thumbs aslant and bones at any scale. Each is compared with the mean of our
own crops of that bone at several ages and moved to where it fits best; its grade plays no part in that.
"""

import dataclasses
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.cohort.crop_store import GROUP_BONES, GradedCrops, HandCrops, to_levels
from core.cohort.films import DataFolderError, read_grey, read_table
from core.film.enhance import enhance
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from core.standards.maturity import grade_starts

#: A part of the graded crops: all, what is trained on, and what `left_out` keeps out of training.
ExemplarPart = Literal["all", "trained", "left_out"]

#: Key of a grader's metadata that says which ExemplarPart of the exemplars it was trained on, or "none"; if absent, all.
EXEMPLARS_KEY = "exemplars"

#: The mean crops that exemplars are compared with; made by `python -m core train grader`.
MEAN_CROPS = Path(__file__).parents[1] / "data" / "mean_crops.npz"
_AGES = 5
#: No mean of fewer hands is made: it might show one child's.
FEWEST_HANDS = 8
#: The search runs on crops reduced by this factor.
_SHRINK = 2
_SIDE = CROP_SIDE // _SHRINK
_ZOOMS = np.exp(np.linspace(np.log(0.6), np.log(1.5), 9))
_SHIFTS = np.arange(-0.24, 0.25, 0.08)
#: Largest turn tried, in degrees: textbook panels show thumbs aslant, as they lie on the hand.
_LARGEST_TURN = {"MC1": 70.0, "PP1": 70.0, "DP1": 70.0}
_USUAL_TURN = 30.0
_TURN_STEP = 10.0
#: Whoever cut a bone out centred it and made it about as large as ours. A frame this far from that, in crop sides or in the
#: logarithm of the zoom, must fit better by _HOLD; one twice as far, by four times as much.
_USUAL_ZOOM, _OFF_CENTRE, _OTHER_SIZE, _HOLD = 1.05, 0.12, 0.25, 0.05
#: The exemplar's pixels must cover at least this share of the crop.
_LEAST_COVERED = 0.55


@dataclass(frozen=True)
class Frame:
    """How an exemplar is moved: turned by `degrees`, its longer side `zoom` times CROP_SIDE, shifted by x, y crop sides.

    fit: normalised correlation with the best mean crop, -1..1.
    """

    degrees: float
    zoom: float
    x: float
    y: float
    fit: float


def mean_crops(hands: HandCrops) -> dict[str, NDArray[np.uint8]]:
    """For each bone the mean crops of hands in groups of age, 5 x S x S uint8 (S = half of CROP_SIDE); fewer groups where
    hands are few. Raises DataFolderError where too few hands have the bone."""
    edge = (CONTEXT_SIDE - CROP_SIDE) // 2
    means = {}
    for i, bone in enumerate(RUS_BONES):
        rows = np.flatnonzero(hands.found[:, i])
        if len(rows) < FEWEST_HANDS:
            raise DataFolderError(
                f"{bone} was found on {len(rows)} films only: to frame exemplars, train on at least {FEWEST_HANDS} "
                "hands."
            )
        ages = min(_AGES, len(rows) // FEWEST_HANDS)
        groups = np.array_split(rows[np.argsort(hands.months[rows], kind="stable")], ages)
        inner = hands.crops[:, i, edge:-edge, edge:-edge]
        whole = [np.asarray(inner[group].mean(0), np.float32) for group in groups]
        small = [cv2.resize(mean, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for mean in whole]
        means[bone] = np.round(np.stack(small)).astype(np.uint8)
    return means


def load_mean_crops(path: Path = MEAN_CROPS) -> dict[str, NDArray[np.uint8]]:
    """Mean crops as `mean_crops` makes them, saved with `numpy.savez_compressed`."""
    with np.load(path) as file:
        return {bone: file[bone] for bone in RUS_BONES}


def _affine(shape: tuple[int, int], frame: Frame, side: int, context: float) -> NDArray[np.float64]:
    """The map from the exemplar's pixels to a `side`-pixel window that shows `context` crop sides."""
    height, width = shape
    scale = frame.zoom * side / context / max(shape)
    matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), frame.degrees, scale), np.float64)
    unit = side / context
    matrix[:, 2] += side / 2 + np.array([frame.x * unit - width / 2, frame.y * unit - height / 2])
    return matrix


def _standardised(values: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = (values * weights).sum((-2, -1), keepdims=True) / weights.sum()
    centred = (values - mean) * weights
    return np.asarray(centred / np.sqrt((centred**2).sum((-2, -1), keepdims=True) + 1e-9), np.float32)


def _fit(picture: NDArray[np.float32], frame: Frame, means: NDArray[np.float32]) -> float:
    matrix = _affine((picture.shape[0], picture.shape[1]), frame, _SIDE, 1.0)
    seen = np.asarray(cv2.warpAffine(picture, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR), np.float32)
    covered = np.asarray(cv2.warpAffine(np.ones_like(picture), matrix, (_SIDE, _SIDE)), np.float32)
    if covered.mean() < _LEAST_COVERED:
        return -1.0
    return float((_standardised(means, covered) * _standardised(seen, covered)).sum((-2, -1)).max())


def _worth(frame: Frame) -> float:
    """The fit, less a penalty for an unusual frame."""
    off_centre = (frame.x**2 + frame.y**2) / _OFF_CENTRE**2
    other_size = (np.log(frame.zoom / _USUAL_ZOOM) / _OTHER_SIZE) ** 2
    return frame.fit - _HOLD * float(off_centre + other_size)


def find_frame(grey: NDArray[np.uint8], means: NDArray[np.uint8], bone: str) -> Frame:
    """The frame in which an exemplar (HxW uint8) fits the mean crops of its bone best (see mean_crops); of two that fit
    equally well, the more usual one."""
    whole = enhance(grey.astype(np.float32) / np.float32(255), tiles=4)
    # the search needs no more pixels than the crops that it is compared with
    shrink = min(1.0, 1.5 * _SIDE / max(whole.shape))
    picture = np.asarray(cv2.resize(whole, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.float32)
    small = means.astype(np.float32) / np.float32(255)
    largest = _LARGEST_TURN.get(bone, _USUAL_TURN)
    turns = np.arange(-largest, largest + 1, _TURN_STEP)

    def fitted(degrees: float, zoom: float, x: float, y: float) -> Frame:
        frame = Frame(float(degrees), float(zoom), float(x), float(y), 0.0)
        return dataclasses.replace(frame, fit=_fit(picture, frame, small))

    tried = (fitted(*place) for place in itertools.product(turns, _ZOOMS, _SHIFTS, _SHIFTS))
    best = max(tried, key=_worth)
    steps = np.array([_TURN_STEP / 2, 0.03, 0.04, 0.04])
    while steps[0] > 1.0:
        improved = False
        for axis, sign in itertools.product(range(4), (-1, 1)):
            moved = np.array([best.degrees, np.log(best.zoom), best.x, best.y])
            moved[axis] += sign * steps[axis]
            frame = fitted(moved[0], np.exp(moved[1]), moved[2], moved[3])
            if _worth(frame) > _worth(best):
                best, improved = frame, True
        if not improved:
            steps = steps / 2
    return best


def reframe(grey: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """The exemplar as a crop with margin, CONTEXT_SIDE x CONTEXT_SIDE uint8, enhanced; its edge is continued outwards."""
    matrix = _affine((grey.shape[0], grey.shape[1]), frame, CONTEXT_SIDE, CONTEXT_SIDE / CROP_SIDE)
    flags = cv2.INTER_AREA if matrix[0, 0] ** 2 + matrix[0, 1] ** 2 < 1 else cv2.INTER_LINEAR
    window = cv2.warpAffine(grey, matrix, (CONTEXT_SIDE, CONTEXT_SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return to_levels(enhance(np.asarray(window, np.float32) / np.float32(255), tiles=4))


def left_out(table: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows of a table of graded crops that are kept out of training for testing.

    Of the exemplars of one bone group and grade, every second by file name (the set has two of each); and all crops of
    another quality, which are never trained on. The order of the table's rows does not matter.
    """
    exemplars = table[table["quality"] == "exemplar"].sort_values("file")
    second = exemplars.groupby(["bone_group", "rus_chn_grade"]).cumcount() % 2 == 1
    return second.reindex(table.index, fill_value=True).to_numpy(bool)


def check_graded(folder: Path) -> int:
    """Reads only the table of a folder of exemplars and returns how many of its crops are trained on. Raises DataFolderError
    as read_graded does."""
    return sum(len(bones) for _, bones, _ in _graded(folder, "exemplar", "trained"))


def _graded(folder: Path, quality: str, part: ExemplarPart) -> list[tuple[Path, tuple[str, ...], int]]:
    """The picture, bones and grade of each wanted row of `folder`/labels.csv."""
    path = folder / "labels.csv"
    hint = "Point at a folder with labels.csv (file,bone_group,bone,rus_chn_grade,quality) and the crops it names."
    table = read_table(path, ("file", "bone_group", "bone", "rus_chn_grade", "quality"), hint, empty=False)
    wanted = table["quality"] == quality
    if part != "all":
        wanted &= left_out(table) == (part == "left_out")
    rows = []
    for row in table[wanted].itertuples(index=False):
        bones = (str(row.bone),) if row.bone else GROUP_BONES.get(str(row.bone_group), ())
        if not bones or bones[0] not in RUS_BONES:
            raise DataFolderError(
                f"{path}: {row.file} is not a bone or group of bones that is graded; correct its row."
            )
        last = min(len(grade_starts(bone)) for bone in bones)
        grade = str(row.rus_chn_grade)
        if not (grade.isdecimal() and 1 <= int(grade) <= last):
            raise DataFolderError(f"{path}: the grade of {row.file} must be 1 to {last}, and is {grade!r}.")
        rows.append((folder / str(row.file), bones, int(grade)))
    if not rows:
        raise DataFolderError(f"{path} has no crop of quality {quality} in the part {part}: choose another part.")
    return rows


def read_graded(
    folder: Path, quality: str, part: ExemplarPart = "all", means: dict[str, NDArray[np.uint8]] | None = None
) -> GradedCrops:
    """Crops of `folder`/labels.csv of one quality ("exemplar" or "unverified"), framed, each for every bone of its group.

    part: all of them, those to train on, or those that `left_out` keeps for testing. means: the mean crops to compare them
    with; the shipped ones if not given. Raises DataFolderError where the table is missing, lacks a column, has no such crop,
    or gives a crop a bone or grade that does not exist.
    """
    graded = _graded(folder, quality, part)
    means = load_mean_crops() if means is None else means
    crops, bones, grades = [], [], []
    for file, of_bones, grade in graded:
        grey, _ = read_grey(file)
        for bone in of_bones:
            crops.append(reframe(grey, find_frame(grey, means[bone], bone)))
            bones.append(RUS_BONES.index(bone))
            grades.append(grade)
    return GradedCrops(np.stack(crops), np.array(bones, np.int64), np.array(grades, np.int64))
