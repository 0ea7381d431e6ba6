"""How far the bone age moves when the same film is turned, mirrored or inverted.

python -m benchmarks.invariance --data ../shared/data/hands --split val --every 4
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from core.assessment import Assessor
from core.bones import Sex
from core.errors import FilmRefused
from core.radiograph import Radiograph, film_hash, read_radiograph
from core.training.films import read_films

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]

CHANGES: dict[str, Change] = {
    "turned 90": lambda film: np.rot90(film),
    "turned 180": lambda film: np.rot90(film, 2),
    "turned 270": lambda film: np.rot90(film, 3),
    "mirrored": lambda film: film[:, ::-1],
    "inverted": lambda film: np.float32(1.0) - film,
}


def _months(assessor: Assessor, pixels: NDArray[np.float32], sex: Sex) -> float | None:
    whole = np.ascontiguousarray(pixels)
    try:
        return assessor.assess(Radiograph(whole, None, None, film_hash(whole)), sex).bone_age_months
    except FilmRefused:
        return None


def main() -> None:
    """Prints, for every change, the median and 95th percentile of the absolute change in months, and films lost by it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/hands"))
    parser.add_argument("--split", default="val")
    parser.add_argument("--every", type=int, default=1, help="measure every n-th film")
    options = parser.parse_args()
    assessor = Assessor.from_registry()
    moved: dict[str, list[float]] = {name: [] for name in CHANGES}
    lost = dict.fromkeys(CHANGES, 0)
    films = read_films(options.data, options.split)[:: options.every]
    for film in tqdm(films, mininterval=10):
        pixels = read_radiograph(film.path).pixels
        upright = _months(assessor, pixels, film.sex)
        if upright is None:
            continue
        for name, change in CHANGES.items():
            months = _months(assessor, change(pixels), film.sex)
            if months is None:
                lost[name] += 1
            else:
                moved[name].append(abs(months - upright))
    table = {
        name: {
            "hands": len(values),
            "lost": lost[name],
            "median_months": round(float(np.median(values)), 2),
            "p95_months": round(float(np.percentile(values, 95)), 2),
        }
        for name, values in moved.items()
    }
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
