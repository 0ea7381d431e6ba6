"""The shipped pipeline and its assessments of the example hands, each made once; and small networks not trained."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.assessment.grading.grader import Grader, starting_cuts
from core.assessment.records import Assessment
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from core.hand.hand import Hand
from models.bone_grader import BoneGrader, OrdinalScale
from models.improved_resnet import ResNetOptions
from tests.hands import Assess, Example, shipped_examples
from tests.postgres import new_database, running_server
from tests.reading_room import ReadingRoom
from tests.stored_films import make_store, store  # noqa: F401 - fixtures


def film_of(pixels: NDArray[np.float32]) -> Radiograph:
    """Grey values as a radiograph of which nothing else is known."""
    whole = np.ascontiguousarray(pixels, np.float32)
    return Radiograph(whole, None, None, film_hash(whole))


@pytest.fixture(scope="session")
def make_film() -> Callable[[NDArray[np.float32]], Radiograph]:
    """Makes radiographs out of grey values."""
    return film_of


@pytest.fixture(scope="session")
def assessor(shipped: Assessor) -> Assessor:
    """The pipeline with the shipped weights."""
    return shipped


@pytest.fixture(scope="session")
def assessed(assessor: Assessor) -> Assess:
    """The assessment of an example as it ships."""
    made: dict[Example, Assessment] = {}

    def assess(example: Example) -> Assessment:
        if example not in made:
            made[example] = assessor.assess(read_radiograph(example.path), example.sex)
        return made[example]

    return assess


@pytest.fixture(scope="session")
def example() -> Example:
    """The example in the middle of the list."""
    examples = shipped_examples()
    assert examples, "The example hands are missing: make them with python -m core train examples."
    return examples[len(examples) // 2]


@pytest.fixture(scope="session")
def example_hand(example: Example, assessed: Assess) -> Hand:
    """The example's hand, where it was found."""
    return Hand(read_radiograph(example.path), assessed(example).localization)


@pytest.fixture(scope="session")
def example_crops(example_hand: Hand) -> dict[str, NDArray[np.float32]]:
    """The example's crops."""
    return example_hand.crops


@pytest.fixture(scope="session")
def small_grader() -> Grader:
    """A narrow grading network with random weights."""
    torch.manual_seed(0)
    return Grader(BoneGrader(OrdinalScale(starting_cuts()), ResNetOptions(width=16, groups=2)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server, for psycopg."""
    with running_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadingRoom]:
    """An empty ledger, on either kind of database."""
    if request.param == "sqlite":
        yield from _room(tmp_path / "store", None)
    else:
        with new_database(request.getfixturevalue("postgres")) as url:
            yield from _room(tmp_path / "store", url)


def _room(folder: Path, url: str | None) -> Iterator[ReadingRoom]:
    room = ReadingRoom(folder, url)
    yield room
    room.ledger.close()
