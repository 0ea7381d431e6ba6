"""DICOM films: greys computed by hand for every step of the presentation, and what is refused."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, uid

from core.errors import UnreadableFilm
from core.film.formats import dicom
from core.film.radiograph import read_radiograph
from tests.films import EXACT, GREY8, GREY12, LUMINANCE8, RAMP8, RAMP12, RGB8, dicom_file, dicom_film, refusal


def test_plain_dicom_is_stretched_from_least_to_greatest() -> None:
    film = read_radiograph(dicom_file(dicom_film(np.uint16(700) + RAMP12 // np.uint16(4))))
    assert np.abs(film.pixels - GREY12).max() < 1 / 1000
    assert (film.pixels.min(), film.pixels.max()) == (0, 1)


def test_dicom_without_preamble() -> None:
    film = read_radiograph(dicom_file(dicom_film(RAMP12), preamble=False))
    assert np.abs(film.pixels - GREY12).max() < EXACT


def test_big_endian_dicom() -> None:
    film = dicom_film(RAMP12)
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    film.PixelData = RAMP12.astype(">u2").tobytes()
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


def test_colour_dicom() -> None:
    assert np.abs(read_radiograph(dicom_file(dicom_film(RGB8, 8, "RGB"))).pixels - LUMINANCE8).max() < EXACT
    # A neutral chroma of 128 leaves the luma as it is.
    ybr = np.dstack([RAMP8, np.full_like(RAMP8, 128), np.full_like(RAMP8, 128)])
    assert np.abs(read_radiograph(dicom_file(dicom_film(ybr, 8, "YBR_FULL"))).pixels - GREY8).max() < 0.005
    plain = dicom_film(RGB8, 8, "RGB", PlanarConfiguration=1, PixelData=RGB8.transpose(2, 0, 1).tobytes())
    assert np.abs(read_radiograph(dicom_file(plain)).pixels - LUMINANCE8).max() < EXACT


#: An inverting palette of 16 bits, whose words are others with their two bytes swapped.
PALETTE = 65535 - np.arange(256) * 256


def palette_film(word: str) -> Dataset:
    """A film of 8 bits by PALETTE, whose words are of the given numpy type."""
    film = dicom_film(RAMP8, 8, "PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(film, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(film, f"{colour}PaletteColorLookupTableData", PALETTE.astype(word).tobytes())
    return film


def test_palette_dicom() -> None:
    pixels = read_radiograph(dicom_file(palette_film("<u2"))).pixels
    assert np.abs(pixels - PALETTE[RAMP8] / 65535).max() < EXACT


def greys_of(stored: list[int], film_type: type[np.integer[Any]] = np.uint16, **tags: Any) -> list[float]:
    """What the given stored values become in a film that else is full of the first of them."""
    values: NDArray[Any] = np.full((64, 64), stored[0], film_type)
    values[0, : len(stored)] = stored
    return [float(grey) for grey in read_radiograph(dicom_file(dicom_film(values, **tags))).pixels[0, : len(stored)]]


RESCALE: dict[str, Any] = {"RescaleSlope": 2, "RescaleIntercept": -1000, "RescaleType": "US"}


def test_linear_window() -> None:
    """With the rescale 2s - 1000: -500, 0, 500, 1000, 2000; grey = (x - 999.5) / 2000 + 0.5 (PS3.3, C.11.2.1.2.1)."""
    greys = greys_of([250, 500, 750, 1000, 1500], **RESCALE, WindowCenter=1000, WindowWidth=2001)
    assert greys == pytest.approx([0, 0.00025, 0.25025, 0.50025, 1], abs=1e-6)


def test_linear_window_without_rescale() -> None:
    greys = greys_of([100, 150, 200, 300], WindowCenter=[200.5, 9], WindowWidth=[201, 9])
    assert greys == pytest.approx([0, 0.25, 0.5, 1], abs=1e-6)


def test_exact_and_sigmoid_windows() -> None:
    window: dict[str, Any] = {"WindowCenter": 1000, "WindowWidth": 2000}
    exact = greys_of([250, 500, 750, 1000, 1500], **RESCALE, **window, VOILUTFunction="LINEAR_EXACT")
    assert exact == pytest.approx([0, 0, 0.25, 0.5, 1], abs=1e-6)
    sigmoid = greys_of([1000, 1250], **RESCALE, **window, VOILUTFunction="SIGMOID")
    assert sigmoid == pytest.approx([0.5, 0.7310586], abs=1e-6)


def test_negative_rescale_slope_turns_the_greys_round() -> None:
    turned: dict[str, Any] = {"RescaleSlope": -1, "RescaleIntercept": 4095, "RescaleType": "US"}
    assert greys_of([0, 1023, 4095], **turned) == pytest.approx([1, 3072 / 4095, 0], abs=1e-6)
    window: dict[str, Any] = {"WindowCenter": 2048, "WindowWidth": 4096}
    assert greys_of([0, 1023, 4095], **turned, **window) == pytest.approx([1, 3072 / 4095, 0], abs=1e-6)


def test_signed_greys() -> None:
    assert greys_of([-2048, 0, 2047], np.int16) == pytest.approx([0, 2048 / 4095, 1], abs=1e-6)
    greys = greys_of([-2048, -50, 0, 2047], np.int16, WindowCenter=0.5, WindowWidth=201)
    assert greys == pytest.approx([0, 0.25, 0.5, 1], abs=1e-6)


def table(first: int, entries: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item.LUTData = struct.pack(f"<{len(entries)}H", *entries)
    return item


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_voi_table(bits: int) -> None:
    """The table 10, 20, 40, 90 from value 1000 on; below and above its ends hold. It goes before the window."""
    window: dict[str, Any] = {"WindowCenter": 5, "WindowWidth": 10}
    greys = greys_of([7, 1000, 1001, 1002, 1003, 4095], VOILUTSequence=[table(1000, [10, 20, 40, 90], bits)], **window)
    assert greys == pytest.approx([0, 0, 0.125, 0.375, 1, 1], abs=1e-6)


def test_voi_table_after_rescale() -> None:
    greys = greys_of([0, 500, 501, 502], **RESCALE, VOILUTSequence=[table(0, [0, 0, 50, 50, 200], 8)])
    assert greys == pytest.approx([0, 0, 0.25, 1], abs=1e-6)


def test_voi_table_for_values_beyond_16_bits() -> None:
    """656 * 100 is more than 16 bits hold: it is beyond the table's end, not back at its beginning."""
    steep: dict[str, Any] = {"RescaleSlope": 100, "RescaleIntercept": 0, "RescaleType": "US"}
    greys = greys_of([0, 1, 656], **steep, VOILUTSequence=[table(50, list(range(101)), 16)])
    assert greys == pytest.approx([0, 0.5, 1], abs=1e-6)


def test_modality_table() -> None:
    item = table(0, [4095 - value for value in range(4096)], 12)
    item.ModalityLUTType = "US"
    assert greys_of([0, 1023, 4095], ModalityLUTSequence=[item]) == pytest.approx([1, 3072 / 4095, 0], abs=1e-6)


@pytest.mark.parametrize("window", [(2000, 0), (2000, -5), (30000, 10), (-500, 10)])
def test_window_that_shows_nothing_is_left_out(window: tuple[int, int]) -> None:
    greys = greys_of([1000, 2000, 3000], WindowCenter=window[0], WindowWidth=window[1])
    assert greys == pytest.approx([0, 0.5, 1], abs=1e-6)


def test_damaged_voi_table_falls_back_to_the_window() -> None:
    broken = Dataset()
    broken.LUTDescriptor = [4, 0, 16]
    greys = greys_of([100, 150, 300], VOILUTSequence=[broken], WindowCenter=200.5, WindowWidth=201)
    assert greys == pytest.approx([0, 0.25, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("photometric", "shape", "turned"),
    [
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),
    ],
)
def test_bone_is_bright(photometric: str, shape: str | None, turned: bool) -> None:
    tags: dict[str, Any] = {"PresentationLUTShape": shape} if shape else {}
    window: dict[str, Any] = {"WindowCenter": 200.5, "WindowWidth": 201}
    greys = greys_of([100, 150, 300], photometric=photometric, **window, **tags)
    assert greys == pytest.approx([1, 0.75, 0] if turned else [0, 0.25, 1], abs=1e-6)


@pytest.mark.parametrize(("photometric", "expected"), [("MONOCHROME2", [0, 0.25, 1]), ("MONOCHROME1", [1, 0.75, 0])])
def test_padding_is_black_and_out_of_the_range(photometric: str, expected: list[float]) -> None:
    greys = greys_of([1000, 1500, 3000, 0], photometric=photometric, PixelPaddingValue=0)
    assert greys == pytest.approx([*expected, 0], abs=1e-6)
    several: dict[str, Any] = {"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 4095}
    greys = greys_of([1000, 1500, 3000, 4000, 4050, 4095], photometric=photometric, **several)
    assert greys == pytest.approx([*expected, 0, 0, 0], abs=1e-6)


def test_too_large_dicom_is_refused_by_the_header() -> None:
    assert "larger than can be read" in refusal(dicom_file(dicom_film(RAMP12, Rows=20_001)))
    assert "larger than can be read" in refusal(dicom_file(dicom_film(RAMP12, Rows=9_000, Columns=8_000)))


def test_dicom_without_picture() -> None:
    film = dicom_film(RAMP12)
    del film.PixelData
    assert "no picture in the DICOM" in refusal(dicom_file(film))
    assert "no picture in the DICOM" in refusal(dicom_file(film, preamble=False))
    assert "DICOM" in refusal(bytes(128) + b"DICM")


def test_dicom_of_several_frames() -> None:
    film = dicom_film(RAMP12, NumberOfFrames=2, PixelData=RAMP12.tobytes() * 2)
    assert "several pictures" in refusal(dicom_file(film))


def test_dicom_of_one_stated_frame_is_read() -> None:
    assert np.abs(read_radiograph(dicom_file(dicom_film(RAMP12, NumberOfFrames=1))).pixels - GREY12).max() < EXACT


def test_dicom_without_photometric_interpretation() -> None:
    film = dicom_film(RAMP12)
    del film.PhotometricInterpretation
    assert "photometric interpretation" in refusal(dicom_file(film))


def deflated(film: Dataset) -> bytes:
    film.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    return dicom_file(film)


def test_deflated_dicom() -> None:
    assert np.abs(read_radiograph(deflated(dicom_film(RAMP12))).pixels - GREY12).max() < EXACT


def test_deflated_dicom_is_not_inflated_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, where the limit can be set: it is looked at before anything is inflated beyond it."""
    monkeypatch.setattr(dicom, "MAX_BYTES", 10_000)
    with pytest.raises(UnreadableFilm, match="deflated DICOM file holds more"):
        dicom.read_dicom(deflated(dicom_film(RAMP12)))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("high_bit", [11, 15])
def test_bits_outside_the_stored_ones_do_not_count(high_bit: int, signed: bool) -> None:
    """Overlay marks above 12 stored bits, or below them where the highest is bit 15."""
    stored = RAMP12.astype(np.int16) - np.int16(2048) if signed else RAMP12
    marks = np.uint16(0xF) * (RAMP12 % 3 == 0)
    words = (
        (stored.view(np.uint16) & 0xFFF) | (marks << 12) if high_bit == 11 else (stored.view(np.uint16) << 4) | marks
    )
    film = dicom_film(words.view(stored.dtype), HighBit=high_bit)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


def test_padding_that_is_written_with_the_other_sign() -> None:
    greys = greys_of([0, 500, 2000, -2000], np.int16, PixelPaddingValue=-2000)
    assert greys == pytest.approx([0, 0.25, 1, 0], abs=1e-6)
    film = dicom_film(np.resize(np.array([0, 500, 2000, -2000], np.int16), (64, 64)))
    film.add_new("PixelPaddingValue", "US", 65536 - 2000)
    assert read_radiograph(dicom_file(film)).pixels[0, :4] == pytest.approx([0, 0.25, 1, 0], abs=1e-6)


def test_big_endian_palette() -> None:
    film = palette_film(">u2")
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    pixels = read_radiograph(dicom_file(film)).pixels
    assert np.abs(pixels - PALETTE[RAMP8] / 65535).max() < EXACT


@pytest.mark.parametrize(
    "gone", ["BitsStored", "SamplesPerPixel", "PixelRepresentation", "HighBit", "BitsAllocated BitsStored HighBit"]
)
def test_what_the_header_does_not_say_of_the_greys_is_guessed_and_said(gone: str) -> None:
    for stored, bits, expected in ((RAMP12, 12, GREY12), (RAMP8, 8, GREY8)):
        film = dcmread(BytesIO(dicom_file(dicom_film(stored, bits))))
        for keyword in gone.split():
            del film[keyword]
        read = read_radiograph(dicom_file(film))
        assert np.abs(read.pixels - expected).max() < EXACT
        assert [note.name for note in read.notes] == ["stored_greys"]
    assert gone != "BitsStored" or "(bits stored)" in read.notes[0].sentence


def test_truncated_dicom() -> None:
    content = dicom_file(dicom_film(RAMP12))
    for share in (0.05, 0.5, 0.99):
        refusal(content[: int(len(content) * share)])


def test_dicom_of_32_bits() -> None:
    assert "damaged, cut short or compressed" in refusal(dicom_file(dicom_film(RAMP12.astype(np.uint32), 32)))
