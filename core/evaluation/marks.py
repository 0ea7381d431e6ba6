"""Where other people put bones: ossification boxes and joints, from the files of a data folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from core.cohort.films import read_table
from core.film.box import Box

Point = tuple[float, float]

#: Which box of boxes_ossification17.csv (region, finger; 0 where it has none) each RUS region is compared with. Finger 1 is
#: the thumb, whose only joint between phalanges is called PIP there and is the base of its distal phalanx. One MCP box
#: holds the head of the metacarpal and the base of the phalanx, so that it stands for both. The base of the thumb's
#: metacarpal has no box: MC1 has no counterpart.
BOX_OF_BONE: Final = {
    "Radius": ("Radius", 0), "Ulna": ("Ulna", 0),
    "MC3": ("MCP", 3), "MC5": ("MCP", 5),
    "PP1": ("MCP", 1), "PP3": ("MCP", 3), "PP5": ("MCP", 5),
    "MP3": ("PIP", 3), "MP5": ("PIP", 5),
    "DP1": ("PIP", 1), "DP3": ("DIP", 3), "DP5": ("DIP", 5),
}  # fmt: skip

#: Which joint of keypoints21.csv each RUS region is compared with. On fingers 2 to 5 the points 1..4 are MCP, PIP, DIP and
#: tip; on the thumb the carpometacarpal joint, where its metacarpal has its epiphysis, MCP, interphalangeal joint and tip.
#: The wrist's point lies on the carpus, between Radius and Ulna, which have no counterpart. A joint lies distal of the
#: metacarpal's and proximal of the phalanx's growth plate, so that even a perfect centre is some way off.
KEYPOINT_OF_BONE: Final = {
    "MC1": "thumb1", "PP1": "thumb2", "DP1": "thumb3",
    "MC3": "middle_finger1", "PP3": "middle_finger1", "MP3": "middle_finger2", "DP3": "middle_finger3",
    "MC5": "pinky_finger1", "PP5": "pinky_finger1", "MP5": "pinky_finger2", "DP5": "pinky_finger3",
}  # fmt: skip

_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")

#: Where two annotators boxed a film, the first of these that did counts.
ANNOTATORS: Final = ("eval_expert", "train", "eval_nonexpert")


@dataclass(frozen=True)
class Mark:
    """Where a person put a region, in pixels of the film.

    unit: what distances are shares of: the box's diagonal, or the height of the hand. box: None for a joint.
    """

    centre: Point
    unit: float
    box: Box | None


#: Marks by film id (or annotator) and RUS bone.
Marks = dict[str, dict[str, Mark]]


def read_ossification_boxes(data: Path) -> Marks:
    """Marks of `data`/boxes_ossification17.csv (id,annotator,region,finger_by_x_order,xmin,ymin,xmax,ymax); empty if missing.

    Fingers are numbered there as if the film showed an upright left hand, thumb to the right. Where the radius, which is
    on the thumb's side, lies left of the ulna, the order is turned round.
    """
    return {
        film_id: marks[next((name for name in ANNOTATORS if name in marks), min(marks))]
        for film_id, marks in marks_by_annotator(data).items()
    }


def marks_by_annotator(data: Path) -> dict[str, Marks]:
    """Marks of `data`/boxes_ossification17.csv by film and annotator; empty without the file. Raises DataFolderError where a
    column is missing."""
    table = _read(data / "boxes_ossification17.csv", ("annotator", "region", "finger_by_x_order", *_CORNERS))
    films: dict[str, Marks] = {}
    for (film_id, annotator), of_film in table.groupby(["id", "annotator"]):
        boxes = _by_finger(of_film)
        films.setdefault(str(film_id), {})[str(annotator)] = {
            bone: Mark(box.centre, float(np.hypot(box.width, box.height)), box)
            for bone, box in ((bone, boxes[key]) for bone, key in BOX_OF_BONE.items() if key in boxes)
        }
    return films


def _by_finger(of_film: pd.DataFrame) -> dict[tuple[str, int], Box]:
    """One annotator's boxes of one film by region and finger."""
    boxes: dict[tuple[str, int], Box] = {}
    fingers = of_film["finger_by_x_order"].fillna(0).astype(int)
    corners = of_film[list(_CORNERS)].to_numpy(float)
    for region, finger, corner in zip(of_film["region"], fingers, corners, strict=True):
        boxes[str(region), int(finger)] = Box(*corner)
    radius, ulna = boxes.get(("Radius", 0)), boxes.get(("Ulna", 0))
    if radius is None or ulna is None or radius.centre[0] > ulna.centre[0]:
        return boxes
    turned = {"MCP": 6, "PIP": 6, "DIP": 7}  # fingers 1 to 5, and 2 to 5
    return {(region, turned.get(region, 0) - finger if finger else 0): box for (region, finger), box in boxes.items()}


def read_keypoints(data: Path) -> Marks:
    """Marks of `data`/keypoints21.csv (id,keypoint,x,y,v,hand_h), those with v = 2 (visible); empty without the file."""
    table = _read(data / "keypoints21.csv", ("keypoint", "x", "y", "v", "hand_h"))
    marks: Marks = {}
    for film_id, of_film in table[table["v"] == 2].groupby("id"):
        points = {
            str(name): Mark((float(x), float(y)), float(height), None)
            for name, x, y, height in zip(
                of_film["keypoint"], of_film["x"], of_film["y"], of_film["hand_h"], strict=True
            )
        }
        marks[str(film_id)] = {bone: points[name] for bone, name in KEYPOINT_OF_BONE.items() if name in points}
    return marks


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The table, empty where there is no file. Raises DataFolderError where a column is missing."""
    if not path.is_file():
        return pd.DataFrame({column: [] for column in ("id", *columns)})
    return read_table(path, ("id", *columns), "")
