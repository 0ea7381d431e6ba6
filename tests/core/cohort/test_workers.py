"""The same thing done to many items in several processes."""

import os
from pathlib import Path

import pytest

from core.cohort.workers import WorkerError, in_order


def scaled(factor: int, item: int) -> tuple[int, int]:
    """The product, and the process that worked it out."""
    return factor * item, os.getpid()


def refusing(limit: int, item: int) -> int:
    """Raises from the limit on."""
    if item >= limit:
        raise ValueError(f"{item} is too many")
    return item


def dying(folder: Path, item: int) -> int:
    """A process that the system kills."""
    os._exit(1)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    results = list(in_order(scaled, 3, range(20), workers))
    assert [product for product, _ in results] == [3 * item for item in range(20)]
    here = {process == os.getpid() for _, process in results}
    assert here == {workers == 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_raised_in_a_process_is_raised_here(workers: int) -> None:
    with pytest.raises(ValueError, match="5 is too many"):
        list(in_order(refusing, 5, range(8), workers))


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match=r"One of the 2 worker processes died.*fewer --workers\.$"):
        list(in_order(dying, tmp_path, range(2), 2))
