"""Photographs of films: read where they can be, and refused with what to do where not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.errors import FilmRefused
from core.film.radiograph import read_radiograph
from tests.films import file_of
from tests.hands import Assess, Example
from tests.no_hands import noise


def on_a_light_box(film: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The film in the midst of a bright box, seen aslant and in warm light: HxWx3."""
    height, width = film.shape
    size, left, top = (round(width * 1.7), round(height * 1.5)), width * 0.35, height * 0.25
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    slanted = (
        corners
        + np.array([[left, top]])
        + np.array([[0.03, 0.01], [-0.02, 0.03], [0.02, -0.02], [-0.03, 0.02]]) * width
    )
    view = cv2.getPerspectiveTransform(corners, slanted.astype(np.float32))
    box = 0.9 * (1 - cv2.warpPerspective(np.ones_like(film), view, size))
    seen = box + cv2.warpPerspective(0.08 + 0.8 * film, view, size)
    return np.round(np.clip(seen[..., None] * [1.0, 0.97, 0.88], 0, 1) * 255).astype(np.uint8)


def test_film_on_a_light_box(example: Example, assessed: Assess, assessor: Assessor) -> None:
    photograph = on_a_light_box(read_radiograph(example.path).pixels)
    read = assessor.assess(read_radiograph(file_of(photograph, "JPEG", quality=85)), example.sex)
    assert abs((read.bone_age_months or 0) - (assessed(example).bone_age_months or 0)) < 4
    (check,) = (check for check in read.checks if check.name == "photograph")
    assert not check.passed and "photograph of a film" in check.message


def test_a_photograph_without_a_hand_is_refused_with_how_to_take_a_better_one(assessor: Assessor) -> None:
    coloured = np.round(noise()[..., None] * [255, 200, 150]).astype(np.uint8)
    with pytest.raises(FilmRefused, match="It is in colour") as caught:
        assessor.find_hand(read_radiograph(file_of(coloured, "PNG")))
    assert caught.value.reason == "not_a_hand"
