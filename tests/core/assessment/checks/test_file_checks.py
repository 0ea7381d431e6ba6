"""What is said of the file that a film came in."""

import numpy as np
import pytest

from core.assessment.checks.file_checks import checks_of_file
from core.bones import Sex
from core.film.radiograph import Radiograph, film_hash
from core.film.stated import Note

PIXELS = np.zeros((4, 4), np.float32)


def film(stated_sex: Sex | None, *notes: Note) -> Radiograph:
    return Radiograph(PIXELS, None, None, film_hash(PIXELS), stated_sex, None, notes)


def test_notes_are_checks_that_fail_where_there_is_doubt() -> None:
    doubt, no_doubt = Note("square_pixels", True, "Look."), Note("spacing", False, "Know.")
    checks = checks_of_file(film(None, doubt, no_doubt), "F")
    assert [(check.name, check.passed, check.message) for check in checks] == [
        ("square_pixels", False, "Look."),
        ("spacing", True, "Know."),
    ]


@pytest.mark.parametrize(
    ("stated", "chosen", "passed", "words"),
    [
        ("F", "F", True, "is a girl, as was chosen"),
        ("M", "M", True, "is a boy, as was chosen"),
        ("F", "M", False, "is a girl, and it was read as a boy"),
        ("M", "F", False, "is a boy, and it was read as a girl"),
    ],
)
def test_a_choice_that_differs_from_the_stated_sex_is_pointed_out(
    stated: Sex, chosen: Sex, passed: bool, words: str
) -> None:
    (check,) = checks_of_file(film(stated), chosen)
    assert (check.name, check.passed) == ("stated_sex", passed) and words in check.message
    assert checks_of_file(film(None), chosen) == ()
