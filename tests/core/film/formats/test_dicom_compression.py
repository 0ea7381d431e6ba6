"""Compressed pictures inside DICOM films: what comes back, and that nothing half decoded does."""

import struct
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom import uid

from core.film.radiograph import read_radiograph
from tests.films import (
    EXACT,
    GREY8,
    GREY12,
    LOSSLESS,
    LUMINANCE8,
    RAMP8,
    RAMP12,
    RGB8,
    compressed,
    dicom_file,
    dicom_film,
    file_of,
    ramp,
    refusal,
    secrets_in,
)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_compression_keeps_every_grey(syntax: uid.UID, bits: int) -> None:
    stored = RAMP8 if bits == 8 else ramp(bits)
    film = compressed(dicom_film(stored, bits), syntax, LOSSLESS[syntax](stored))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - stored / (2**bits - 1)).max() < EXACT


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_compression_of_signed_greys(syntax: uid.UID) -> None:
    """The coder sees 12 bits without a sign, as JPEG and JPEG-LS store them; the window tells whether it came back."""
    signed = RAMP12.astype(np.int16) - np.int16(2048)
    film = dicom_film(signed, WindowCenter=0.5, WindowWidth=2049)
    film = compressed(film, syntax, LOSSLESS[syntax]((signed & 0xFFF).astype(np.uint16)))
    expected = np.clip(signed / 2048 + 0.5, 0, 1)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - expected).max() < EXACT


def test_jpeg_2000_that_states_another_sign() -> None:
    signed = np.where(RAMP12 >= 2048, RAMP12.astype(np.int32) - 4096, RAMP12).astype(np.int16)
    film = compressed(dicom_film(RAMP12), uid.JPEG2000Lossless, LOSSLESS[uid.JPEG2000Lossless](signed))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


@pytest.mark.parametrize("padding", [b"\0", b"\xff", b"\xff\0\0"])
def test_padding_after_the_end_of_a_compressed_picture(padding: bytes) -> None:
    film = compressed(dicom_film(RAMP8, 8), uid.JPEGBaseline8Bit, file_of(RAMP8, "JPEG", quality=95) + padding)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY8).max() < 0.02


def test_run_length_compression() -> None:
    film = dicom_film(RAMP12)
    film.compress(uid.RLELossless)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


def test_lossy_compressions() -> None:
    twelve = imagecodecs.jpeg8_encode(RAMP12, 98, bitspersample=12)
    for film, expected in (
        (compressed(dicom_film(RAMP8, 8), uid.JPEGBaseline8Bit, file_of(RAMP8, "JPEG", quality=95)), GREY8),
        (compressed(dicom_film(RAMP12), uid.JPEGExtended12Bit, twelve), GREY12),
        (compressed(dicom_film(RAMP8, 8), uid.JPEGLSNearLossless, imagecodecs.jpegls_encode(RAMP8, 2)), GREY8),
        (compressed(dicom_film(RAMP12), uid.JPEG2000, imagecodecs.jpeg2k_encode(RAMP12, 70, bitspersample=12)), GREY12),
    ):
        assert np.abs(read_radiograph(dicom_file(film)).pixels - expected).max() < 0.02


@pytest.mark.parametrize(("photometric", "subsampling"), [("YBR_FULL_422", 1), ("YBR_FULL", 0), ("RGB", 0)])
def test_colour_jpeg_in_dicom(photometric: str, subsampling: int) -> None:
    jpeg = file_of(RGB8, "JPEG", quality=95, subsampling=subsampling)
    film = compressed(dicom_film(RGB8, 8, photometric), uid.JPEGBaseline8Bit, jpeg)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - LUMINANCE8).max() < 0.02


def test_colour_jpeg_that_keeps_rgb_without_saying_so() -> None:
    jpeg = imagecodecs.jpeg8_encode(RGB8, 98, colorspace="RGB", outcolorspace="RGB", subsampling="444")
    marker = jpeg.index(b"\xff\xee")
    silent = bytearray(jpeg[:marker] + jpeg[marker + 2 + int.from_bytes(jpeg[marker + 2 : marker + 4], "big") :])
    # Its components are named R, G and B, which libjpeg knows; most encoders number them.
    frame, scan = silent.index(b"\xff\xc0"), silent.index(b"\xff\xda")
    for component in range(3):
        silent[frame + 10 + 3 * component] = silent[scan + 5 + 2 * component] = component + 1
    film = compressed(dicom_film(RGB8, 8, "RGB"), uid.JPEGBaseline8Bit, silent)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - LUMINANCE8).max() < 0.02


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_colour(syntax: uid.UID) -> None:
    film = compressed(dicom_film(RGB8, 8, "RGB"), syntax, LOSSLESS[syntax](RGB8))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - LUMINANCE8).max() < EXACT


def test_jpeg_ls_of_luma_and_chroma() -> None:
    ybr = np.dstack([RAMP8, np.full_like(RAMP8, 128), np.full_like(RAMP8, 128)])
    film = compressed(dicom_film(ybr, 8, "YBR_FULL"), uid.JPEGLSLossless, imagecodecs.jpegls_encode(ybr))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY8).max() < 0.005


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("syntax", [*LOSSLESS, uid.JPEGBaseline8Bit])
def test_dicom_whose_compressed_picture_is_cut_short(syntax: uid.UID, share: float) -> None:
    picture = LOSSLESS[syntax](RAMP8) if syntax in LOSSLESS else file_of(RAMP8, "JPEG")
    film = compressed(dicom_film(RAMP8, 8), syntax, picture[: int(len(picture) * share)])
    assert "damaged, cut short or compressed" in refusal(dicom_file(film))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_dicom_whose_compressed_picture_is_not_what_the_header_says(syntax: uid.UID) -> None:
    picture = LOSSLESS[syntax](RAMP8)
    layouts: list[dict[str, Any]] = [{"Rows": 192}, {"Columns": 64}, {"SamplesPerPixel": 3, "PlanarConfiguration": 0}]
    for tags in layouts:
        film = compressed(dicom_film(RAMP8, 8, **tags), syntax, picture)
        assert "damaged, cut short or compressed" in refusal(dicom_file(film)), tags
    assert "damaged" in refusal(dicom_file(compressed(dicom_film(RAMP8, 8), syntax, b"no picture at all\xff\xd9")))


def test_a_compression_that_is_not_read_is_named() -> None:
    film = compressed(dicom_film(RAMP12), uid.MPEG2MPML, b"not a film")
    assert "MPEG2 Main Profile" in refusal(dicom_file(film))
    # As long as the other, so that it can stand in its place.
    private = str(uid.MPEG2MPML).replace("10008", "11361")
    content = dicom_file(film).replace(uid.MPEG2MPML.encode(), private.encode())
    assert f"private or unknown method ({private})" in refusal(content)
    named = dicom_file(film).replace(uid.MPEG2MPML.encode(), b"Zwiebelfisch".ljust(len(private), b"\0"))
    assert "private or unknown method," in refusal(named) and not secrets_in(refusal(named))


@pytest.mark.parametrize("syntax", [uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K])
def test_high_throughput_jpeg_2000(syntax: uid.UID) -> None:
    film = compressed(dicom_film(RAMP12), syntax, imagecodecs.htj2k_encode(RAMP12, reversible=True))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_marks_above_the_stored_bits_do_not_count(syntax: uid.UID) -> None:
    marked = RAMP12 | np.where(RAMP12 % 3 == 0, np.uint16(0xF000), np.uint16(0))
    film = compressed(dicom_film(RAMP12), syntax, LOSSLESS[syntax](marked))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("shift", [0, 4])
def test_high_bit_above_the_stored_bits(syntax: uid.UID, shift: int) -> None:
    """Some coders shift the 12 bits down from the word's upper end before they compress them, some do not."""
    film = compressed(dicom_film(RAMP12, HighBit=15), syntax, LOSSLESS[syntax](RAMP12 << shift))
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY12).max() < EXACT


def test_run_length_colour() -> None:
    film = dicom_film(RGB8, 8, "RGB")
    film.compress(uid.RLELossless)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - LUMINANCE8).max() < EXACT


def test_run_lengths_are_read_no_further_than_the_picture() -> None:
    endless = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x05" * 100_000
    assert "damaged" in refusal(dicom_file(compressed(dicom_film(RAMP8, 8), uid.RLELossless, endless)))


def test_jpeg_2000_behind_a_decoy_header() -> None:
    """The header of a small picture, in a box that decoders skip, before that of a large one."""
    small, large = (LOSSLESS[uid.JPEG2000Lossless](picture) for picture in (RAMP8, np.tile(RAMP8, (4, 4))))
    boxes = bytearray(imagecodecs.jpeg2k_encode(np.tile(RAMP8, (4, 4)), codecformat="JP2", reversible=True))
    start = boxes.index(large[:4]) - 8
    decoy = struct.pack(">I4s", 8 + 64, b"free") + bytes(small[:64])
    film = compressed(dicom_film(RAMP8, 8), uid.JPEG2000Lossless, boxes[:start] + decoy + boxes[start:])
    assert "damaged" in refusal(dicom_file(film))
    honest = imagecodecs.jpeg2k_encode(RAMP8, codecformat="JP2", reversible=True)
    film = compressed(dicom_film(RAMP8, 8), uid.JPEG2000Lossless, honest)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY8).max() < EXACT


def test_jpeg_behind_a_bare_marker() -> None:
    """TEM has no length: what follows it is the next marker, and not how far to skip to a decoy."""
    large, small = (file_of(picture, "JPEG", quality=95) for picture in (np.tile(RAMP8, (2, 2)), RAMP8))
    frame = small[small.index(b"\xff\xc0") :]
    jump = 2 + int.from_bytes(large[2:4], "big")
    comment = b"\xff\xfe" + (60_000).to_bytes(2, "big") + bytes(59_998)
    marked = bytearray(large[:2] + b"\xff\x01" + large[2:20] + comment + comment + large[20:])
    marked[2 + jump : 2 + jump + 40] = frame[:40]
    film = compressed(dicom_film(RAMP8, 8), uid.JPEGBaseline8Bit, bytes(marked))
    assert "damaged" in refusal(dicom_file(film))
    honest = small[:2] + b"\xff\x01" + small[2:]
    film = compressed(dicom_film(RAMP8, 8), uid.JPEGBaseline8Bit, honest)
    assert np.abs(read_radiograph(dicom_file(film)).pixels - GREY8).max() < 0.02


def test_jpeg_of_many_scans() -> None:
    pixels = np.tile(RAMP8, (16, 16))
    jpeg = file_of(pixels, "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    film = compressed(dicom_film(pixels, 8), uid.JPEGExtended12Bit, jpeg[:-2] + scan * 2_000 + jpeg[-2:])
    assert "far more scans" in refusal(dicom_file(film))
    assert read_radiograph(dicom_file(compressed(film, uid.JPEGExtended12Bit, jpeg))).pixels.shape == pixels.shape
