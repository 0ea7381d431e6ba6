"""Assesses all films of a batch that have no result yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from core.batch.engines import ENGINES, EngineName, LoadAssessor, loaded
from core.batch.films import BatchFilm
from core.batch.results import BatchResults
from core.batch.rows import weights_text


@dataclass(frozen=True)
class Counts:
    """new: films done now. films, failures: in the results by now, those of earlier runs included."""

    new: int
    films: int
    failures: int


def assess_batch(
    load_assessor: LoadAssessor, films: Sequence[BatchFilm], out: Path, engine: EngineName, workers: int
) -> Counts:
    """Writes `out`/films.parquet, one row a film, and `out`/failures.parquet; films that are in either are left alone.

    However it ended, the same call continues where it stopped. Raises core.errors.BoneGradeError where the folder's results
    are of other weights or of other films, where Ray is asked for and missing, and where workers keep dying.
    """
    with BatchResults.opened(out, weights_text(loaded(load_assessor).weights)) as results:
        left = results.missing(films)
        if left:
            rows = ENGINES[engine](load_assessor, left, min(workers, len(left)))
            for row in tqdm(rows, "assessing", len(left), mininterval=10):
                results.add(row)
        results.finish()
        return Counts(len(left), results.counts["films"], results.counts["failures"])
