"""A made-up film of the mean hand, assessed by the real pipeline with networks that were not trained."""

import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.assessment.grading.grader import Grader, starting_cuts
from core.assessment.records import Assessment, Explanation, IntervalSetting
from core.bones import ALL_BONES, RUS_BONES
from core.film.box import Box
from core.film.radiograph import Radiograph, film_hash
from core.hand.geometry import mean_hand
from core.hand.hand import Hand
from core.hand.localization import Localization, Region
from core.hand.localizer import Localizer
from core.ledger import Consent, Ledger
from core.standards import grade_count
from models.bone_grader import BoneGrader, OrdinalScale
from models.hand_localizer import HandLocalizer

WIDTH, HEIGHT = 420, 560
_UNIT = 150.0

#: Assesses the film with these grades (the others in the middle of their range) and without these bones.
Assess = Callable[..., Assessment]


def _centres() -> NDArray[np.float64]:
    centres = mean_hand().centres
    middle = (centres.min(0) + centres.max(0)) / 2
    return np.asarray((centres - middle) * _UNIT + [WIDTH / 2, HEIGHT / 2])


@pytest.fixture(scope="session")
def radiograph() -> Radiograph:
    """A dark film with a bright spot at each of the 21 regions."""
    picture = np.full((HEIGHT, WIDTH), 0.1, np.float32)
    for x, y in _centres():
        cv2.circle(picture, (round(x), round(y)), 14, 0.8, -1)
    pixels = np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.float32)
    return Radiograph(pixels, None, None, film_hash(pixels))


@pytest.fixture(scope="session")
def assessor() -> Assessor:
    """The pipeline with random networks; its hashes are long enough to be cut short."""
    torch.manual_seed(0)
    grader = BoneGrader(OrdinalScale(starting_cuts()))
    hashes = {"localizer": "ab" * 32, "grader": "cd" * 32}
    return Assessor(Localizer(HandLocalizer()), Grader(grader), IntervalSetting(9.0), hashes, None)


@pytest.fixture(scope="session")
def assess(assessor: Assessor, radiograph: Radiograph) -> Assess:
    """Scores the film as if these grades had been read from it."""

    def read(grades: dict[str, int] | None = None, missing: tuple[str, ...] = ()) -> Assessment:
        centres, extents = _centres(), mean_hand().extents * _UNIT
        regions = []
        for bone in RUS_BONES:
            (x, y), (width, height) = centres[ALL_BONES.index(bone)], extents[ALL_BONES.index(bone)]
            box = Box.about((x, y), width, height)
            status = "missing" if bone in missing else "found"
            regions.append(Region(bone, box, (x, y), 0.0, _UNIT, 0.97, status))  # type: ignore[arg-type]
        located = Localization(
            regions=tuple(regions),
            mirrored=False,
            rotation_degrees=2.0,
            inverted=False,
            hand=0.99,
            all_centres=centres,
            all_confidences=np.full(len(centres), 0.97),
            misfit=0.05,
        )
        probabilities = {
            bone: _around((grades or {}).get(bone, grade_count(bone) // 2), grade_count(bone))
            for bone in RUS_BONES
            if bone not in missing
        }
        return assessor.score(radiograph, "F", located, probabilities, time.monotonic(), None)

    return read


def _around(grade: int, count: int) -> NDArray[np.float64]:
    """Grade probabilities that fall off on both sides of a grade."""
    odds = np.exp(-2.0 * np.abs(np.arange(count + 1) - grade))
    return np.asarray(odds / odds.sum())


@pytest.fixture(scope="session")
def assessment(assess: Assess) -> Assessment:
    """All 13 bones found and graded."""
    return assess()


@pytest.fixture(scope="session")
def without_ulna(assess: Assess) -> Assessment:
    """12 of 13 bones."""
    return assess(missing=("Ulna",))


@pytest.fixture(scope="session")
def out_of_line(assess: Assess) -> Assessment:
    """All 13 bones, one of them far ahead of its neighbours."""
    return assess({"PP3": grade_count("PP3")})


@pytest.fixture(scope="session")
def explanation(assessor: Assessor, radiograph: Radiograph, assessment: Assessment) -> Explanation:
    """Maps of stage 3 of the untrained network."""
    return assessor.explain(Hand(radiograph, assessment.localization), assessment, 3)


@pytest.fixture
def film(ledger: Ledger, radiograph: Radiograph, assessment: Assessment) -> int:
    """The number of the film in the ledger of the test's file, with its pixels and a prediction."""
    number = ledger.add_film(radiograph, "F", reader="anna", source="queue", consent=Consent()).film.id
    ledger.add_prediction(number, assessment)
    return number
