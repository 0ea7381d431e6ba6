"""The hard files that pydicom brings along for its own tests, every one through the door for films: a picture with the greys
that pydicom gives, or a sentence."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from core.errors import UnreadableFilm
from core.film.radiograph import read_radiograph
from tests.films import EXACT

FOLDER = Path(pydicom.__file__).parent / "data"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and not path.name.endswith((".py", ".pyc")))

#: Its header says RGB of what its JPEG, rightly, says is YCbCr; pydicom believes the header.
_SAYS_RGB = "SC_rgb_jpeg.dcm"


def greys_of_pydicom(path: Path) -> NDArray[np.float64] | None:
    """As pydicom presents the picture, from its least to its greatest grey; None where it does not decode it here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path, force=True)
        try:
            stored = dataset.pixel_array
        except Exception:
            return None
        values: NDArray[Any] = stored
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            values = apply_color_lut(stored, dataset)
        elif dataset.SamplesPerPixel == 1:
            values = apply_voi_lut(apply_modality_lut(stored, dataset), dataset)
    values = values.astype(np.float64)
    grey = values @ [0.299, 0.587, 0.114] if values.ndim == 3 else values
    return stretched(-grey if dataset.PhotometricInterpretation == "MONOCHROME1" else grey)


def stretched(grey: NDArray[Any]) -> NDArray[np.float64]:
    grey = grey.astype(np.float64)
    return (grey - grey.min()) / max(float(np.ptp(grey)), 1e-12)


@pytest.fixture(scope="module")
def read() -> list[str]:
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_picture_or_sentence(path: Path, read: list[str]) -> None:
    try:
        film = read_radiograph(path)
    except UnreadableFilm as refusal:
        assert str(refusal).endswith(".") and len(str(refusal)) > 20
        return
    read.append(path.name)
    expected = greys_of_pydicom(path)
    if expected is None or film.pixels.shape != expected.shape:
        assert expected is None or [note.name for note in film.notes] == ["square_pixels"]
        return
    if path.name != _SAYS_RGB:
        assert np.abs(stretched(film.pixels) - expected).max() < EXACT


def test_enough_of_them_are_read(read: list[str]) -> None:
    """Run after those above. Of 205 files of pydicom 3.0 these are read; the others hold no picture, several, or one that
    is too small for a hand."""
    assert len(read) >= 42
