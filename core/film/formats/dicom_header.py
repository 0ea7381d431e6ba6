"""What a DICOM header says of a film apart from its pixels: their spacing, the side, the child's sex and age."""

import re
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Final

from pydicom import Dataset

from core.bones import Sex
from core.film.stated import OLDEST_MONTHS, Note, Side, Spacing, Stated, is_spacing

#: Spacing in the hand's own plane or on the scanned film, and spacing on the detector, which lies behind the hand.
_IN_THE_HAND: Final = ("PixelSpacing", "NominalScannedPixelSpacing")
_ON_THE_DETECTOR: Final = "ImagerPixelSpacing"

#: A hand lies on or closely above its detector; a file that states more than this magnification is mistaken.
_MOST_MAGNIFIED: Final = 2.0

#: Months of one unit of PatientAge (PS3.5, 6.2: AS).
_MONTHS: Final = {"D": 12 / 365.25, "W": 7 * 12 / 365.25, "M": 1.0, "Y": 12.0}

#: The elements that say how the grey values are stored, in words.
_STORED_AS: Final = {
    "SamplesPerPixel": "samples per pixel",
    "BitsAllocated": "bits allocated",
    "BitsStored": "bits stored",
    "HighBit": "high bit",
    "PixelRepresentation": "sign",
}

#: When the film was taken, the surest first.
_DATES: Final = ("AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate")


def stated(dataset: Dataset) -> Stated:
    """Everything that is kept of what the header states; see core.film.radiograph.read_radiograph for the rules."""
    spacing, notes = _spacing(dataset)
    return Stated(spacing, _side(dataset), _sex(dataset), _age_months(dataset), notes)


def height_to_width(dataset: Dataset) -> float | None:
    """The ratio of a pixel's height to its width: from its spacing, else from PixelAspectRatio; None where neither is given."""
    for keyword in (*_IN_THE_HAND, _ON_THE_DETECTOR, "PixelAspectRatio"):
        if (steps := _pair(dataset, keyword)) is not None:
            return steps[0] / steps[1]
    return None


def completed(dataset: Dataset) -> tuple[Note, ...]:
    """Fills in what the header does not say about how the grey values are stored, and says what was guessed.

    Raises an error of pydicom where it can't be guessed. The meaning of the elements: PS3.3, C.7.6.3.
    """
    missing = [keyword for keyword in _STORED_AS if dataset.get(keyword) is None]
    samples, pixels = _samples(dataset), int(dataset.Rows) * int(dataset.Columns)
    # For compressed pixels the decoder knows.
    allocated = 8 if len(dataset.PixelData) < 2 * pixels * samples else 16
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        allocated = 16
    guesses = {"SamplesPerPixel": samples, "BitsAllocated": allocated, "PixelRepresentation": 0}
    for keyword, guess in guesses.items():
        if keyword in missing:
            setattr(dataset, keyword, guess)
    if "BitsStored" in missing:
        dataset.BitsStored = dataset.BitsAllocated
    if "HighBit" in missing:
        dataset.HighBit = dataset.BitsStored - 1
    if not missing:
        return ()
    return (
        Note(
            "stored_greys",
            False,
            "The file does not say in full how its grey values are stored "
            f"({', '.join(_STORED_AS[keyword] for keyword in missing)}); the usual values were assumed.",
        ),
    )


def _samples(dataset: Dataset) -> int:
    plain = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    return int(dataset.get("SamplesPerPixel") or (1 if dataset.PhotometricInterpretation in plain else 3))


def _pair(dataset: Dataset, keyword: str) -> Spacing | None:
    with suppress(TypeError, ValueError):
        steps = tuple(float(step) for step in dataset.get(keyword) or ())
        if is_spacing(steps):
            return steps[0], steps[1]
    return None


def _spacing(dataset: Dataset) -> tuple[Spacing | None, tuple[Note, ...]]:
    """The spacing in the hand if it follows from the header, else the detector's, which is labelled as such."""
    on_detector = _pair(dataset, _ON_THE_DETECTOR)
    in_hand = next(filter(None, (_pair(dataset, keyword) for keyword in _IN_THE_HAND)), None)
    # A PixelSpacing that repeats the detector's was not corrected for the magnification (PS3.3, 10.7.1.3).
    if in_hand is not None and in_hand != on_detector:
        return in_hand, ()
    if on_detector is None:
        return None, ()
    magnification = _magnification(dataset)
    if magnification is None:
        return on_detector, (
            Note(
                "spacing",
                False,
                "The file states the pixel spacing at the detector only: lengths in the hand are slightly shorter.",
            ),
        )
    return (on_detector[0] / magnification, on_detector[1] / magnification), (
        Note(
            "spacing",
            False,
            f"The pixel spacing is the detector's divided by the stated magnification of {magnification:.3g}.",
        ),
    )


def _magnification(dataset: Dataset) -> float | None:
    with suppress(TypeError, ValueError, ZeroDivisionError):
        stated_factor = dataset.get("EstimatedRadiographicMagnificationFactor")
        factor = (
            float(dataset.DistanceSourceToDetector) / float(dataset.DistanceSourceToPatient)
            if stated_factor is None and "DistanceSourceToDetector" in dataset and "DistanceSourceToPatient" in dataset
            else float(stated_factor)
        )
        if 1.0 <= factor <= _MOST_MAGNIFIED:
            return factor
    return None


def _side(dataset: Dataset) -> Side | None:
    sides: dict[str, Side] = {"L": "L", "R": "R"}
    said = (str(dataset.get(keyword)) for keyword in ("ImageLaterality", "Laterality"))
    return next((sides[side] for side in said if side in sides), None)


def _sex(dataset: Dataset) -> Sex | None:
    sexes: dict[str, Sex] = {"M": "M", "F": "F"}
    return sexes.get(str(dataset.get("PatientSex")).strip().upper())


def _age_months(dataset: Dataset) -> float | None:
    """The age at the film in whole months: PatientAge, refined by the dates where they agree with it, or from the dates
    alone."""
    from_dates = _months_between(dataset)
    matched = re.fullmatch(r"(\d{1,3})([DWMY])", str(dataset.get("PatientAge")).strip().upper())
    if matched is None:
        return from_dates
    unit = _MONTHS[matched[2]]
    said = int(matched[1]) * unit
    # PatientAge counts completed units; dates are often made up where a file was made anonymous.
    if from_dates is not None and said - 1 <= from_dates <= said + unit + 1:
        return from_dates
    return float(round(said)) if said <= OLDEST_MONTHS else None


def _months_between(dataset: Dataset) -> float | None:
    born = _date(dataset.get("PatientBirthDate"))
    taken = next(filter(None, (_date(dataset.get(keyword)) for keyword in _DATES)), None)
    if born is None or taken is None:
        return None
    months = (taken.year - born.year) * 12 + taken.month - born.month - (taken.day < born.day)
    return float(months) if 0 <= months <= OLDEST_MONTHS else None


def _date(value: Any) -> date | None:
    with suppress(ValueError):
        return datetime.strptime(str(value).strip()[:8], "%Y%m%d").date()
    return None
