"""The engines of a batch: the processes of this machine, or Ray Data's, on one machine or on many."""

import importlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from core.assessment.records import FilmAssessor
from core.batch.films import BatchFilm
from core.batch.rows import ResultRow, row_of
from core.cohort.workers import WorkerError, alone, in_order
from core.errors import BoneGradeError

EngineName = Literal["local", "ray"]
#: Gives the one assessor of a process, on whichever machine.
LoadAssessor = Callable[[], FilmAssessor]
#: Yields the rows of the films in the order in which they are done, by this number of workers.
Engine = Callable[[LoadAssessor, Sequence[BatchFilm], int], Iterator[ResultRow]]

NO_RAY: Final = (
    "Ray is not installed: python -m pip install -r requirements-ray.txt, or leave out --engine ray to work on this machine "
    "alone."
)

_log = logging.getLogger(__name__)

_ROOT: Final = Path(__file__).parents[2]
#: Films that one worker is given at a time: few, so that all are busy to the end, and a worker that dies leaves little to redo.
_FILMS_A_BLOCK: Final = 4
#: After this many deaths of worker processes without one more film done, the batch gives up.
_TRIES: Final = 3
#: Bytes for what Ray's processes hand each other, which is only rows.
_RAY_MEMORY: Final = 100 * 10**6


@lru_cache(maxsize=1)
def loaded(load_assessor: LoadAssessor) -> FilmAssessor:
    """This process's assessor."""
    return load_assessor()


def local(load_assessor: LoadAssessor, films: Sequence[BatchFilm], workers: int) -> Iterator[ResultRow]:
    """Assesses films in processes of one thread each, or in this one with all its threads. Where one dies, the others' work
    counts and the films that are left are started again; raises WorkerError where that does not help."""
    left, deaths = {film.id: film for film in films}, 0
    while left:
        try:
            for row in in_order(_row_of, load_assessor, list(left.values()), workers):
                del left[row["id"]]
                deaths = 0
                yield row
        except WorkerError:
            deaths += 1
            if deaths == _TRIES:
                raise
            _log.warning("A worker process died; the %d remaining films are restarted.", len(left))


def _row_of(load_assessor: LoadAssessor, film: BatchFilm) -> ResultRow:
    return row_of(loaded(load_assessor), film)


def ray(load_assessor: LoadAssessor, films: Sequence[BatchFilm], workers: int) -> Iterator[ResultRow]:
    """Assesses films by Ray Data: on the cluster that RAY_ADDRESS names, or on this machine. Ray Data itself gives what a dead
    worker had in hand to another. Raises BoneGradeError without Ray, WorkerError where Ray gives up."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anyone
    try:
        # an optional install
        ray_core, ray_data = importlib.import_module("ray"), importlib.import_module("ray.data")
    except ImportError as error:
        raise BoneGradeError(NO_RAY) from error
    began = not ray_core.is_initialized()
    if began:
        _begin(ray_core, workers)
    try:
        blocks = max(-(-len(films) // _FILMS_A_BLOCK), workers)
        rows = ray_data.from_items([asdict(film) for film in films], override_num_blocks=blocks).map(
            _RayWorker,
            fn_constructor_args=(load_assessor,),
            compute=ray_data.ActorPoolStrategy(size=workers),
            num_cpus=1,
        )
        for row in rows.iter_rows():
            yield json.loads(row["row"])
    except (ray_core.exceptions.RayError, ConnectionError) as error:
        raise WorkerError(
            "Ray gave up: its cluster cannot be reached, or its workers ran out of memory. What is done is kept: correct this "
            "and run the same command again, if necessary with fewer --workers."
        ) from error
    finally:
        if began:
            ray_core.shutdown()


def _begin(ray_core: Any, workers: int) -> None:
    """Joins the cluster that RAY_ADDRESS names, or starts one on this machine."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    context = importlib.import_module("ray.data").DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if os.environ.get("RAY_ADDRESS"):
        ray_core.init(**quiet)
        return
    paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    ray_core.init(
        **quiet,
        address="local",
        num_cpus=workers,
        object_store_memory=_RAY_MEMORY,
        include_dashboard=False,
        runtime_env={"env_vars": {"PYTHONPATH": paths}},
    )


class _RayWorker:
    """One process of Ray's, with the networks in memory."""

    def __init__(self, load_assessor: LoadAssessor):
        alone()
        self._assessor = loaded(load_assessor)

    def __call__(self, film: dict[str, Any]) -> dict[str, str]:
        """The film's row, as JSON: rows of films and of failures have different columns."""
        return {"row": json.dumps(row_of(self._assessor, BatchFilm(**film)))}


ENGINES: Final[dict[EngineName, Engine]] = {"local": local, "ray": ray}
