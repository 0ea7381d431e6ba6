"""The compressed pictures inside DICOM objects: JPEG (baseline, extended, lossless), JPEG-LS and JPEG 2000."""

import struct
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, uid
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import convert_color_space

_JPEG: Final = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
_JPEG_LS: Final = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)
_JPEG_2000: Final = (uid.JPEG2000Lossless, uid.JPEG2000)

#: The transfer syntaxes that `decompressed` knows (PS3.5, A.4).
KNOWN: Final = (*_JPEG, *_JPEG_LS, *_JPEG_2000)

#: Second bytes of the markers that begin a frame: SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and
#: SOF55 of JPEG-LS (ITU-T T.87, C.1.1).
_START_OF_FRAME: Final = ({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}) | {0xF7}


def decompressed(dataset: Dataset) -> NDArray[Any]:
    """The first picture of a data set in one of the KNOWN transfer syntaxes.

    Returns HxW, or HxWx3 RGB, of whole numbers as they were stored before the compression: signed if the data set says
    so. Raises ValueError or an error of the decoder where the picture is damaged, cut short or not as the header says.
    """
    stream = next(generate_frames(dataset.PixelData, number_of_frames=1))
    # Each of these formats ends with the marker FF D9; libjpeg fills up with grey what comes after an early end.
    if not stream.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        raise ValueError("the compressed picture is cut short")
    # Checked before decoding, since the decoder reserves memory for whatever size the picture claims.
    if _claimed_shape(stream) != (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel):
        raise ValueError("the compressed picture has another size than the header says")
    samples = _decoded(stream, dataset)
    return _with_sign(samples, int(dataset.BitsStored), signed=dataset.PixelRepresentation == 1)


def _decoded(stream: bytes, dataset: Dataset) -> NDArray[Any]:
    syntax, photometric = dataset.file_meta.TransferSyntaxUID, str(dataset.PhotometricInterpretation)
    samples: NDArray[Any]
    if syntax in _JPEG:
        # Files often say RGB of what their JPEG says is YCbCr; the JPEG knows better, if it says anything.
        silent = not any(mark in stream[:1024] for mark in (b"JFIF\0", b"Adobe"))
        samples = imagecodecs.jpeg8_decode(stream, colorspace="RGB" if photometric == "RGB" and silent else None)
        return samples
    samples = imagecodecs.jpegls_decode(stream) if syntax in _JPEG_LS else imagecodecs.jpeg2k_decode(stream)
    if photometric.startswith("YBR_FULL"):
        # These two do not know of YCbCr; JPEG 2000 undoes only its own YBR_ICT and YBR_RCT.
        samples = convert_color_space(samples, "YBR_FULL", "RGB")
    return samples


def _claimed_shape(stream: bytes) -> tuple[int, int, int]:
    """Rows, columns and samples of a pixel by the compressed picture's own header."""
    # Start of a JPEG 2000 code stream and its SIZ segment (ISO/IEC 15444-1, A.5.1), which may stand in a JP2 box.
    siz = stream.find(b"\xff\x4f\xff\x51")
    if siz >= 0 and not stream.startswith(b"\xff\xd8"):
        right, lower, left, upper, samples = struct.unpack_from(">IIII16xH", stream, siz + 8)
        return lower - upper, right - left, samples
    place = 2
    while stream[place] == 0xFF:
        marker, length = stream[place + 1], int.from_bytes(stream[place + 2 : place + 4], "big")
        if marker in _START_OF_FRAME:
            rows, columns, samples = struct.unpack_from(">HHB", stream, place + 5)
            return rows, columns, samples
        # Any number of FF may stand before a marker.
        place += 1 if marker == 0xFF else 2 + length
    raise ValueError("the compressed picture has no header")


def _with_sign(samples: NDArray[Any], bits: int, signed: bool) -> NDArray[Any]:
    """JPEG and JPEG-LS know no sign and JPEG 2000 may state the wrong one: gives the numbers that of the data set."""
    if signed == (samples.dtype.kind == "i"):
        return samples
    size = samples.dtype.itemsize
    if not signed:
        # Only the stored bits count: those above them repeat the sign.
        unsigned: NDArray[Any] = np.bitwise_and(samples.view(f"u{size}"), 2 ** min(bits, 8 * size) - 1)
        return unsigned
    spare = max(8 * size - bits, 0)
    extended: NDArray[Any] = np.right_shift(np.left_shift(samples, spare).view(f"i{size}"), spare)
    return extended
