"""Synthetic films in memory: ramps of greys as picture files, and as DICOM files full of made-up identities."""

import functools
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, uid
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate

from core.errors import UnreadableFilm
from core.film.radiograph import read_radiograph

pillow_heif.register_heif_opener()  # writes HEIC as well

#: What stands in every identifying field of `identified_film`, and must be found nowhere afterwards.
SECRETS = ("Zwiebelfisch", "19870623", "173059", "1.2.826.0.1.3680043.8.498.77", "Rumpelstiltskin-Hospital")

#: The compressions that keep every grey, each with its encoder.
LOSSLESS: dict[uid.UID, Callable[[NDArray[Any]], bytes | bytearray]] = {
    uid.JPEGLosslessSV1: lambda stored: lossless_jpeg(stored, predictor=1),
    uid.JPEGLossless: lambda stored: lossless_jpeg(stored, predictor=6),
    uid.JPEGLSLossless: lambda stored: imagecodecs.jpegls_encode(stored),
    uid.JPEG2000Lossless: lambda stored: imagecodecs.jpeg2k_encode(stored, codecformat="J2K", reversible=True),
}


def ramp(bits: int, height: int = 96, width: int = 80) -> NDArray[np.uint16]:
    """HxW uint16 that rises from 0 at the top left to 2^bits - 1 at the bottom right; no symmetry."""
    rise = np.arange(height)[:, None] / (height - 1) * 0.75 + np.arange(width)[None, :] / (width - 1) * 0.25
    greys: NDArray[np.uint16] = np.round(rise * (2**bits - 1)).astype(np.uint16)
    return greys


#: Ramps and the greys that they show; three unlike channels and their luminance (ITU-R BT.601); alpha from full to 0.
RAMP8, RAMP12, RAMP16 = ramp(8).astype(np.uint8), ramp(12), ramp(16)
GREY8, GREY12, GREY16 = RAMP8 / 255, RAMP12 / 4095, RAMP16 / 65535
RGB8, RGB16 = np.dstack([RAMP8, RAMP8 // 2, 255 - RAMP8]), np.dstack([RAMP16, RAMP16 // 2, 65535 - RAMP16])
LUMINANCE8, LUMINANCE16 = (rgb @ np.array([0.299, 0.587, 0.114]) / rgb.max() for rgb in (RGB8, RGB16))
ALPHA8, ALPHA16 = RAMP8[::-1], RAMP16[::-1]

#: The greatest difference between greys that are the same but for rounding.
EXACT = 1e-6


def refusal(source: bytes | Path | str) -> str:
    """The sentence with which the film is refused."""
    with pytest.raises(UnreadableFilm) as caught:
        read_radiograph(source)
    assert caught.value.reason == "unreadable"
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message and len(message) > 20
    return message


def secrets_in(text: str | bytes) -> list[str]:
    """Which of the SECRETS the text or the bytes hold."""
    return [secret for secret in SECRETS if secret in (text if isinstance(text, str) else text.decode("latin-1"))]


def file_of(picture: Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
    """The content of the picture, or of HxW or HxWxC samples, saved in one of Pillow's formats."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(
    samples: NDArray[Any], bits: int, colour_type: int, size: tuple[int, int] | None = None, chunks: bytes = b""
) -> bytes:
    """A PNG file of HxW or HxWxC samples; `size` (height, width) overrides what its header claims."""
    height, width = size or samples.shape[:2]
    rows = samples.astype(">u2" if bits == 16 else "u1")
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = png_chunk(b"IHDR", header) + chunks + png_chunk(b"IDAT", zlib.compress(lines)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiff_with_tag(tiff: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF file whose directory is moved to the end and says `value` (16 bit) for the tag."""
    (start,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, start)
    entries = [tiff[start + 2 + 12 * place : start + 14 + 12 * place] for place in range(count)]
    numbers = {struct.unpack_from("<H", entry)[0]: entry for entry in entries}
    numbers[tag] = struct.pack("<HHIHH", tag, 3, 1, value, 0)
    directory = b"".join(numbers[number] for number in sorted(numbers))
    return tiff[:4] + struct.pack("<I", len(tiff)) + tiff[8:] + struct.pack("<H", len(numbers)) + directory + bytes(4)


def dicom_film(stored: NDArray[Any], stored_bits: int = 12, photometric: str = "MONOCHROME2", **tags: Any) -> Dataset:
    """An uncompressed film of HxW or HxWx3 whole numbers; signed if the array's type is. `tags` by DICOM keyword."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    film.SOPClassUID = uid.DigitalXRayImageStorageForPresentation
    film.SOPInstanceUID = uid.UID(SECRETS[3])
    film.Rows, film.Columns = stored.shape[:2]
    film.SamplesPerPixel = 1 if stored.ndim == 2 else 3
    if stored.ndim == 3:
        film.PlanarConfiguration = 0
    film.PhotometricInterpretation = photometric
    film.BitsAllocated = 8 * stored.dtype.itemsize
    film.BitsStored = stored_bits
    film.HighBit = stored_bits - 1
    film.PixelRepresentation = int(stored.dtype.kind == "i")
    film.PixelData = stored.tobytes()
    for keyword, value in tags.items():
        setattr(film, keyword, value)
    return film


def identified_film(stored: NDArray[Any], **tags: Any) -> Dataset:
    """A DICOM film with a made-up person in every name, date, time, text and identifier of eight groups."""
    film = dicom_film(stored, **tags)
    values = dict.fromkeys(("PN", "LO", "SH", "LT", "ST", "UT"), SECRETS[0])
    values |= {"DA": SECRETS[1], "TM": SECRETS[2], "DT": SECRETS[1] + SECRETS[2], "UI": SECRETS[3], "AS": "007Y"}
    for keyword in identifying_keywords():
        if keyword not in film and (vr := dictionary_VR(keyword)) in values:
            setattr(film, keyword, values[vr])
    film.InstitutionName = SECRETS[4]
    film.file_meta.MediaStorageSOPInstanceUID = uid.UID(SECRETS[3])
    private = film.private_block(0x0099, SECRETS[0], create=True)
    private.add_new(1, "LO", SECRETS[0])
    return film


@functools.cache
def identifying_keywords() -> tuple[str, ...]:
    """The dictionary's elements of the groups in which patients, studies, acquisitions and requests are described."""
    groups = (0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040, 0x4008)
    tags = (group << 16 | element for group in groups for element in range(0x10, 0x2200))
    return tuple(filter(None, map(keyword_for_tag, tags)))


def dicom_file(film: Dataset, preamble: bool = True) -> bytes:
    """The content of a DICOM file; without the preamble there is no meta information either."""
    stream = BytesIO()
    if preamble:
        film.save_as(stream, enforce_file_format=True)
    else:
        del film.file_meta
        film.save_as(stream, implicit_vr=True, little_endian=True)
    return stream.getvalue()


def lossless_jpeg(stored: NDArray[Any], predictor: int) -> bytes | bytearray:
    bits = 8 * stored.dtype.itemsize
    return imagecodecs.jpeg8_encode(stored, lossless=True, predictor=predictor, bitspersample=bits)


def compressed(film: Dataset, syntax: str, picture: bytes | bytearray) -> Dataset:
    """The film with its pixels replaced by a picture that was compressed as the transfer syntax says."""
    film.file_meta.TransferSyntaxUID = uid.UID(syntax)
    film.PixelData = encapsulate([bytes(picture)])
    film["PixelData"].VR = "OB"
    return film
