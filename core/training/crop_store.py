"""The grader's training material in memory: 13 crops a hand with its age, and single crops with a grade."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from core.bones import RUS_BONES
from core.crops import CONTEXT_SIDE, CROP_SIDE, cut_all
from core.enhance import enhance
from core.errors import FilmRefused
from core.localize import Localizer
from core.radiograph import read_radiograph
from core.training.films import DataFolderError, Film, read_grey

#: A part of the graded crops: all, what is trained on, and what `left_out` keeps out of training.
Part = Literal["all", "trained", "left_out"]

#: Key of a grader's metadata that tells which Part of the exemplars it was trained on; without it, all.
EXEMPLARS_KEY = "exemplars"

#: Which bones an exemplar of a bone group speaks for.
GROUP_BONES = {
    "Radius": ("Radius",), "Ulna": ("Ulna",), "MC1": ("MC1",), "MC": ("MC3", "MC5"), "PP1": ("PP1",),
    "PP": ("PP3", "PP5"), "MP": ("MP3", "MP5"), "DP1": ("DP1",), "DP": ("DP3", "DP5"),
}  # fmt: skip


@dataclass(frozen=True)
class LabelledHands:
    """N hands with an age. months N, female N (1 for girls), ids N; what their pictures are is said by the subclass."""

    months: NDArray[np.float32]
    female: NDArray[np.int64]
    ids: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.ids)

    def save(self, path: Path) -> None:
        """Writes an .npz."""
        np.savez(path, **{name: getattr(self, name) for name in self.__dataclass_fields__})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads what `save` wrote."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class HandCrops(LabelledHands):
    """crops Nx13xSxS uint8 (S = CONTEXT_SIDE), found Nx13."""

    crops: NDArray[np.uint8]
    found: NDArray[np.bool_]


def drawing_weights(hands: LabelledHands, evening: float) -> NDArray[np.float64]:
    """Chances to be drawn that even out the groups of sex and two years of age: (1 / size of the group) ** evening."""
    groups = hands.months.astype(int) // 24 * 2 + hands.female
    sizes = np.bincount(groups)[groups]
    weights = sizes.astype(float) ** -evening
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class GradedCrops:
    """M crops with a person's grade. crops MxSxS uint8, bones M (index into RUS_BONES), grades M (RUS-CHN, 1..n)."""

    crops: NDArray[np.uint8]
    bones: NDArray[np.int64]
    grades: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bones)


def to_levels(crop: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[0, 1] to 0..255."""
    return np.round(crop * 255).astype(np.uint8)


def cut_films(films: Iterable[Film], localizer: Localizer) -> HandCrops:
    """Localises and cuts films; a film that the localiser refuses is left out (training only, evaluation counts it)."""
    rows = []
    for film in tqdm(list(films), desc="cutting crops", mininterval=10):
        radiograph = read_radiograph(film.path)
        try:
            localization = localizer.locate(radiograph)
        except FilmRefused:
            continue
        crops = np.zeros((len(RUS_BONES), CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
        found = np.zeros(len(RUS_BONES), bool)
        for bone, crop in cut_all(radiograph, localization).items():
            crops[RUS_BONES.index(bone)] = to_levels(crop)
            found[RUS_BONES.index(bone)] = True
        rows.append((crops, found, film.bone_age_months, int(film.sex == "F"), film.id))
    return HandCrops(
        crops=np.stack([row[0] for row in rows]),
        found=np.stack([row[1] for row in rows]),
        months=np.array([row[2] for row in rows], np.float32),
        female=np.array([row[3] for row in rows], np.int64),
        ids=np.array([row[4] for row in rows], np.str_),
    )


def frame_exemplar(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A ready-cut exemplar in the frame of our crops: its longer side fills the crop, its edge is continued outwards."""
    scale = 1.05 * CROP_SIDE / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    top, left = (CONTEXT_SIDE - small.shape[0]) // 2, (CONTEXT_SIDE - small.shape[1]) // 2
    framed = cv2.copyMakeBorder(
        small,
        top,
        CONTEXT_SIDE - small.shape[0] - top,
        left,
        CONTEXT_SIDE - small.shape[1] - left,
        cv2.BORDER_REPLICATE,
    )
    return to_levels(enhance(framed.astype(np.float32) / np.float32(255), tiles=4))


def left_out(table: pd.DataFrame) -> NDArray[np.bool_]:
    """The rows of a table of graded crops that stay out of training where it is told to leave some out, to be tested on.

    Of the exemplars of one bone group and grade, every second by file name (the set has two of each); and all crops of
    another quality, which are never trained on. The order of the table's rows does not matter.
    """
    exemplars = table[table["quality"] == "exemplar"].sort_values("file")
    second = exemplars.groupby(["bone_group", "rus_chn_grade"]).cumcount() % 2 == 1
    return second.reindex(table.index, fill_value=True).to_numpy(bool)


def read_graded(folder: Path, quality: str, part: Part = "all") -> GradedCrops:
    """Crops of `folder`/labels.csv of one quality ("exemplar" or "unverified"), each for every bone of its group.

    part: all of them, those to train on, or those that `left_out` keeps for testing.
    Raises DataFolderError where the table is missing, lacks a column, or has no such crop.
    """
    path = folder / "labels.csv"
    if not path.is_file():
        raise DataFolderError(
            f"{path} is missing. Point --data at a folder with labels.csv "
            "(file,bone_group,bone,rus_chn_grade,quality) and the crops it names."
        )
    table = pd.read_csv(path, keep_default_na=False)
    missing = {"file", "bone_group", "bone", "rus_chn_grade", "quality"} - set(table.columns)
    if missing:
        raise DataFolderError(f"{path} has no column {', '.join(sorted(missing))}.")
    wanted = table["quality"] == quality
    if part != "all":
        wanted &= left_out(table) == (part == "left_out")
    crops, bones, grades = [], [], []
    for row in table[wanted].itertuples(index=False):
        grey, _ = read_grey(folder / str(row.file))
        framed = frame_exemplar(grey)
        for bone in (str(row.bone),) if row.bone else GROUP_BONES[str(row.bone_group)]:
            crops.append(framed)
            bones.append(RUS_BONES.index(bone))
            grades.append(int(str(row.rus_chn_grade)))
    if not crops:
        raise DataFolderError(f"{path} has no crop of quality {quality} in the part {part}: choose another part.")
    return GradedCrops(np.stack(crops), np.array(bones, np.int64), np.array(grades, np.int64))
