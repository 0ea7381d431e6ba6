"""What a DICOM header states of a film: spacing and its kind, square pixels, side, sex and age, and that no date is kept."""

import pickle
from typing import Any

import cv2
import numpy as np
import pytest

from core.film.radiograph import read_radiograph, stated_by
from tests.films import GREY12, RAMP12, dicom_file, dicom_film, file_of


@pytest.mark.parametrize(
    ("tags", "spacing"),
    [
        ({}, None),
        ({"PixelSpacing": [0.15, 0.15]}, (0.15, 0.15)),
        ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2)),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1)),
        ({"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.2, 0.2]}, (0.15, 0.15)),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2)),
        ({"PixelSpacing": None}, None),
        ({"PixelSpacing": 0.1}, None),
    ],
)
def test_spacing(tags: dict[str, Any], spacing: tuple[float, float] | None) -> None:
    assert read_radiograph(dicom_file(dicom_film(RAMP12, **tags))).spacing_mm == spacing


@pytest.mark.parametrize(
    ("tags", "step", "word"),
    [
        ({}, 0.2, "at the detector only"),
        ({"PixelSpacing": [0.2, 0.2]}, 0.2, "at the detector only"),
        ({"EstimatedRadiographicMagnificationFactor": 1.25}, 0.16, "magnification of 1.25"),
        ({"DistanceSourceToDetector": 1100, "DistanceSourceToPatient": 1000}, 0.2 / 1.1, "magnification of 1.1"),
        ({"DistanceSourceToDetector": 1100, "DistanceSourceToPatient": 0}, 0.2, "at the detector only"),
        ({"EstimatedRadiographicMagnificationFactor": 17}, 0.2, "at the detector only"),
    ],
)
def test_spacing_of_the_detector_is_called_so_or_divided_by_the_magnification(
    tags: dict[str, Any], step: float, word: str
) -> None:
    film = read_radiograph(dicom_file(dicom_film(RAMP12, ImagerPixelSpacing=[0.2, 0.2], **tags)))
    assert film.spacing_mm == pytest.approx((step, step))
    (note,) = film.notes
    assert note.name == "spacing" and not note.doubt and word in note.sentence


@pytest.mark.parametrize(
    ("tags", "size", "spacing"),
    [
        ({"PixelSpacing": [0.2, 0.1]}, (192, 80), (0.1, 0.1)),
        ({"PixelSpacing": [0.1, 0.2]}, (96, 160), (0.1, 0.1)),
        ({"ImagerPixelSpacing": [0.1, 0.1667]}, (96, 133), (0.1, 0.1667 * 80 / 133)),
        ({"PixelAspectRatio": [2, 1]}, (192, 80), None),
        ({"PixelAspectRatio": [1, 2]}, (96, 160), None),
        # The spacing says more than the ratio.
        ({"PixelSpacing": [0.1, 0.1], "PixelAspectRatio": [1, 2]}, (96, 80), (0.1, 0.1)),
    ],
)
def test_pixels_are_made_square(
    tags: dict[str, Any], size: tuple[int, int], spacing: tuple[float, float] | None
) -> None:
    film = read_radiograph(dicom_file(dicom_film(RAMP12, **tags)))
    assert (film.height, film.width) == size
    assert film.spacing_mm == (None if spacing is None else pytest.approx(spacing))
    expected = cv2.resize(GREY12, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    assert np.abs(film.pixels - expected).max() < 1e-5
    assert ("square_pixels" in {note.name for note in film.notes}) == (size != (96, 80))


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        ({}, None),
        ({"ImageLaterality": "L"}, "L"),
        ({"Laterality": "R"}, "R"),
        ({"ImageLaterality": "R", "Laterality": "L"}, "R"),
        ({"ImageLaterality": "U", "Laterality": "L"}, "L"),
        ({"ImageLaterality": "B"}, None),
        ({"Laterality": ""}, None),
    ],
)
def test_side(tags: dict[str, Any], side: str | None) -> None:
    assert read_radiograph(dicom_file(dicom_film(RAMP12, **tags))).laterality == side


@pytest.mark.parametrize(("said", "sex"), [("F", "F"), ("M", "M"), ("O", None), ("", None), (None, None)])
def test_sex(said: str | None, sex: str | None) -> None:
    film = dicom_film(RAMP12) if said is None else dicom_film(RAMP12, PatientSex=said)
    assert read_radiograph(dicom_file(film)).stated_sex == sex


BORN: dict[str, Any] = {"PatientBirthDate": "20100610"}


@pytest.mark.parametrize(
    ("tags", "months"),
    [
        ({}, None),
        ({"PatientAge": "009Y"}, 108),
        ({"PatientAge": "110M"}, 110),
        ({"PatientAge": "052W"}, 12),
        ({"PatientAge": "061D"}, 2),
        ({"PatientAge": "about nine"}, None),
        ({"PatientAge": ""}, None),
        (BORN, None),
        ({**BORN, "StudyDate": "20190709"}, 108),
        ({**BORN, "StudyDate": "20190710"}, 109),
        # The film may be older than the study that it is filed under.
        ({**BORN, "AcquisitionDate": "20190610", "StudyDate": "20240101"}, 108),
        ({**BORN, "StudyDate": "20090610"}, None),
        ({**BORN, "StudyDate": "2019"}, None),
        # The dates make the age finer, unless they were made up.
        ({**BORN, "StudyDate": "20191010", "PatientAge": "009Y"}, 112),
        ({"PatientBirthDate": "19000101", "StudyDate": "20190610", "PatientAge": "009Y"}, 108),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_age_when_the_film_was_taken(tags: dict[str, Any], months: float | None) -> None:
    film = read_radiograph(dicom_file(dicom_film(RAMP12, **tags)))
    assert film.age_months == months
    kept = repr(film).encode() + pickle.dumps(film)
    assert not [date for date in tags.values() if len(date) == 8 and date.encode() in kept]


def test_what_is_stated_is_read_without_the_picture() -> None:
    film = dicom_film(RAMP12, PatientSex="F", PatientAge="110M", Laterality="L", PixelSpacing=[0.2, 0.2])
    stated, whole = stated_by(dicom_file(film)), read_radiograph(dicom_file(film))
    assert (stated.sex, stated.age_months, stated.laterality, stated.spacing_mm) == ("F", 110, "L", (0.2, 0.2))
    assert (whole.stated_sex, whole.age_months, whole.laterality, whole.spacing_mm) == ("F", 110, "L", (0.2, 0.2))
    for nothing in (file_of(RAMP12, "PNG"), b"no film", bytes(128) + b"DICM"):
        assert stated_by(nothing).sex is None
