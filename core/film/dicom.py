"""Films as DICOM objects; of their header only what the greys need, the pixel spacing and the side are read out."""

import math
from contextlib import suppress
from io import BytesIO
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, uid
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing
from pydicom.pixels.utils import pixel_array

from core.errors import UnreadableFilm
from core.film import dicom_compression as compression
from core.film.greys import Grey, check_size, grey_of_numbers, grey_of_samples

Spacing = tuple[float, float]
Side = Literal["L", "R"]

_DAMAGED: Final = (
    "The picture in the DICOM file is damaged, cut short or compressed in an unusual way:"
    " export it again, if possible without compression."
)


def looks_like_dicom(content: bytes) -> bool:
    """Whether a file is DICOM: by its mark (PS3.10, 7.1), or by the group with which one without a preamble begins."""
    return content[128:132] == b"DICM" or content[:2] in (b"\x02\x00", b"\x08\x00")


def read_dicom(content: bytes) -> tuple[Grey, Spacing | None, Side | None]:
    """Greys, pixel spacing and side of a DICOM film; `core.film.radiograph.read_radiograph` says by what rules.

    Returns HxW float32 in [0, 1], bone bright; (row, column) spacing in mm; side. Raises UnreadableFilm, or an error of
    pydicom where the file is damaged.
    """
    if _transfer_syntax(content) == uid.DeflatedExplicitVRLittleEndian:
        # pydicom would unpack it in full, however big, before anything in it could be looked at.
        raise UnreadableFilm("The DICOM file is deflated as a whole: export it again without this compression.")
    dataset = dcmread(BytesIO(content), force=True)
    if not all(keyword in dataset for keyword in ("PixelData", "Rows", "Columns")):
        raise UnreadableFilm(
            "There is no picture in the DICOM file: choose the radiograph's own file, not a report or a directory."
        )
    check_size(dataset.Columns, dataset.Rows)
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise UnreadableFilm("The DICOM file holds several pictures: export the one film on its own.")
    if not dataset.get("PhotometricInterpretation"):
        raise UnreadableFilm(
            "The DICOM file does not say whether its bone is bright or dark (photometric interpretation):"
            " export the film again, or as a PNG picture."
        )
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit
    try:
        pixels = _pixels(dataset)
    except Exception as error:
        # The decoders raise errors of every kind.
        raise UnreadableFilm(_DAMAGED) from error
    return pixels, _spacing(dataset), _side(dataset)


def is_spacing(steps: tuple[float, ...]) -> bool:
    """Whether the numbers are distances in mm between rows and between columns."""
    return len(steps) == 2 and all(math.isfinite(step) and step > 0 for step in steps)


def _transfer_syntax(content: bytes) -> str | None:
    """How the data set after the file's meta information is encoded, read without reading the data set."""
    stream = BytesIO(content)
    read_preamble(stream, force=True)
    meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag.group != 2)
    syntax: str | None = meta.get("TransferSyntaxUID")
    return syntax


def _pixels(dataset: Dataset) -> Grey:
    stored = _stored_values(dataset)
    if dataset.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2"):
        return _presented(stored, dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(stored, dataset)
        return grey_of_samples(colours, int(np.iinfo(colours.dtype).max))
    return grey_of_samples(stored, 2 ** int(dataset.BitsStored) - 1)


def _stored_values(dataset: Dataset) -> NDArray[Any]:
    """HxW or HxWx3 whole numbers of 8 or 16 bits, as they were before the compression; colour is RGB."""
    known = dataset.file_meta.TransferSyntaxUID in compression.KNOWN
    # pydicom itself reads what is not compressed, or by run length; its plugins would depend on what else is installed.
    stored = compression.decompressed(dataset) if known else pixel_array(dataset)
    if stored.dtype.kind not in "iu" or stored.dtype.itemsize > 2:
        raise ValueError("only whole numbers of 8 and 16 bits are greys")
    return stored


def _presented(stored: NDArray[Any], dataset: Dataset) -> Grey:
    """HxW stored greys as HxW in [0, 1], bone bright (PS3.3, C.11.1, C.11.2, C.11.6 and C.7.6.3.1.2).

    Each step works on the table of all values that can be stored; the pixels are looked up in it at the end.
    """
    limits = np.iinfo(stored.dtype)
    levels = np.arange(limits.min, limits.max + 1, dtype=np.int32)
    index = stored.astype(np.int32) - np.int32(limits.min)
    padding = _padding(levels, dataset)
    present = np.zeros(levels.shape, np.bool_)
    present[index] = True
    present &= ~padding
    _widen_tables(dataset)
    values = apply_modality_lut(levels, dataset).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("the rescale is not a number")
    shown = grey_of_numbers(np.where(present, values, np.nan))
    for way in (_through_voi_table, _through_window):
        # A table or window that is missing, not valid or shows nothing is left out.
        with suppress(Exception):
            candidate = way(values, present, dataset)
            if np.isfinite(candidate).all() and np.unique(candidate[present]).size > 1:
                shown = candidate
                break
    if dataset.PhotometricInterpretation == "MONOCHROME1" or dataset.get("PresentationLUTShape") == "INVERSE":
        shown = np.float32(1.0) - shown
    shown[padding] = 0.0
    pixels: Grey = shown[index]
    return pixels


def _padding(levels: NDArray[np.int32], dataset: Dataset) -> NDArray[np.bool_]:
    """Which of the values that can be stored stand for "no picture here"."""
    first = dataset.get("PixelPaddingValue")
    if first is None:
        return np.zeros(levels.shape, np.bool_)
    last = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((first, first if last is None else last))
    inside: NDArray[np.bool_] = np.logical_and(levels >= low, levels <= high)
    return inside


def _widen_tables(dataset: Dataset) -> None:
    """States 16 bits for the entries of every table: pydicom indexes a table with numbers no wider than its entries."""
    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        for table in dataset.get(keyword) or ():
            if "LUTDescriptor" in table:
                table.LUTDescriptor = [table.LUTDescriptor[0], table.LUTDescriptor[1], 16]


def _through_voi_table(values: NDArray[np.float64], present: NDArray[np.bool_], dataset: Dataset) -> Grey:
    entries, first, _ = dataset.VOILUTSequence[0].LUTDescriptor
    inside = np.clip(np.round(values), first, first + (entries or 2**16) - 1)
    return grey_of_numbers(np.where(present, apply_voi(inside, dataset), np.nan))


def _through_window(values: NDArray[np.float64], present: NDArray[np.bool_], dataset: Dataset) -> Grey:
    # What lies below and above any window shows which values pydicom gives to its two ends.
    low, high = apply_windowing(np.array([-np.inf, np.inf]), dataset)
    shown: Grey = np.clip((apply_windowing(values, dataset) - low) / (high - low), 0.0, 1.0).astype(np.float32)
    return shown


def _spacing(dataset: Dataset) -> Spacing | None:
    for keyword in ("PixelSpacing", "ImagerPixelSpacing"):
        with suppress(TypeError, ValueError):
            steps = tuple(float(step) for step in dataset.get(keyword) or ())
            if is_spacing(steps):
                return steps[0], steps[1]
    return None


def _side(dataset: Dataset) -> Side | None:
    sides: dict[str, Side] = {"L": "L", "R": "R"}
    stated = (str(dataset.get(keyword)) for keyword in ("ImageLaterality", "Laterality"))
    return next((sides[side] for side in stated if side in sides), None)
