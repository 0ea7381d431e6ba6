"""Does one thing to many items in several processes of one thread each, and gives the results in the items' order."""

import multiprocessing
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import cv2

from core.errors import BoneGradeError

_Shared = TypeVar("_Shared")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

#: In a worker process: the function and what all its calls share.
_work: tuple[Callable[[Any, Any], Any], Any] | None = None


class WorkerError(BoneGradeError):
    """A worker process died; the message says what to do."""


def in_order(
    function: Callable[[_Shared, _Item], _Result], shared: _Shared, items: Iterable[_Item], workers: int = 1
) -> Iterator[_Result]:
    """Yields function(shared, item) for every item, in order. With one worker: in this process, with its threads.

    With more, all three and the results must be picklable; `shared` is sent once to each process. What the function raises
    is raised here. Raises WorkerError where a process dies, for instance because memory ran out.
    """
    if workers <= 1:
        for item in items:
            yield function(shared, item)
        return
    # Not forked: the locks of this process's threads, including PyTorch's, would be copied in whatever state they are in.
    context = multiprocessing.get_context("spawn")
    work = pickle.dumps((function, shared))
    with ProcessPoolExecutor(workers, context, _start, (work,)) as pool:
        try:
            yield from pool.map(_call, items, chunksize=4)
        except BrokenProcessPool as error:
            raise WorkerError(
                f"One of the {workers} worker processes died, most likely because memory ran out: run the same command again "
                "with fewer --workers."
            ) from error


def _start(work: bytes) -> None:
    global _work
    _work = pickle.loads(work)
    alone()


def alone() -> None:
    """Has this process compute with one thread, as one of several that share the cores."""
    cv2.setNumThreads(1)
    if (torch := sys.modules.get("torch")) is not None:  # not imported for work that has no network
        torch.set_num_threads(1)


def _call(item: Any) -> Any:
    assert _work is not None
    function, shared = _work
    return function(shared, item)
