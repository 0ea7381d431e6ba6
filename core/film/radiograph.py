"""The one door through which films come in: any picture or DICOM file becomes grey values with bone bright.

Nothing that names a person passes this door. Of a DICOM object only the grey values, the pixel spacing and the side are
kept; names, dates, identifiers and UIDs stay out of the result, the errors, the warnings and the log.
"""

import hashlib
import logging
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import UnreadableFilm
from core.film.dicom import Side, Spacing, is_spacing, looks_like_dicom, read_dicom
from core.film.greys import Grey
from core.film.picture import read_picture

MAX_BYTES: Final = 200 * 10**6

# Warning filters belong to the whole process, so films are read one at a time; this also bounds the memory in use.
_ONE_FILM_AT_A_TIME = threading.Lock()

# Both libraries quote the values of tags, such as a patient's name, in their log lines.
for _library in ("pydicom", "PIL"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One film as the rest of BoneGrade sees it.

    pixels: float32 HxW in [0, 1]; bone is bright in DICOM films, others may be inverted (see `read_radiograph`).
    spacing_mm: distance in mm between rows and between columns, or None where the file does not state it.
    laterality: the side of the body that the file states, or None.
    sha256: `film_hash` of the pixels as they were read.
    Raises ValueError where a field breaks these rules.
    """

    pixels: Grey = field(repr=False)
    spacing_mm: Spacing | None
    laterality: Side | None
    sha256: str

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or self.pixels.size == 0:
            raise ValueError(f"pixels must be float32 HxW, not {self.pixels.dtype} of shape {self.pixels.shape}")
        # A comparison with NaN is false, so this refuses NaN too.
        if not (self.pixels.min() >= 0.0 and self.pixels.max() <= 1.0):
            raise ValueError("pixels must be finite and in [0, 1]")
        if self.spacing_mm is not None and not is_spacing(self.spacing_mm):
            raise ValueError("spacing_mm must be two positive numbers (row, column) or None")
        if self.laterality not in ("L", "R", None):
            raise ValueError("laterality must be 'L', 'R' or None")
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise ValueError("sha256 must be 64 lower-case hexadecimal digits")

    @property
    def height(self) -> int:
        """Rows of the film."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns of the film."""
        return int(self.pixels.shape[1])

    @cached_property
    def inverted_pixels(self) -> Grey:
        """The pixels with dark and bright swapped, made once."""
        return np.float32(1.0) - self.pixels


def film_hash(pixels: Grey) -> str:
    """SHA-256 in hex of "HEIGHTxWIDTH:" in ASCII and the HxW pixels as little-endian float32, row by row.

    The same greys have the same hash, whatever lossless file they came in.
    """
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode("ascii"))
    digest.update(np.ascontiguousarray(pixels, dtype="<f4").data)
    return digest.hexdigest()


def read_radiograph(source: bytes | Path | str) -> Radiograph:
    """Reads a film from a file's content (bytes) or from its path.

    PNG, JPEG, TIFF, WebP and BMP (1 to 16 bit; grey, palette or colour; with alpha or without) are turned upright by
    their EXIF orientation. Colour becomes luminance, what is transparent black, and greys are divided by the greatest
    value that their type holds; greys of other types (float, signed, 32 bit) are stretched from their least to their
    greatest finite value. Of several pages the first is read. A TIFF that says "white is zero" is turned round as in
    any viewer; otherwise greys are taken as they are: whether the film is inverted is for the localiser to tell.

    DICOM films (plain, JPEG, JPEG Lossless, JPEG-LS, JPEG 2000 or run length) of one frame and up to 16 bits are
    presented as their header asks, so that bone is bright: modality table or rescale, then VOI table or the first
    window, then MONOCHROME1 or the presentation shape INVERSE turned round. Black and white are the two ends of the
    window; with none, or one that shows nothing, they are the least and the greatest value outside the padding.
    Padding is black. The spacing is PixelSpacing, else ImagerPixelSpacing; the side is ImageLaterality, else
    Laterality, where it says L or R.

    Raises UnreadableFilm with one sentence that quotes nothing of the file, not even its name.
    """
    content = _content(source)
    try:
        with _ONE_FILM_AT_A_TIME, warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _read(content)
    except UnreadableFilm as refusal:
        problem = str(refusal)
    except Exception:
        # Damaged files make the decoders raise errors of every kind.
        problem = "The file is damaged or cut short: copy or export the film again."
    # Raised out here, since an error raised above would carry its cause along, and with it the header's content.
    raise UnreadableFilm(problem)


def _content(source: bytes | Path | str) -> bytes:
    """The bytes of the file; refuses what is no file, is empty or is too big."""
    content: bytes | None = None
    size = 0
    if isinstance(source, bytes):
        content, size = source, len(source)
    else:
        # Errors of the file system quote the path, which can name the patient: they end here.
        with suppress(OSError, ValueError):
            path = Path(source)
            if path.is_file():
                size = path.stat().st_size
                content = path.read_bytes() if size <= MAX_BYTES else b""
    if content is None:
        raise UnreadableFilm("There is no file that can be read at the given place: choose the film's file again.")
    if size > MAX_BYTES:
        raise UnreadableFilm(f"The file is bigger than {MAX_BYTES // 10**6} MB: export the one film on its own.")
    if not content:
        raise UnreadableFilm("The file is empty: copy or export the film again.")
    return content


def _read(content: bytes) -> Radiograph:
    spacing: Spacing | None = None
    side: Side | None = None
    if looks_like_dicom(content):
        pixels, spacing, side = read_dicom(content)
    else:
        pixels = read_picture(content)
    if pixels.min() == pixels.max():
        raise UnreadableFilm("There is nothing on the film, every pixel is the same: check that it was exported whole.")
    pixels = np.ascontiguousarray(pixels)
    return Radiograph(pixels, spacing, side, film_hash(pixels))
