"""Films as pictures: every format, depth and layout against a ramp, orientation, and what is refused."""

import logging
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.film.radiograph import read_radiograph
from tests.films import (
    ALPHA8,
    ALPHA16,
    EXACT,
    GREY8,
    GREY16,
    LUMINANCE8,
    LUMINANCE16,
    RAMP8,
    RAMP12,
    RAMP16,
    RGB8,
    RGB16,
    SECRETS,
    file_of,
    png,
    png_chunk,
    refusal,
    secrets_in,
    tiff_with_tag,
)


def opencv(extension: str, samples: NDArray[np.uint16]) -> bytes:
    """A file of 16-bit colour, which Pillow cannot write; channels RGB or RGBA."""
    order = [2, 1, 0, 3][: samples.shape[2]]
    return cv2.imencode(extension, np.ascontiguousarray(samples[..., order]))[1].tobytes()


def bmp_with_alpha(samples: NDArray[np.uint8]) -> bytes:
    """A BMP file of HxWx4 RGBA with a BITMAPV4HEADER, which names the alpha channel; rows run upwards, samples BGRA."""
    height, width = samples.shape[:2]
    data = np.ascontiguousarray(samples[::-1, :, [2, 1, 0, 3]]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(data), 0, 0, 0, 0) + masks + bytes(52)
    return struct.pack("<2sIHHI", b"BM", 14 + len(header) + len(data), 0, 0, 14 + len(header)) + header + data


RGBA8, GREY_ALPHA8 = np.dstack([RGB8, ALPHA8]), np.dstack([RAMP8, ALPHA8])

PICTURES = {
    "png grey 8": (file_of(RAMP8, "PNG"), GREY8, EXACT),
    "png grey 16": (file_of(RAMP16, "PNG"), GREY16, EXACT),
    "png grey 12 in 16": (file_of(RAMP12, "PNG"), RAMP12 / 65535, EXACT),
    "png grey alpha 8": (file_of(GREY_ALPHA8, "PNG"), GREY8 * ALPHA8 / 255, EXACT),
    "png grey alpha 16": (png(np.dstack([RAMP16, ALPHA16]), 16, 4), GREY16 * ALPHA16 / 65535, EXACT),
    "png rgb 8": (file_of(RGB8, "PNG"), LUMINANCE8, EXACT),
    "png rgb 16": (png(RGB16, 16, 2), LUMINANCE16, EXACT),
    "png rgba 8": (file_of(RGBA8, "PNG"), LUMINANCE8 * ALPHA8 / 255, EXACT),
    "png rgba 16": (png(np.dstack([RGB16, ALPHA16]), 16, 6), LUMINANCE16 * ALPHA16 / 65535, EXACT),
    "png one bit": (file_of(RAMP8 > 99, "PNG"), RAMP8 > 99, EXACT),
    "png palette": (file_of(Image.fromarray(RAMP8).convert("P"), "PNG"), GREY8, EXACT),
    "png palette, entry 0 clear": (file_of(Image.fromarray(255 - RAMP8).convert("P"), "PNG", transparency=255),
                                   np.where(RAMP8 == 0, 0, 1 - GREY8), EXACT),
    "bmp grey 8": (file_of(RAMP8, "BMP"), GREY8, EXACT),
    "bmp rgb 8": (file_of(RGB8, "BMP"), LUMINANCE8, EXACT),
    "bmp rgba 8": (bmp_with_alpha(RGBA8), LUMINANCE8 * ALPHA8 / 255, EXACT),
    "jpeg grey": (file_of(RAMP8, "JPEG", quality=95), GREY8, 0.02),
    "jpeg rgb": (file_of(RGB8, "JPEG", quality=95, subsampling=0), LUMINANCE8, 0.02),
    "jpeg cmyk": (file_of(Image.fromarray(RAMP8).convert("RGB").convert("CMYK"), "JPEG", quality=95), GREY8, 0.03),
    "webp rgb": (file_of(RGB8, "WEBP", lossless=True), LUMINANCE8, EXACT),
    "webp rgba": (file_of(RGBA8, "WEBP", lossless=True, exact=True), LUMINANCE8 * ALPHA8 / 255, EXACT),
    "webp lossy": (file_of(RAMP8, "WEBP", quality=95), GREY8, 0.03),
    "tiff grey 8": (file_of(RAMP8, "TIFF"), GREY8, EXACT),
    "tiff grey 8 lzw": (file_of(RAMP8, "TIFF", compression="tiff_lzw"), GREY8, EXACT),
    "tiff grey 8 jpeg": (file_of(RAMP8, "TIFF", compression="jpeg", quality=95), GREY8, 0.02),
    "tiff grey 8 white is zero": (tiff_with_tag(file_of(RAMP8, "TIFF"), 262, 0), 1 - GREY8, EXACT),
    "tiff grey 16": (file_of(RAMP16, "TIFF"), GREY16, EXACT),
    "tiff grey 16 big endian": (file_of(Image.frombytes("I;16B", (80, 96), RAMP16.astype(">u2").tobytes()), "TIFF"),
                                GREY16, EXACT),
    "tiff grey 16 deflate": (file_of(RAMP16, "TIFF", compression="tiff_adobe_deflate"), GREY16, EXACT),
    "tiff grey 16 white is zero": (tiff_with_tag(file_of(RAMP16, "TIFF"), 262, 0), 1 - GREY16, EXACT),
    "tiff signed 32": (file_of(RAMP16.astype(np.int32) - 40000, "TIFF"), GREY16, EXACT),
    "tiff unsigned 32": (tiff_with_tag(file_of((RAMP16.astype(np.uint32) * 65537).view(np.int32), "TIFF"), 339, 1),
                         GREY16, EXACT),
    "tiff float": (file_of(RAMP16.astype(np.float32) / 7 - 99, "TIFF"), GREY16, EXACT),
    "tiff grey alpha 8": (file_of(GREY_ALPHA8, "TIFF"), GREY8 * ALPHA8 / 255, EXACT),
    "tiff rgb 8": (file_of(RGB8, "TIFF"), LUMINANCE8, EXACT),
    "tiff rgba 8": (file_of(RGBA8, "TIFF"), LUMINANCE8 * ALPHA8 / 255, EXACT),
    "tiff rgb 16": (opencv(".tiff", RGB16), LUMINANCE16, EXACT),
    "tiff rgba 16": (opencv(".tiff", np.dstack([RGB16, ALPHA16])), LUMINANCE16 * ALPHA16 / 65535, EXACT),
    "tiff of two pages": (file_of(RAMP8, "TIFF", save_all=True, append_images=[Image.fromarray(RGB8)]), GREY8, EXACT),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_picture_keeps_its_greys(name: str) -> None:
    content, expected, tolerance = PICTURES[name]
    film = read_radiograph(content)
    assert film.pixels.dtype == np.float32 and film.pixels.flags.c_contiguous
    assert (film.height, film.width) == film.pixels.shape == (96, 80)
    assert np.abs(film.pixels - expected).max() <= tolerance
    assert film.spacing_mm is None and film.laterality is None


def test_sixteen_bits_are_kept() -> None:
    """A film of 16 bits that went through 8 would have 256 different greys at most."""
    for name in ("png grey 16", "png rgb 16", "png rgba 16", "tiff grey 16", "tiff rgb 16"):
        assert np.unique(read_radiograph(PICTURES[name][0]).pixels).size > 2000, name


#: What a viewer shows of a stored picture, by its EXIF orientation (Exif 2.32, tag 274).
VIEWER: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.rot90(stored, 2).T,
    8: np.rot90,
}


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    return tags


@pytest.mark.parametrize("orientation", VIEWER)
def test_orientation_is_that_of_a_viewer(orientation: int) -> None:
    upright8, upright16 = VIEWER[orientation](RAMP8) / 255, VIEWER[orientation](RAMP16) / 65535
    for kind in ("PNG", "JPEG", "TIFF", "WEBP"):
        film = read_radiograph(file_of(RAMP8, kind, exif=exif(orientation), quality=95))
        assert film.pixels.shape == upright8.shape and film.orientation == orientation, kind
        assert np.abs(film.pixels - upright8).max() < 0.03, kind
    assert np.allclose(read_radiograph(file_of(RAMP16, "TIFF", exif=exif(orientation))).pixels, upright16, atol=EXACT)
    assert np.allclose(read_radiograph(file_of(RAMP16, "PNG", exif=exif(orientation))).pixels, upright16, atol=EXACT)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_none_can_be_turns_nothing(orientation: int) -> None:
    film = read_radiograph(file_of(RAMP8, "PNG", exif=exif(orientation)))
    assert film.orientation == 1 and np.abs(film.pixels - RAMP8 / 255).max() < EXACT


@pytest.mark.parametrize("orientation", VIEWER)
def test_orientation_of_deep_colour(orientation: int) -> None:
    upright = VIEWER[orientation](RAMP16) / 65535
    deep = np.dstack([RAMP16] * 3)
    tags = png_chunk(b"eXIf", exif(orientation).tobytes().removeprefix(b"Exif\0\0"))
    assert np.allclose(read_radiograph(png(deep, 16, 2, chunks=tags)).pixels, upright, atol=EXACT)
    tiff = tiff_with_tag(opencv(".tiff", deep), 274, orientation)
    assert np.allclose(read_radiograph(tiff).pixels, upright, atol=EXACT)


def test_not_a_number_in_a_float_film_is_black() -> None:
    values = 100 + RAMP16.astype(np.float32)
    values[5, 5], values[6, 6], values[7, 7] = np.nan, np.inf, -np.inf
    pixels = read_radiograph(file_of(values, "TIFF")).pixels
    assert (pixels[5, 5], pixels[6, 6], pixels[7, 7]) == (0, 1, 0)
    assert abs(pixels[50, 40] - GREY16[50, 40]) < 1e-4


@pytest.mark.parametrize(
    "content",
    [b"Dear colleague, enclosed please find", b"%PDF-1.7\n", b"GIF89a" + bytes(99), b"PK\3\4" + bytes(99), b"\x89PNG"],
)
def test_unknown_kind(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(content)
    assert "not a PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, HEIC, AVIF or DICOM" in refusal(path)


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "tiff of two pages"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_truncated_picture_is_refused(name: str, share: float) -> None:
    content = PICTURES[name][0]
    refusal(content[: int(len(content) * share)])


@pytest.mark.parametrize("size", [(20_001, 100), (100, 20_001), (9_000, 8_000), (50_000, 50_000), (2**31 - 1,) * 2])
def test_too_large_is_refused_by_the_header(size: tuple[int, int]) -> None:
    """The file holds hardly any data, so decoding it first would say that it is cut short."""
    assert "larger than can be read" in refusal(png(RAMP8, 8, 0, size=size))


@pytest.mark.parametrize("scans", [8, 2_000])
def test_jpeg_of_many_scans(scans: int) -> None:
    """The last refinement of a progressive JPEG can be repeated, a hundred bytes each time: fewer take no harm."""
    jpeg = file_of(np.tile(RAMP8, (16, 16)), "JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    film = jpeg[:-2] + scan * scans + jpeg[-2:]
    if scans == 8:
        assert read_radiograph(film).pixels.shape == np.tile(RAMP8, (16, 16)).shape
    else:
        assert "far more scans" in refusal(film)


def test_deep_tiff_in_planes() -> None:
    """A TIFF file that keeps red, green and blue one after the other, written by hand (TIFF 6.0, section 2)."""
    data = RGB16.transpose(2, 0, 1).tobytes()
    places = struct.pack("<3I", *(8 + plane * RAMP16.nbytes for plane in range(3)))
    sizes = struct.pack("<3I", *[RAMP16.nbytes] * 3)
    end = 8 + len(data)
    one = {256: 80, 257: 96, 259: 1, 262: 2, 277: 3, 278: 96, 284: 2}
    entries = {tag: struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in one.items()}
    entries[258] = struct.pack("<HHII", 258, 3, 3, end)
    entries[273], entries[279] = struct.pack("<HHII", 273, 4, 3, end + 8), struct.pack("<HHII", 279, 4, 3, end + 20)
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    header = b"II*\0" + struct.pack("<I", end + 32)
    tiff = header + data + struct.pack("<4H", 16, 16, 16, 0) + places + sizes + directory
    assert np.abs(read_radiograph(tiff).pixels - LUMINANCE16).max() < EXACT


def test_constant_float_film() -> None:
    for value in (3.5, np.nan):
        film = Image.fromarray(np.full((96, 80), value, np.float32))
        assert "film is blank" in refusal(file_of(film, "TIFF"))


def test_no_text_of_a_picture_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    content = file_of(RAMP8, "TIFF", description=SECRETS[0], artist=SECRETS[0])
    caplog.clear()  # Pillow tells of what it writes here
    film = read_radiograph(content)
    assert not secrets_in(caplog.text) and not secrets_in(repr(film)) and not secrets_in(pickle.dumps(film))


@pytest.mark.parametrize("kind", ["GIF", "JPEG2000", "AVIF", "HEIF"])
def test_what_phones_and_archives_write(kind: str) -> None:
    film = read_radiograph(file_of(RAMP8, kind, quality=95) if kind in ("AVIF", "HEIF") else file_of(RAMP8, kind))
    assert np.abs(film.pixels - GREY8).max() < (0.03 if kind in ("AVIF", "HEIF") else EXACT)


def test_deep_jpeg_2000() -> None:
    film = read_radiograph(imagecodecs.jpeg2k_encode(RAMP16, codecformat="JP2", reversible=True))
    assert np.abs(film.pixels - GREY16).max() < EXACT


def test_damaged_heic_is_refused_by_its_own_name() -> None:
    content = bytearray(file_of(RAMP8, "HEIF"))
    assert "HEIC" in refusal(bytes(content[:40])) and "Most Compatible" in refusal(bytes(content[:40]))


def test_largest_page_of_a_tiff() -> None:
    """A thumbnail goes before the film, and a page of writing after it."""
    pages = [Image.fromarray(page) for page in (RAMP16, RGB8[:70, :70])]
    film = read_radiograph(file_of(RAMP8[:64, :64], "TIFF", save_all=True, append_images=pages))
    assert np.abs(film.pixels - GREY16).max() < EXACT
    (note,) = film.notes
    assert note.name == "several_pictures" and "3 pictures; number 2, of 80 x 96 pixels" in note.sentence


def test_largest_page_of_deep_colour() -> None:
    _, tiff = cv2.imencodemulti(".tiff", [RGB16[:64, :64, ::-1], RGB16[..., ::-1]])
    assert np.abs(read_radiograph(tiff.tobytes()).pixels - LUMINANCE16).max() < EXACT


def test_picture_in_its_transparency() -> None:
    black = np.zeros_like(RAMP8)
    for samples in (np.dstack([black, RAMP8]), np.dstack([black, black, black, RAMP8])):
        film = read_radiograph(file_of(samples, "PNG"))
        assert np.abs(film.pixels - GREY8).max() < EXACT
        assert [note.name for note in film.notes] == ["transparency"]


def test_picture_behind_its_transparency() -> None:
    film = read_radiograph(file_of(np.dstack([RGB8, np.zeros_like(RAMP8)]), "PNG"))
    assert np.abs(film.pixels - LUMINANCE8).max() < EXACT
    assert [note.name for note in film.notes] == ["transparency"]


def test_picture_in_colour_is_called_a_photograph() -> None:
    tinted = np.dstack([RAMP8, np.round(RAMP8 * 0.96), np.round(RAMP8 * 0.86)]).astype(np.uint8)
    for content in (file_of(tinted, "JPEG", quality=90), png(RGB16, 16, 2)):
        assert [note.name for note in read_radiograph(content).notes] == ["photograph"]
    grey = np.dstack([RAMP8] * 3)
    for content in (file_of(grey, "JPEG", quality=90), file_of(grey, "PNG")):
        assert not read_radiograph(content).notes


#: Files of RAMP8 of which each says, in its own way, that pixels are twice as high as wide (TALL) or the reverse.
TALL = {
    "png in dots per metre": png(RAMP8, 8, 0, chunks=png_chunk(b"pHYs", struct.pack(">IIB", 4000, 2000, 1))),
    "png as a ratio": png(RAMP8, 8, 0, chunks=png_chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))),
    "jfif in dots per inch": file_of(RAMP8, "JPEG", quality=95, dpi=(200, 100)),
    "tiff in dots per inch": file_of(RAMP8, "TIFF", dpi=(200, 100)),
    "bmp in dots per metre": file_of(RAMP8, "BMP", dpi=(200, 100)),
}


def stretched(grey: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """By two along one side, as `cv2.resize` has it: each pixel's value at its middle."""
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("name", TALL)
def test_pixels_that_are_not_square(name: str) -> None:
    film = read_radiograph(TALL[name])
    assert (film.height, film.width) == (192, 80)
    assert np.abs(film.pixels - stretched(GREY8, 192, 80)).max() < (0.03 if "jfif" in name else 1e-5)
    (note,) = film.notes
    assert note.name == "square_pixels" and note.doubt and "80 x 96 to 80 x 192" in note.sentence


def test_ratio_of_jfif_is_that_of_its_densities() -> None:
    jpeg = bytearray(file_of(RAMP8, "JPEG", quality=95, dpi=(100, 200)))
    jpeg[jpeg.index(b"JFIF\0") + 7] = 0  # no unit: a bare ratio
    film = read_radiograph(bytes(jpeg))
    assert (film.height, film.width) == (96, 160)


def test_pixels_that_are_not_square_in_a_picture_on_its_side() -> None:
    film = read_radiograph(file_of(RAMP8, "JPEG", quality=95, dpi=(200, 100), exif=exif(6)))
    assert (film.height, film.width) == (80, 192)
    assert np.abs(film.pixels - stretched(np.rot90(GREY8, -1), 80, 192)).max() < 0.03


@pytest.mark.parametrize("dots", [(300, 300), (300, 299)])
def test_pixels_that_are_square(dots: tuple[int, int]) -> None:
    film = read_radiograph(file_of(RAMP8, "PNG", dpi=dots))
    assert film.sha256 == read_radiograph(file_of(RAMP8, "PNG")).sha256 and not film.notes
