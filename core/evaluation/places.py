"""A second, independent check of where the bones are: ossification boxes and joints that other people marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from tqdm import tqdm

from core.bones import RUS_BONES
from core.cohort.films import DataFolderError, Film, read_films
from core.errors import FilmRefused
from core.evaluation.figures import Cell, Inline, Table
from core.evaluation.marks import (
    ANNOTATORS,
    BOX_OF_BONE,
    KEYPOINT_OF_BONE,
    Mark,
    Marks,
    Point,
    marks_by_annotator,
    read_keypoints,
    read_ossification_boxes,
)
from core.evaluation.uncertainty import wilson95
from core.film.radiograph import read_radiograph
from core.hand.localizer import Localizer

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
    """Distances of the found centres from their marks, in shares of the mark's unit.

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
    """How many of n marked regions were found. inside: None unless the marks are boxes. distances: None if none was found."""

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
    """The same for each of the two files of marks."""

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
    of `val`: the localiser may have been trained on them, though without these marks.
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
    """Figures of one or several bones, each with its own offset."""
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


def annotator_figures(data: Path) -> MarkedFigures:
    """How near the second annotator's boxes are to those of the first, on the films that both boxed: people's own noise.

    The figures of `place_figures`, with the film's upward direction for every bone's.
    """
    first, second = ANNOTATORS[0], ANNOTATORS[-1]
    both = {film_id: marks for film_id, marks in marks_by_annotator(data).items() if {first, second} <= marks.keys()}
    return place_figures(
        {film_id: marks[first] for film_id, marks in both.items()},
        {
            film_id: {bone: FoundCentre(mark.centre, 0.0, False) for bone, mark in marks[second].items()}
            for film_id, marks in both.items()
        },
    )


def as_text(figures: PlacesReport) -> str:
    """The check as tables for people; their columns are the fields of Inside and Distances.

    Rows "people" compare the second annotator's boxes with those of the first.
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
