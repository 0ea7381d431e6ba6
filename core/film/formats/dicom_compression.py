"""The compressed pictures inside DICOM objects: JPEG (baseline, extended, lossless), JPEG-LS, JPEG 2000 (including high
throughput) and run length."""

import re
import struct
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import convert_color_space

from core.errors import UnreadableFilm
from core.film.greys import check_scans

_JPEG: Final = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
_JPEG_LS: Final = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)
_JPEG_2000: Final = (
    uid.JPEG2000Lossless,
    uid.JPEG2000,
    uid.HTJ2KLossless,
    uid.HTJ2KLosslessRPCL,
    uid.HTJ2K,
)

#: The transfer syntaxes that `decompressed` knows (PS3.5, A.4).
KNOWN: Final = (*_JPEG, *_JPEG_LS, *_JPEG_2000, uid.RLELossless)
#: Transfer syntaxes without compression.
_PLAIN: Final = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)

#: Second bytes of the markers that begin a frame: SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and
#: SOF55 of JPEG-LS (ITU-T T.87, C.1.1).
_START_OF_FRAME: Final = ({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}) | {0xF7}
#: Markers without a length and a segment: TEM and RST0 to RST7.
_BARE: Final = {0x01, *range(0xD0, 0xD8)}
#: Start of a JPEG 2000 code stream, with the SIZ segment that must follow at once (ISO/IEC 15444-1, A.4.1).
_CODE_STREAM: Final = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE: Final = b"\0\0\0\x0cjP  "


def check_known(syntax: uid.UID) -> None:
    """Raises UnreadableFilm, naming the compression, where nothing here reads it."""
    if syntax in _PLAIN or syntax in KNOWN:
        return
    # Only a number is quoted: the element may contain anything.
    number = f" ({syntax})" if re.fullmatch(r"[0-9.]{1,64}", syntax) else ""
    kind = syntax.name if syntax.name != syntax else f"a private or unknown method{number}"
    raise UnreadableFilm(
        f"The DICOM file is compressed by {kind}, which is not read here:"
        " export it again without compression, or as JPEG 2000 or PNG."
    )


def decompressed(dataset: Dataset) -> NDArray[Any]:
    """The first picture of a data set in one of the KNOWN transfer syntaxes.

    Returns HxW, or HxWx3 RGB, of the integers that were compressed. Raises ValueError or an error of the decoder where the
    picture is damaged, cut short or not as the header says, and UnreadableFilm as core.film.greys.check_scans does.
    """
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    if dataset.file_meta.TransferSyntaxUID == uid.RLELossless:
        return _run_lengths(stream, dataset)
    # Each of these formats ends with the marker FF D9; libjpeg fills with grey whatever follows an early end.
    if not stream.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        raise ValueError("the compressed picture is cut short")
    if dataset.file_meta.TransferSyntaxUID in _JPEG_2000:
        # Without the boxes around it, of which decoders read more than could be checked here.
        stream = _code_stream(stream)
    shape = (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
    # Checked before decoding, since the decoder reserves memory for whatever size the picture claims.
    if _claimed_shape(stream) != shape:
        raise ValueError("the compressed picture has another size than the header says")
    if dataset.file_meta.TransferSyntaxUID in _JPEG:
        check_scans(stream, dataset.Rows * dataset.Columns)
    samples = _decoded(stream, dataset)
    if samples.shape != shape[: samples.ndim]:
        raise ValueError("the compressed picture has another size than it says")
    return samples


def _run_lengths(stream: bytes, dataset: Dataset) -> NDArray[Any]:
    rows, columns, samples = int(dataset.Rows), int(dataset.Columns), int(dataset.SamplesPerPixel)
    kind = np.dtype(f"<u{int(dataset.BitsAllocated) // 8}")
    # Never more than the picture needs, however long the runs claim to be.
    decoded = imagecodecs.dicomrle_decode(stream, kind, out=rows * columns * samples * kind.itemsize)
    planes = np.frombuffer(decoded, kind).reshape(samples, rows, columns)
    if samples == 1:
        grey: NDArray[Any] = planes[0]
        return grey
    colours: NDArray[Any] = np.ascontiguousarray(planes.transpose(1, 2, 0))
    if str(dataset.PhotometricInterpretation).startswith("YBR_FULL"):
        colours = convert_color_space(colours, "YBR_FULL", "RGB")
    return colours


def _decoded(stream: bytes, dataset: Dataset) -> NDArray[Any]:
    syntax, photometric = dataset.file_meta.TransferSyntaxUID, str(dataset.PhotometricInterpretation)
    samples: NDArray[Any]
    if syntax in _JPEG:
        # Files often say RGB where their JPEG says YCbCr; the JPEG is right, if it says anything.
        silent = not any(mark in stream[:1024] for mark in (b"JFIF\0", b"Adobe"))
        samples = imagecodecs.jpeg8_decode(stream, colorspace="RGB" if photometric == "RGB" and silent else None)
        return samples
    samples = imagecodecs.jpegls_decode(stream) if syntax in _JPEG_LS else imagecodecs.jpeg2k_decode(stream)
    if photometric.startswith("YBR_FULL"):
        # These two do not handle YCbCr; JPEG 2000 undoes only its own YBR_ICT and YBR_RCT.
        samples = convert_color_space(samples, "YBR_FULL", "RGB")
    return samples


def _code_stream(stream: bytes) -> bytes:
    """The JPEG 2000 code stream itself, out of the JP2 boxes that may surround it (ISO/IEC 15444-1, I.4)."""
    place = 0
    if stream.startswith(_JP2_SIGNATURE):
        kind, length = b"", 0
        while kind != b"jp2c":
            place += length
            length, kind = struct.unpack_from(">I4s", stream, place)
            if length < 8 and kind != b"jp2c":
                raise ValueError("a box has no length")
        place += 16 if length == 1 else 8
    if not stream.startswith(_CODE_STREAM, place):
        raise ValueError("the compressed picture has no code stream")
    return stream[place:]


def _claimed_shape(stream: bytes) -> tuple[int, int, int]:
    """Rows, columns and samples per pixel from the compressed picture's own header, read just as its decoder does."""
    if stream.startswith(_CODE_STREAM):
        # The SIZ segment (ISO/IEC 15444-1, A.5.1).
        right, lower, left, upper, samples = struct.unpack_from(">IIII16xH", stream, 8)
        return lower - upper, right - left, samples
    place = 2
    while stream.startswith(b"\xff", place):
        marker, length = stream[place + 1], int.from_bytes(stream[place + 2 : place + 4], "big")
        if marker in _START_OF_FRAME:
            rows, columns, samples = struct.unpack_from(">HHB", stream, place + 5)
            return rows, columns, samples
        # Any number of FF may stand before a marker; no marker is 00.
        if marker == 0xFF:
            place += 1
        elif marker in _BARE:
            place += 2
        elif marker == 0 or length < 2:
            break
        else:
            place += 2 + length
    raise ValueError("the compressed picture has no header")
