"""Small films of every kind with damage that nobody foresaw: the same damage for the same number."""

from collections.abc import Callable
from typing import Final

import imagecodecs
import numpy as np
from pydicom import uid

from tests.films import ALPHA8, LOSSLESS, RAMP8, RAMP12, RAMP16, RGB8, compressed, dicom_file, dicom_film, file_of


def _tiff(**options: str) -> bytes:
    return file_of(RAMP16, "TIFF", **options)


def _dicom_of(syntax: uid.UID) -> bytes:
    encode: Callable[..., bytes | bytearray] = LOSSLESS[syntax]
    return dicom_file(compressed(dicom_film(RAMP12), syntax, encode(RAMP12)))


def _run_lengths() -> bytes:
    film = dicom_film(RAMP12)
    film.compress(uid.RLELossless)
    return dicom_file(film)


#: The undamaged files by their kinds, some hundred bytes to some thousand each.
WHOLE: Final[dict[str, bytes]] = {
    "PNG": file_of(RAMP8, "PNG", dpi=(300, 200)),
    "PNG, 16 bits": file_of(RAMP16, "PNG"),
    "PNG, alpha": file_of(np.dstack([RGB8, ALPHA8]), "PNG"),
    "JPEG": file_of(RAMP8, "JPEG"),
    "JPEG, progressive": file_of(RGB8, "JPEG", progressive=True),
    "TIFF": _tiff(),
    "TIFF, deflated": _tiff(compression="tiff_adobe_deflate"),
    "TIFF, LZW": _tiff(compression="tiff_lzw"),
    "WebP": file_of(RGB8, "WEBP"),
    "WebP, lossless": file_of(RGB8, "WEBP", lossless=True),
    "GIF": file_of(RAMP8, "GIF"),
    "JPEG 2000": bytes(imagecodecs.jpeg2k_encode(RAMP8, codecformat="JP2")),
    "BMP": file_of(RAMP8, "BMP"),
    "HEIC": file_of(RAMP8, "HEIF"),
    "AVIF": file_of(RAMP8, "AVIF"),
    "DICOM": dicom_file(dicom_film(RAMP12)),
    "DICOM, run lengths": _run_lengths(),
    **{f"DICOM, {syntax.keyword}": _dicom_of(syntax) for syntax in LOSSLESS},
}


def mutated(kind: str, number: int) -> bytes:
    """The file of this kind with one to eight pieces of damage; the first few hundred bytes, where the headers are, get the
    half of it."""
    random = np.random.default_rng([sorted(WHOLE).index(kind), number])
    content = bytearray(WHOLE[kind])
    for _ in range(random.integers(1, 9)):
        reach = len(content) if random.random() < 0.5 else min(len(content), 400)
        place = int(random.integers(reach))
        length = min(int(random.choice([1, 2, 4, 16, 64])), len(content) - place)
        _DAMAGE[random.integers(len(_DAMAGE))](content, place, length, random)
        if len(content) < 2:
            break
    return bytes(content)


def _flipped(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    content[place] ^= 1 << int(random.integers(8))


def _random(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    content[place : place + length] = random.bytes(length)


def _extreme(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    content[place : place + length] = random.choice([b"\x00", b"\x7f", b"\x80", b"\xff"]) * length


def _removed(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    del content[place : place + length]


def _repeated(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    content[place:place] = content[place : place + length] * int(random.integers(1, 9))


def _cut(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    if random.random() < 0.2:
        del content[max(place, 2) :]


def _from_another(content: bytearray, place: int, length: int, random: np.random.Generator) -> None:
    other = WHOLE[sorted(WHOLE)[random.integers(len(WHOLE))]]
    start = int(random.integers(len(other)))
    content[place : place + length] = other[start : start + length]


_DAMAGE: Final = (_flipped, _random, _extreme, _removed, _repeated, _cut, _from_another)
