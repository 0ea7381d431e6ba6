"""A second, independent check of where the bones are: ossification boxes and joints that other people marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.bones import RUS_BONES
from core.cohort.films import DataFolderError, Film, read_films, read_table
from core.errors import FilmRefused
from core.evaluation.figures import Cell, Inline, Table
from core.evaluation.uncertainty import wilson95
from core.film.box import Box
from core.film.radiograph import read_radiograph
from core.hand.localizer import Localizer

Point = tuple[float, float]

#: Which box of boxes_ossification17.csv (region, finger; 0 where it has none) each RUS region is held against. Finger 1 is
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

#: Which joint of keypoints21.csv each RUS region is held against. On fingers 2 to 5 the points 1..4 are MCP, PIP, DIP and
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
_ANNOTATORS: Final = ("eval_expert", "train", "eval_nonexpert")


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
OfFile = TypeVar("OfFile")


@dataclass(frozen=True)
class FoundCentre:
    """Where the localiser put a region: centre in pixels, axis_degrees as in core.hand.localization.Region, and whether the
    film shows a right hand."""

    centre: Point
    axis_degrees: float
    mirrored: bool

    def offset_from(self, mark: Mark) -> Point:
        """From the mark to the centre, in the mark's units: towards the bone's distal end, and towards the thumb."""
        x, y = np.subtract(self.centre, mark.centre) / mark.unit
        turn = np.radians(self.axis_degrees)
        thumb = x * np.cos(turn) + y * np.sin(turn)
        return float(x * np.sin(turn) - y * np.cos(turn)), float(-thumb if self.mirrored else thumb)


@dataclass(frozen=True)
class Inside:
    """Share of the marked regions whose centre lies in the box, ends included, with its Wilson 95 % interval."""

    inside: float
    inside_wilson95: tuple[float, float]


@dataclass(frozen=True)
class Distances:
    """Of the found centres from their marks, in shares of the mark's unit.

    distal_median: of the offset along the bone, distal positive. scatter_p95: 95th percentile of the distances from the
    bone's median offset. The marks are of other things than our regions (an ossification centre, a joint): that shows as
    an offset, the localiser's own error as scatter.
    """

    median: float
    p95: float
    distal_median: float
    scatter_p95: float


@dataclass(frozen=True)
class Places:
    """Of n marked regions those found. inside: None where the marks are not boxes. distances: None where none was found."""

    n: int
    found: int
    inside: Inline[Inside | None]
    distances: Inline[Distances | None]


@dataclass(frozen=True)
class PlacesByBone:
    """In all, each bone about its own offset, and by bone."""

    all: Places
    by_bone: Mapping[str, Places]


@dataclass(frozen=True)
class MarkedFigures:
    """Figures over the marked films, and the number on which no region was found; None where nothing is marked."""

    hands: int
    without_any: int
    places: Inline[PlacesByBone | None]


@dataclass(frozen=True)
class MarkFiles(Generic[OfFile]):
    """The same of each of the two files of marks."""

    ossification_boxes: OfFile
    keypoints: OfFile


@dataclass(frozen=True)
class PlacesReport:
    """The check of one data folder.

    splits: by split of labels.csv. between_annotators: the second annotator's boxes against the first's.
    without_counterpart: the bones that a file has no mark for. weights: SHA-256 by network.
    """

    splits: Mapping[str, MarkFiles[MarkedFigures]]
    between_annotators: MarkedFigures
    without_counterpart: MarkFiles[Sequence[str]]
    weights: Mapping[str, str]


def evaluate_places(data: Path, localizer: Localizer, weights: str, every: int = 1) -> PlacesReport:
    """The check of one data folder: for each split of labels.csv, and each of the two files that is there.

    weights: SHA-256 of the localiser's. every: take every n-th of the marked films. Films of `train` are apart from those
    of `val`: the localiser may have trained itself on them, if without these marks.
    Raises DataFolderError without labels.csv or with neither file.
    """
    marks = MarkFiles(read_ossification_boxes(data), read_keypoints(data))
    films = [film for film in read_films(data) if film.id in {**marks.ossification_boxes, **marks.keypoints}][::every]
    if not films:
        raise DataFolderError(
            f"No film of {data / 'labels.csv'} is in {data / 'boxes_ossification17.csv'} or "
            f"{data / 'keypoints21.csv'}: bring one of these two files."
        )
    centres = find_centres(films, localizer)

    def figures(of_films: Marks, split: str) -> MarkedFigures:
        return place_figures(of_films, {f.id: centres[f.id] for f in films if f.split == split and f.id in of_films})

    return PlacesReport(
        splits={
            split or "all": MarkFiles(figures(marks.ossification_boxes, split), figures(marks.keypoints, split))
            for split in sorted({film.split for film in films})
        },
        between_annotators=annotator_figures(data),
        without_counterpart=MarkFiles(
            [bone for bone in RUS_BONES if bone not in BOX_OF_BONE],
            [bone for bone in RUS_BONES if bone not in KEYPOINT_OF_BONE],
        ),
        weights={"localizer": weights},
    )


def find_centres(films: Sequence[Film], localizer: Localizer) -> dict[str, dict[str, FoundCentre]]:
    """The regions that are found, by film id and bone; a refused film has none."""
    centres: dict[str, dict[str, FoundCentre]] = {}
    for film in tqdm(films, desc="locating", mininterval=10):
        try:
            hand = localizer.locate(read_radiograph(film.path))
        except FilmRefused:
            centres[film.id] = {}
        else:
            centres[film.id] = {
                region.bone: FoundCentre(region.centre, region.axis_degrees, hand.mirrored)
                for region in hand.regions
                if region.status == "found"
            }
    return centres


def place_figures(marks: Marks, centres: Mapping[str, Mapping[str, FoundCentre]]) -> MarkedFigures:
    """How near the found centres are to the marks.

    centres: by film id and bone, of marked films; a marked region without a centre was not found: it counts in n, lies
    outside its box, and has no distance.
    """
    by_bone: dict[str, list[tuple[Mark, FoundCentre | None]]] = {bone: [] for bone in RUS_BONES}
    for film_id, found in centres.items():
        for bone, mark in marks[film_id].items():
            by_bone[bone].append((mark, found.get(bone)))
    placed = {bone: pairs for bone, pairs in by_bone.items() if pairs}
    return MarkedFigures(
        hands=len(centres),
        without_any=sum(not found for found in centres.values()),
        places=PlacesByBone(_places(list(placed.values())), {bone: _places([pairs]) for bone, pairs in placed.items()})
        if placed
        else None,
    )


def _places(bones: Sequence[Sequence[tuple[Mark, FoundCentre | None]]]) -> Places:
    """Of one or several bones, each with its own offset."""
    found = [[(mark, place) for mark, place in pairs if place is not None] for pairs in bones]
    n, answered = sum(map(len, bones)), sum(map(len, found))
    inside = None
    if any(mark.box is not None for pairs in bones for mark, _ in pairs):
        boxes = [(mark.box, place.centre) for pairs in found for mark, place in pairs if mark.box is not None]
        held = sum(box.contains(centre) for box, centre in boxes)
        inside = Inside(round(held / n, 4), wilson95(held, n))
    distances = None
    if answered:
        of_bones = [np.array([place.offset_from(mark) for mark, place in pairs]) for pairs in found if pairs]
        offsets = np.concatenate(of_bones)
        apart = np.hypot(*offsets.T)
        scatter = np.hypot(*np.concatenate([of_bone - np.median(of_bone, axis=0) for of_bone in of_bones]).T)
        distances = Distances(
            median=round(float(np.median(apart)), 4),
            p95=round(float(np.percentile(apart, 95)), 4),
            distal_median=round(float(np.median(offsets[:, 0])), 4),
            scatter_p95=round(float(np.percentile(scatter, 95)), 4),
        )
    return Places(n, answered, inside, distances)


def read_ossification_boxes(data: Path) -> Marks:
    """Marks of `data`/boxes_ossification17.csv (id,annotator,region,finger_by_x_order,xmin,ymin,xmax,ymax); none without.

    Fingers are numbered there as if the film showed an upright left hand, thumb to the right. Where the radius, which is
    on the thumb's side, lies left of the ulna, the order is turned round.
    """
    return {
        film_id: marks[next((name for name in _ANNOTATORS if name in marks), min(marks))]
        for film_id, marks in _by_annotator(data).items()
    }


def annotator_figures(data: Path) -> MarkedFigures:
    """How near the second annotator's boxes are to those of the first, on the films that both boxed: people's own noise.

    The figures of `place_figures`, with the film's upward direction for every bone's.
    """
    first, second = _ANNOTATORS[0], _ANNOTATORS[-1]
    both = {film_id: marks for film_id, marks in _by_annotator(data).items() if {first, second} <= marks.keys()}
    return place_figures(
        {film_id: marks[first] for film_id, marks in both.items()},
        {
            film_id: {bone: FoundCentre(mark.centre, 0.0, False) for bone, mark in marks[second].items()}
            for film_id, marks in both.items()
        },
    )


def _by_annotator(data: Path) -> dict[str, Marks]:
    """Marks of every film by annotator."""
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
    """Marks of `data`/keypoints21.csv (id,keypoint,x,y,v,hand_h), those with v = 2 (visible); none without the file."""
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


def as_text(figures: PlacesReport) -> str:
    """The check as tables for people; their columns are the fields of Inside and Distances.

    Rows "people" hold the second annotator's boxes against those of the first.
    """
    boxes = {split: of_split.ossification_boxes for split, of_split in figures.splits.items()}
    joints = {split: of_split.keypoints for split, of_split in figures.splits.items()}
    absent = figures.without_counterpart
    return "\n".join(
        [
            "centres against ossification boxes (distances as shares of the box's diagonal)",
            _table({**boxes, "people": figures.between_annotators}).aligned(),
            f"no counterpart: {', '.join(absent.ossification_boxes)}",
            "centres against joints (distances as shares of the hand's height)",
            _table(joints).aligned(),
            f"no counterpart: {', '.join(absent.keypoints)}",
            f"weights {figures.weights}",
        ]
    )


def _table(parts: Mapping[str, MarkedFigures]) -> Table:
    rows: list[Sequence[Cell]] = []
    for name, part in parts.items():
        if part.places is None:
            continue
        for bone, row in {"all": part.places.all, **part.places.by_bone}.items():
            far: Sequence[Cell] = (None,) * 4
            if row.distances is not None:
                far = (row.distances.median, row.distances.p95, row.distances.distal_median, row.distances.scatter_p95)
            rows.append((name, bone, row.n, row.found, None if row.inside is None else row.inside.inside, *far))
    return Table(("part", "bone", "n", "found", "inside", "median", "95 %", "distal", "scatter"), rows)
