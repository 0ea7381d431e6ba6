"""Films as DICOM objects: the grey values that their header asks for, and what else of the header is kept."""

import zlib
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread, uid
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi, apply_windowing
from pydicom.pixels.utils import pixel_array

from core.errors import UnreadableFilm
from core.film.formats import dicom_compression as compression
from core.film.formats.dicom_header import completed, height_to_width, stated
from core.film.greys import MAX_BYTES, Grey, check_size, grey_of_numbers, grey_of_samples
from core.film.stated import Stated

_DAMAGED: Final = (
    "The picture in the DICOM file is damaged, cut short or compressed in an unusual way:"
    " export it again, if possible without compression."
)
_DEFLATED, _PLAIN = (
    str(syntax).encode() for syntax in (uid.DeflatedExplicitVRLittleEndian, uid.ExplicitVRLittleEndian)
)
#: Size in bytes of the element that gives the length of the meta information (PS3.10, 7.1), and where that begins after the
#: mark.
_GROUP_LENGTH, _META_START = 12, 132


def looks_like_dicom(content: bytes) -> bool:
    """Whether a file is DICOM: by its mark (PS3.10, 7.1), or by the group with which a file without a preamble begins."""
    return content[128:132] == b"DICM" or content[:2] in (b"\x02\x00", b"\x08\x00")


def read_dicom(content: bytes) -> tuple[Grey, float | None, Stated]:
    """Grey values of a DICOM film and what it states, by the rules of `core.film.radiograph.read_radiograph`.

    Returns HxW float32 in [0, 1], bone bright; the ratio of a pixel's height to its width, None where the file does not say;
    what else it states. Raises UnreadableFilm, or an error of pydicom where the file is damaged.
    """
    dataset = dcmread(BytesIO(_inflated(content)), force=True)
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
    compression.check_known(dataset.file_meta.TransferSyntaxUID)
    facts = stated(dataset)
    try:
        notes = completed(dataset)
        pixels = _pixels(dataset)
    except UnreadableFilm:
        raise
    except Exception as error:
        # The decoders raise errors of every kind.
        raise UnreadableFilm(_DAMAGED) from error
    return pixels, height_to_width(dataset), replace(facts, notes=(*facts.notes, *notes))


def dicom_stated(content: bytes) -> Stated:
    """What a DICOM film states, without reading its picture. Raises an error of pydicom where the file is damaged."""
    return stated(dcmread(BytesIO(_inflated(content)), force=True, stop_before_pixels=True))


def _inflated(content: bytes) -> bytes:
    """The file with its data set as it was before it was deflated (PS3.5, A.5), or as it is."""
    stream = BytesIO(content)
    read_preamble(stream, force=True)
    meta = read_dataset(stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag.group != 2)
    if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
        return content
    # The group's own length says where it ends: deflated data may look like one more element of it.
    length = meta.get("FileMetaInformationGroupLength")
    start = _META_START if content[128:132] == b"DICM" else 0
    end = stream.tell() if length is None else start + _GROUP_LENGTH + int(length)
    # pydicom would inflate it in full, however big.
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = inflater.decompress(content[end:], MAX_BYTES)
    if inflater.unconsumed_tail:
        raise UnreadableFilm(
            f"The deflated DICOM file holds more than {MAX_BYTES // 10**6} MB: export the one film on its own."
        )
    return content[:end].replace(_DEFLATED, _PLAIN.ljust(len(_DEFLATED), b"\0")) + inflated


def _pixels(dataset: Dataset) -> Grey:
    stored = _stored_values(dataset)
    if dataset.PhotometricInterpretation in ("MONOCHROME1", "MONOCHROME2"):
        return _presented(stored, dataset)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(stored, _with_little_endian_palette(dataset))
        return grey_of_samples(colours, int(np.iinfo(colours.dtype).max))
    return grey_of_samples(stored, 2 ** int(dataset.BitsStored) - 1)


def _stored_values(dataset: Dataset) -> NDArray[Any]:
    """HxW or HxWx3 whole numbers of 8 or 16 bits, as they were before the compression; colour is RGB."""
    compressed = dataset.file_meta.TransferSyntaxUID in compression.KNOWN
    samples = compression.decompressed(dataset) if compressed else _whole_words(dataset)
    samples = samples.astype(samples.dtype.newbyteorder("="), copy=False)
    if samples.dtype.kind not in "iu" or samples.dtype.itemsize > 2:
        raise ValueError("only whole numbers of 8 and 16 bits are greys")
    return _within_stored_bits(samples, dataset, compressed)


def _whole_words(dataset: Dataset) -> NDArray[Any]:
    """Pixels that are not compressed, as pydicom reads them; its plugins for others would depend on what else is installed."""
    bits, high_bit = dataset.BitsStored, dataset.HighBit
    try:
        # pydicom keeps the lowest bits, wherever the header says that the highest bit is.
        dataset.BitsStored, dataset.HighBit = dataset.BitsAllocated, dataset.BitsAllocated - 1
        return pixel_array(dataset)
    finally:
        dataset.BitsStored, dataset.HighBit = bits, high_bit


def _within_stored_bits(samples: NDArray[Any], dataset: Dataset, compressed: bool) -> NDArray[Any]:
    """Only the samples' stored bits, with the data set's sign (PS3.5, 8.1.1): what lies above and below them in the word, such
    as the marks of an overlay, is not part of the picture. JPEG and JPEG-LS have no sign, and JPEG 2000 may state a wrong one.
    """
    width = 8 * samples.dtype.itemsize
    bits = min(int(dataset.BitsStored), width)
    below = min(max(int(dataset.HighBit) + 1 - bits, 0), width - bits)
    words = samples.view(f"u{samples.dtype.itemsize}")
    # Some coders shift the stored bits down before they compress them.
    if compressed and not (words >> bits).any():
        below = 0
    # Shifted to the word's upper end and back again, the sign spreads by itself.
    signed = dataset.PixelRepresentation == 1
    raised = np.left_shift(words, width - bits - below).view(f"{'i' if signed else 'u'}{samples.dtype.itemsize}")
    stored: NDArray[Any] = np.right_shift(raised, width - bits)
    return stored


def _with_little_endian_palette(dataset: Dataset) -> Dataset:
    """The data set with its palette's 16-bit words as pydicom expects them."""
    _, little_endian = dataset.original_encoding
    for colour in ("Red", "Green", "Blue"):
        keyword = f"{colour}PaletteColorLookupTableData"
        if not little_endian and keyword in dataset:
            dataset[keyword].value = np.frombuffer(dataset[keyword].value, ">u2").astype("<u2").tobytes()
    return dataset


def _presented(stored: NDArray[Any], dataset: Dataset) -> Grey:
    """HxW stored grey values as HxW in [0, 1], bone bright (PS3.3, C.11.1, C.11.2, C.11.6 and C.7.6.3.1.2).

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
    # It may be written as unsigned where the data are signed, or the other way round.
    least, words = int(levels[0]), levels.size
    low, high = sorted((int(value) - least) % words + least for value in (first, first if last is None else last))
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
