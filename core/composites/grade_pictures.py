"""Makes the pictures of what each grade of each bone looks like: every one the aligned average of several children's crops."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from core.assessment.grading.grader import Grader, network_input
from core.bones import RUS_BONES
from core.cohort.crop_store import GROUP_BONES, HandCrops, cut_films
from core.cohort.films import training_films
from core.composites.crop_average import average_crops
from core.composites.hand_average import LEAST_HANDS
from core.hand.localizer import Localizer
from core.standards import grade_count

INDEX: Final = "index.json"
#: A crop is near a grade if the grader gives that grade at least this probability. Some grades are passed so quickly that
#: they are seldom the most probable one.
LEAST_PROBABILITY: Final = 0.2
#: Number of crops that are looked at, the nearest to the grade's centre first; those that agree best are averaged.
_CANDIDATES: Final = 28
_WEBP_QUALITY: Final = 88
_BATCH: Final = 64
#: Pictures that were looked at and show another grade than they should, and so would mislead a reader: on the youngest
#: hands the grader takes an ossification centre that has just appeared for an absent one, and an absent ulna for one that has.
#: Look at all pictures again when the grader has changed.
WITHHELD: Final = frozenset(
    {("Radius", 0), ("Ulna", 1), ("MC1", 0), ("MC3", 0), ("MC5", 0), ("PP3", 0), ("PP5", 0), ("DP5", 0)}
)


@dataclass(frozen=True)
class PictureEntry:
    """One bone at one grade. children: how many different ones are near it and, if there is a picture, averaged in it.

    bones: those whose crops were used; file: None where fewer than LEAST_HANDS children are near the grade, or where the
    picture is withheld (see WITHHELD).
    """

    bone: str
    grade: int
    children: int
    bones: tuple[str, ...]
    file: str | None
    withheld: bool = False


def make_grade_pictures(
    data: Path, out: Path, localizer: Localizer, grader: Grader, weights: dict[str, str], run: Path | None = None
) -> list[PictureEntry]:
    """Writes a picture of each bone at each grade, and an index that names no film, into the folder `out`.

    data: a folder as in core.cohort.films, of which the `train` films are cut. run: a folder that keeps the crops
    from one run to the next (crops_train.npz), so delete them when the localiser has changed. weights: SHA-256 by name.

    Boys and girls are taken together: a grade looks the same in both. Raises DataFolderError.
    """
    hands = _crops(data, localizer, run)
    probabilities = [_probabilities(hands, place, grader) for place in range(len(RUS_BONES))]
    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob("*.webp"):
        stale.unlink()
    pictures = [
        _make(bone, grade, hands, probabilities, out) for bone in RUS_BONES for grade in range(grade_count(bone) + 1)
    ]
    index = {"weights": weights, "pictures": [asdict(picture) for picture in pictures]}
    (out / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return pictures


def _crops(data: Path, localizer: Localizer, run: Path | None) -> HandCrops:
    saved = None if run is None else run / "crops_train.npz"
    if saved is not None and saved.is_file():
        return HandCrops.load(saved)
    hands = cut_films(training_films(data, "train"), localizer)
    if saved is not None:
        saved.parent.mkdir(parents=True, exist_ok=True)
        hands.save(saved)
    return hands


@torch.inference_mode()
def _probabilities(hands: HandCrops, place: int, grader: Grader) -> NDArray[np.float64]:
    """Grade probabilities of one bone on every hand, N x (n + 1); all zero where the bone was not found."""
    graded = np.zeros((len(hands), grade_count(RUS_BONES[place]) + 1))
    found = np.flatnonzero(hands.found[:, place])
    for start in range(0, len(found), _BATCH):
        some = found[start : start + _BATCH]
        views = network_input(torch.from_numpy(hands.crops[some, place]).float()[:, None] / 255)
        bones = torch.full((len(some),), place)
        rows = grader.network.probabilities(grader.network(views, bones), bones).double().numpy()
        graded[some] = rows[:, : graded.shape[1]]
    return graded


def near_grade(probabilities: NDArray[np.float64], grade: int) -> NDArray[np.int64]:
    """Which of N crops are near a grade, the nearest to its centre first. probabilities: N x (n + 1).

    Between its two cut points a grade is more likely the nearer the crop's latent lies to their middle, so the order is
    that of the probability; at grade 0 and the last grade, which have nothing beyond them, the surest crops come first.
    """
    own = probabilities[:, grade]
    near = np.flatnonzero(own >= LEAST_PROBABILITY)
    return near[np.argsort(-own[near], kind="stable")]


def _make(
    bone: str, grade: int, hands: HandCrops, probabilities: Sequence[NDArray[np.float64]], out: Path
) -> PictureEntry:
    """Averages the crops nearest to the grade and writes the picture; too few give an entry without one."""
    places = [RUS_BONES.index(bone)]
    chosen = [(place, hand) for place in places for hand in near_grade(probabilities[place], grade)]
    if len(chosen) < LEAST_HANDS:
        places += [RUS_BONES.index(alike) for alike in _alike(bone)]
        chosen = _one_a_child([(place, hand) for place in places for hand in near_grade(probabilities[place], grade)])
    used = tuple(RUS_BONES[place] for place in places)
    if len(chosen) < LEAST_HANDS:
        return PictureEntry(bone, grade, len(chosen), used, None)
    if (bone, grade) in WITHHELD:
        return PictureEntry(bone, grade, len(chosen), used, None, withheld=True)
    average = average_crops(np.stack([hands.crops[hand, place] for place, hand in chosen[:_CANDIDATES]]))
    file = f"{bone}_{grade:02d}.webp"
    cv2.imwrite(str(out / file), average.picture, [cv2.IMWRITE_WEBP_QUALITY, _WEBP_QUALITY])
    return PictureEntry(bone, grade, len(average.kept), used, file)


def _alike(bone: str) -> list[str]:
    """The other bones that share this bone's grades and look alike, such as MC5 for MC3."""
    group = next(bones for bones in GROUP_BONES.values() if bone in bones)
    return [other for other in group if other != bone]


def _one_a_child(chosen: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first crop of every hand, so that a child counts once."""
    first: dict[int, int] = {}
    for place, hand in chosen:
        first.setdefault(hand, place)
    return [(place, hand) for hand, place in first.items()]
