"""The one door through which films come in: any picture or DICOM file becomes grey values with bone bright.

Nothing that names a person passes this door. Only the grey values of a DICOM object and what `core.film.stated.Stated` has room
for are kept; names, dates, identifiers and UIDs stay out of the result, the errors, the warnings and the log.
"""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from core.bones import Sex
from core.errors import UnreadableFilm
from core.film.decoding.sandbox import Sandbox
from core.film.greys import MAX_BYTES, Grey
from core.film.stated import Note, Side, Spacing, Stated

_SANDBOX: Final = Sandbox()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SANDBOX.forget)


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One film as the rest of BoneGrade sees it.

    pixels: float32 HxW in [0, 1]; bone is bright in DICOM films, others may be inverted (see `read_radiograph`).
    spacing_mm: distance in mm between rows and between columns, or None where the file does not state it.
    laterality: the side of the body that the file states, or None.
    sha256: `film_hash` of the pixels as they were read.
    stated_sex: the patient's, by the file. age_months: of the patient when the film was taken, by the file. None where it does
    not say. notes: what a reader should know about the file. orientation: the EXIF one by which a picture was turned. Raises
    ValueError where a field breaks these rules; AgeRefused, which is one, for the age.
    """

    pixels: Grey = field(repr=False)
    spacing_mm: Spacing | None
    laterality: Side | None
    sha256: str
    stated_sex: Sex | None = None
    age_months: float | None = None
    notes: tuple[Note, ...] = ()
    orientation: int = 1

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or self.pixels.size == 0:
            raise ValueError(f"pixels must be float32 HxW, not {self.pixels.dtype} of shape {self.pixels.shape}")
        # A comparison with NaN is false, so this refuses NaN too.
        if not (self.pixels.min() >= 0.0 and self.pixels.max() <= 1.0):
            raise ValueError("pixels must be finite and in [0, 1]")
        # refuses values that no file may state
        Stated(self.spacing_mm, self.laterality, self.stated_sex, self.age_months, orientation=self.orientation)
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

    The same grey values have the same hash, whatever lossless file they came in.
    """
    digest = hashlib.sha256(f"{pixels.shape[0]}x{pixels.shape[1]}:".encode("ascii"))
    digest.update(np.ascontiguousarray(pixels, dtype="<f4").data)
    return digest.hexdigest()


def read_radiograph(source: bytes | Path | str) -> Radiograph:
    """Reads a film from a file's content (bytes) or from its path.

    PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, HEIC and AVIF (1 to 16 bit; grey, palette or colour; with alpha or without)
    are turned upright by their EXIF orientation. Colour becomes luminance, transparency black (unless the whole picture is in
    the transparency, or behind it), and grey values are divided by the greatest value that their type holds; those of other
    types (float, signed, 32 bit) are stretched from their least to their greatest finite value. Of a TIFF's pages the largest
    is read, of other files the first picture. A TIFF that says "white is zero" is inverted as in any viewer; otherwise grey
    values are taken as they are: whether the film is inverted is for the localiser to decide.

    DICOM films (plain, deflated, JPEG, JPEG Lossless, JPEG-LS, JPEG 2000, HTJ2K or run length) of one frame and up to 16
    bits are presented as their header asks, so that bone is bright: modality table or rescale, then VOI table or the first
    window, then MONOCHROME1 or the presentation shape INVERSE inverted. Black and white are the two ends of the window; with
    none, or one that shows nothing, they are the least and the greatest value outside the padding. Padding is black, and bits
    outside the stored ones don't count. What the header does not say about how grey values are stored is guessed, and reported.
    The spacing is PixelSpacing or NominalScannedPixelSpacing, else ImagerPixelSpacing divided by the magnification that the
    header states; the side is ImageLaterality, else Laterality, where it says L or R; the sex is PatientSex, where it says M or
    F; the age is PatientAge, or comes from the dates of birth and of the film.

    Where a file states that its pixels are not square (spacing, PixelAspectRatio, pHYs, resolutions, JFIF density), the film
    is resampled to square ones, and a note says so.

    Files are decoded in a separate process, with limits on memory and time. Raises UnreadableFilm with one sentence that quotes
    nothing of the file, not even its name.
    """
    content = _content(source)
    try:
        return _radiograph(*_SANDBOX.decode(content))
    except UnreadableFilm as refusal:
        problem = str(refusal)
    # Raised out here, so that its traceback keeps no frame that holds the content.
    raise UnreadableFilm(problem)


def stated_by(source: bytes | Path | str) -> Stated:
    """What a film's file states apart from its pixels, which are not decoded; nothing where it cannot be read, which
    `read_radiograph` reports. Raises UnreadableFilm where there is no file, or not one that may be read."""
    return _SANDBOX.stated_in(_content(source))


def _radiograph(pixels: Grey, stated: Stated) -> Radiograph:
    return Radiograph(
        pixels,
        stated.spacing_mm,
        stated.laterality,
        film_hash(pixels),
        stated.sex,
        stated.age_months,
        stated.notes,
        stated.orientation,
    )


def _content(source: bytes | Path | str) -> bytes:
    """The bytes of the file; refuses anything that is not a file, is empty or is too big."""
    content: bytes | None = None
    size = 0
    if isinstance(source, bytes):
        content, size = source, len(source)
    else:
        # Errors of the file system quote the path, which can name the patient: they stop here.
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
