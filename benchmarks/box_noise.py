"""How far the boxes' IoU is limited by how people draw: what is left when one part of every box is taken from the drawing.

    python -m benchmarks.box_noise --data hands

A box is a centre and a size. Each row of the table replaces some of the localiser's by what was drawn, or by what the
drawn boxes of other hands predict. No film is cut or graded; a film that the localiser refuses counts nowhere.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.bones import RUS_BONES
from core.cohort.films import read_boxes, read_films
from core.errors import FilmRefused
from core.evaluation.figures import Table
from core.film.box import Box
from core.film.radiograph import read_radiograph
from core.hand.localizer import Localizer
from models.registry import load_localizer

Boxes = NDArray[np.float64]

_FOLDS = 10


def shapes(boxes: Boxes) -> Boxes:
    """Corners ...x4 -> centre x, y and the logarithms of width and height, ...x4."""
    sizes = boxes[..., 2:] - boxes[..., :2]
    return np.concatenate([boxes[..., :2] + sizes / 2, np.log(sizes)], axis=-1)


def corners(shape: Boxes) -> Boxes:
    """The inverse of `shapes`."""
    half = np.exp(shape[..., 2:]) / 2
    return np.concatenate([shape[..., :2] - half, shape[..., :2] + half], axis=-1)


def _units(boxes: Boxes) -> Boxes:
    """What shifts of ...x4 corners are counted in: widths and heights; ones for the logarithms."""
    sizes = boxes[..., 2:] - boxes[..., :2]
    return np.concatenate([sizes, np.ones_like(sizes)], axis=-1)


def residuals(found: Boxes, drawn: Boxes) -> Boxes:
    """What was drawn less what was found, hands x 13 x 4: shifts in found widths and heights, logarithms of ratios."""
    return (shapes(drawn) - shapes(found)) / _units(found)


def moved(found: Boxes, by: Boxes) -> Boxes:
    """Found boxes hands x 13 x 4, changed by residuals that can be broadcast to them."""
    return corners(shapes(found) + by * _units(found))


def mean_iou(first: Boxes, second: Boxes) -> float:
    """Of boxes ...x4, corners; boxes with a NaN are not counted."""
    pairs = zip(first.reshape(-1, 4), second.reshape(-1, 4), strict=True)
    return float(np.mean([Box(*a).iou(Box(*b)) for a, b in pairs if not np.isnan([a, b]).any()]))


def others_mean(residual: Boxes) -> Boxes:
    """For every hand the mean residual of each bone over the hands of the other folds, hands x 13 x 4."""
    fold = np.arange(len(residual)) % _FOLDS
    return np.stack([np.nanmean(residual[fold != own], axis=0) for own in fold])


def ceilings(found: Boxes, drawn: Boxes) -> dict[str, float]:
    """Mean IoU of found against drawn boxes (hands x 13 x 4, corners, NaN where either is missing), by what is given.

    At least two hands.
    """
    residual = residuals(found, drawn)
    usual = others_mean(residual)
    of_hand = np.nanmean(residual - usual, axis=1, keepdims=True)

    def given(*parts: int) -> float:
        known = np.where(np.isin(np.arange(4), parts), residual, 0.0)
        return mean_iou(moved(found, known), drawn)

    return {
        "as found": mean_iou(found, drawn),
        "each bone moved and scaled as it is on other hands": mean_iou(moved(found, usual), drawn),
        "so, and by the mean of its own hand's drawing": mean_iou(moved(found, usual + of_hand), drawn),
        "drawn x of the centre, the rest as found": given(0),
        "drawn y of the centre": given(1),
        "drawn width": given(2),
        "drawn height": given(3),
        "drawn centre": given(0, 1),
        "drawn size": given(2, 3),
        "drawn centre and size": given(0, 1, 2, 3),
    }


def _located(data: Path, split: str, localizer: Localizer) -> tuple[Boxes, Boxes]:
    drawn = read_boxes(data)
    found_rows, drawn_rows = [], []
    for film in tqdm([film for film in read_films(data, split) if film.id in drawn], desc=split, mininterval=10):
        try:
            regions = localizer.locate(read_radiograph(film.path)).regions
        except FilmRefused:
            continue
        boxes = [list(region.box) if region.status == "found" else [np.nan] * 4 for region in regions]
        found_rows.append(np.array(boxes, float))
        drawn_rows.append(drawn[film.id][: len(RUS_BONES)])
    return np.stack(found_rows), np.stack(drawn_rows)


def table(columns: dict[str, tuple[int, dict[str, float]]]) -> str:
    """Markdown. columns: hands and ceilings, by split."""
    names = list(next(iter(columns.values()))[1])
    heads = [f"{split} ({hands} hands)" for split, (hands, _) in columns.items()]
    rows = [(name, *(f"{values[name]:.3f}" for _, values in columns.values())) for name in names]
    return Table(("boxes", *heads), rows).markdown()


def main() -> None:
    """Prints the table for both splits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of hands with labels.csv and boxes21.csv")
    options = parser.parse_args()
    localizer = Localizer(load_localizer()[0])
    columns = {}
    for split in ("train", "val"):
        found, drawn = _located(options.data, split, localizer)
        columns[split] = (len(found), ceilings(found, drawn))
    print(table(columns))


if __name__ == "__main__":
    main()
