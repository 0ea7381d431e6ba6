"""The door for films: the film that comes out, what is refused in any format, and that no identity gets through."""

import logging
import pickle
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO

from core.errors import UnreadableFilm
from core.film.greys import MAX_BYTES
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from tests.films import (
    EXACT,
    GREY12,
    RAMP8,
    RAMP12,
    RAMP16,
    SECRETS,
    dicom_file,
    dicom_film,
    file_of,
    identified_film,
    identifying_keywords,
    refusal,
    secrets_in,
)


def test_path_and_bytes_give_the_same_film(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(file_of(RAMP16, "PNG"))
    films = [read_radiograph(source) for source in (path, str(path), path.read_bytes())]
    assert len({film.sha256 for film in films}) == 1


def test_hash_is_that_of_the_greys() -> None:
    film = read_radiograph(file_of(RAMP8, "PNG"))
    assert film.sha256 == read_radiograph(file_of(RAMP8, "PNG")).sha256 == film_hash(film.pixels)
    for kind in ("PNG", "BMP", "TIFF"):
        assert read_radiograph(file_of(RAMP8, kind)).sha256 == film.sha256
        assert read_radiograph(file_of(np.dstack([RAMP8] * 3), kind)).sha256 == film.sha256
    assert read_radiograph(dicom_file(dicom_film(RAMP8, 8))).sha256 == film.sha256
    # From `printf '2x1:\0\0\0\0\0\0\200\77' | sha256sum`: hashes that were stored must stay valid.
    column = np.array([[0.0], [1.0]], np.float32)
    assert film_hash(column) == "76267b30910b52cacd79c498ea7ee8e4c1a2105559731156df47e9b0bda9cd05"
    assert film_hash(column) != film_hash(column.T)


def test_dark_and_bright_are_swapped_once() -> None:
    film = read_radiograph(dicom_file(dicom_film(RAMP12, PixelSpacing=[0.2, 0.1], Laterality="L")))
    assert np.allclose(film.inverted_pixels, 1 - film.pixels) and film.inverted_pixels.dtype == np.float32
    assert film.inverted_pixels is film.inverted_pixels


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"pixels": np.zeros((4, 4), np.float64)}, "float32"),
        ({"pixels": np.zeros((4, 4, 3), np.float32)}, "HxW"),
        ({"pixels": np.zeros((0, 4), np.float32)}, "shape"),
        ({"pixels": np.full((4, 4), np.nan, np.float32)}, "finite"),
        ({"pixels": np.full((4, 4), 1.5, np.float32)}, "0, 1"),
        ({"pixels": np.full((4, 4), -0.5, np.float32)}, "0, 1"),
        ({"spacing_mm": (0.1, 0.0)}, "spacing_mm"),
        ({"spacing_mm": (0.1, float("nan"))}, "spacing_mm"),
        ({"laterality": "B"}, "laterality"),
        ({"sha256": "abc"}, "sha256"),
        ({"stated_sex": "X"}, "sex"),
        ({"age_months": 1200.5}, "age"),
        ({"age_months": float("nan")}, "age"),
        ({"orientation": 9}, "orientation"),
    ],
)
def test_radiograph_checks_its_fields(change: dict[str, Any], word: str) -> None:
    good: dict[str, Any] = {"pixels": np.zeros((4, 4), np.float32), "spacing_mm": (0.1, 0.2), "laterality": "R"}
    good["sha256"] = "0" * 64
    Radiograph(**good)
    with pytest.raises(ValueError, match=word):
        Radiograph(**(good | change))


def test_no_file(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "absent-Zwiebelfisch.png", "bad\0name.png", "x" * 5000):
        message = refusal(source)
        assert "no file" in message and "Zwiebelfisch" not in message


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert "empty" in refusal(tmp_path / "empty.png")
    assert "empty" in refusal(b"")


def test_too_many_bytes(tmp_path: Path) -> None:
    with (tmp_path / "big.png").open("wb") as big:
        big.truncate(MAX_BYTES + 1)
    assert "200 MB" in refusal(tmp_path / "big.png")
    assert "200 MB" in refusal(bytes(MAX_BYTES + 1))


def test_too_small() -> None:
    small = RAMP8[:63, :70]
    assert "64 pixels" in refusal(file_of(small, "PNG"))
    assert "64 pixels" in refusal(dicom_file(dicom_film(small, 8)))


@pytest.mark.parametrize("value", [0, 77, 255])
def test_constant_film(value: int) -> None:
    constant = np.full((96, 80), value, np.uint8)
    assert "film is blank" in refusal(file_of(constant, "PNG"))
    assert "film is blank" in refusal(dicom_file(dicom_film(constant, 8)))
    assert "film is blank" in refusal(dicom_file(dicom_film(constant, 8, WindowCenter=128, WindowWidth=256)))


def test_no_identity_leaves_with_the_film(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    assert len(identifying_keywords()) > 300
    for preamble in (True, False):
        content = dicom_file(identified_film(RAMP12, ImageLaterality="L", PixelSpacing=[0.1, 0.1]), preamble)
        assert sorted(secrets_in(content)) == sorted(SECRETS)
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            film = read_radiograph(content)
        assert np.abs(film.pixels - GREY12).max() < EXACT
        assert (film.laterality, film.spacing_mm) == ("L", (0.1, 0.1))
        assert not secrets_in(repr(film)) and not secrets_in(pickle.dumps(film))
        assert not raised
    assert not secrets_in(caplog.text)
    assert capfd.readouterr() == ("", "")


def identified_and_broken() -> dict[str, bytes]:
    """Films full of identities that are refused, each at another step."""
    whole = dicom_file(identified_film(RAMP12))
    no_picture, no_photometric = identified_film(RAMP12), identified_film(RAMP12)
    del no_picture.PixelData
    del no_photometric.PhotometricInterpretation
    # Where a number is due stands a name; pydicom's errors quote it.
    rescale = dicom_file(identified_film(RAMP12, RescaleSlope="123456789012", RescaleIntercept=0))
    frames = dicom_file(identified_film(RAMP12, NumberOfFrames="123456789012"))
    return {
        "cut short": whole[:-1000],
        "cut in the header": whole[: len(whole) - RAMP12.nbytes - 300],
        "no picture": dicom_file(no_picture),
        "no photometric interpretation": dicom_file(no_photometric),
        "a name for the slope": rescale.replace(b"123456789012", b"Zwiebelfisch"),
        "a name for the frames": frames.replace(b"123456789012", b"Zwiebelfisch"),
        "constant": dicom_file(identified_film(np.full((96, 80), 5, np.uint16))),
        "small": dicom_file(identified_film(RAMP12[:20])),
    }


@pytest.mark.parametrize("name", identified_and_broken())
def test_no_identity_leaves_with_a_refusal(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "Zwiebelfisch-19870623.dcm"
    path.write_bytes(identified_and_broken()[name])
    with warnings.catch_warnings(record=True) as raised, pytest.raises(UnreadableFilm) as caught:
        warnings.simplefilter("always")
        read_radiograph(path.read_bytes())
    error = caught.value
    assert error.__cause__ is None and error.__context__ is None
    assert not secrets_in(repr(error)) and not secrets_in(pickle.dumps(error))
    assert not secrets_in("".join(traceback.format_exception(error)))
    functions = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert functions[1:] == ["read_radiograph"], "a deeper frame would hold the header among its variables"
    assert not secrets_in(refusal(path))
    assert not raised and not secrets_in(caplog.text)
    assert capfd.readouterr() == ("", "")


@pytest.mark.filterwarnings("ignore:Unknown encoding 'ISO_IR 100X'")
def test_warnings_that_quote_the_header_are_kept_in(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    content = dicom_file(identified_film(RAMP12, SpecificCharacterSet="ISO_IR 100X"))
    content = content.replace(b"ISO_IR 100X ", b"Zwiebelfisch")
    with pytest.warns(UserWarning, match="Zwiebelfisch"):
        dcmread(DicomBytesIO(content)).PatientName  # noqa: B018
    caplog.clear()
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        read_radiograph(content)
    assert not raised and not caplog.text


def test_several_readers_at_once() -> None:
    contents = [file_of(RAMP16, "PNG"), dicom_file(identified_film(RAMP12))] * 4
    hashes: list[str | None] = [None] * len(contents)

    def read(place: int) -> None:
        hashes[place] = read_radiograph(contents[place]).sha256

    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        readers = [threading.Thread(target=read, args=(place,)) for place in range(len(contents))]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    assert not raised
    assert len(set(hashes[::2])) == len(set(hashes[1::2])) == 1 and None not in hashes
