"""Hands to test on: a drawn one with its 21 boxes, folders of them laid out for training, and the shipped examples."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.assessment.records import Assessment
from core.bones import ALL_BONES, Sex
from core.film.radiograph import read_radiograph
from core.hand.geometry import mean_hand

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True)
class Example:
    """One shipped example hand."""

    path: Path
    sex: Sex
    age_years: float


#: Gives the assessment of an example; made once.
Assess = Callable[[Example], Assessment]


def assert_same(one: Assessment, other: Assessment) -> None:
    """Two assessments say the same, to the last digit; only the seconds that they took may differ."""
    for field in fields(Assessment):
        if field.name not in ("localization", "seconds"):
            assert getattr(one, field.name) == getattr(other, field.name), field.name
    assert one.localization.to_dict() == other.localization.to_dict()


def shipped_examples() -> list[Example]:
    """What examples.json lists; empty where it is missing, so that the tests can say so."""
    index = EXAMPLES / "examples.json"
    if not index.is_file():
        return []
    return [Example(EXAMPLES / e["file"], e["sex"], e["age_years"]) for e in json.loads(index.read_text())]


def two_hands_file(example: Example, folder: Path) -> Path:
    """A picture of an example's left hand and, to the left of it, its mirror image."""
    film = read_radiograph(example.path).pixels
    both = np.round(np.hstack([film[:, ::-1], film]) * 255).astype(np.uint8)
    cv2.imwrite(str(folder / "both.png"), both)
    return folder / "both.png"


def drawn_hand(
    width: int = 240, height: int = 320, unit: float = 78.0
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A dark film of the mean left hand, its regions bright discs on grey fingers, and their boxes (21x4, ALL_BONES)."""
    mean = mean_hand()
    middle = (mean.centres.min(0) + mean.centres.max(0)) / 2
    centres = (mean.centres - middle) * unit + [width / 2, height / 2]
    at = {bone: (round(x), round(y)) for bone, (x, y) in zip(ALL_BONES, centres, strict=True)}
    picture = np.full((height, width), 20, np.uint8)
    for finger in "12345":
        chain = [f"{part}{finger}" for part in ("MC", "PP", "MP", "DP") if f"{part}{finger}" in at]
        for start, end in zip(["Radius", *chain[:-1]], chain, strict=True):
            cv2.line(picture, at[start], at[end], 110, max(2, round(unit / 9)))
    for place in at.values():
        cv2.circle(picture, place, round(unit / 12), 235, -1)
    half = mean.extents * unit / 2
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)
    return soft, np.concatenate([centres - half, centres + half], axis=1)


def write_data_folder(folder: Path, hands: int) -> Path:
    """A folder of drawn hands laid out for training: labels.csv, boxes21.csv, images/. The last one is in `val`."""
    (folder / "images").mkdir(parents=True)
    labels, rows = [], []
    for number in range(hands):
        picture, boxes = drawn_hand(unit=64.0 + 4 * number)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), picture)
        split = "val" if number == hands - 1 else "train"
        labels.append((f"h{number}", f"images/{number}.png", "MF"[number % 2], 60 + 12 * number, split))
        rows += [(f"h{number}", bone, *box) for bone, box in zip(ALL_BONES, boxes, strict=True)]
    pd.DataFrame(labels, columns=["id", "file", "sex", "bone_age_months", "split"]).to_csv(
        folder / "labels.csv", index=False
    )
    write_boxes(folder, rows)
    return folder


def write_boxes(folder: Path, rows: list[tuple[str, str, float, float, float, float]]) -> None:
    """Writes boxes21.csv from rows of film, bone and box."""
    pd.DataFrame(rows, columns=["id", "bone", "xmin", "ymin", "xmax", "ymax"]).to_csv(
        folder / "boxes21.csv", index=False
    )
