"""From a file's bytes to grey values and what the file states; meant to run in a process of its own, see
core.film.decoding.sandboxed."""

import logging
import warnings
from dataclasses import replace

import numpy as np

from core.errors import UnreadableFilm
from core.film.decoding.square import squared
from core.film.formats.dicom import dicom_stated, looks_like_dicom, read_dicom
from core.film.formats.picture import read_picture
from core.film.greys import Grey
from core.film.stated import NOTHING, Stated

# Both libraries quote the values of tags, such as a patient's name, in their log lines.
for _library in ("pydicom", "PIL"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)


def decode(content: bytes) -> tuple[Grey, Stated]:
    """HxW contiguous float32 in [0, 1] with square pixels, and what the file states; by the rules of `read_radiograph`.

    Raises UnreadableFilm, which quotes nothing of the file.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return _decoded(content)
    except UnreadableFilm:
        raise
    except Exception as error:
        # Damaged files make the decoders raise errors of every kind.
        raise UnreadableFilm("The file is damaged or cut short: copy or export the film again.") from error


def stated_in(content: bytes) -> Stated:
    """What the file states, without its grey values; NOTHING for a file that cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dicom_stated(content) if looks_like_dicom(content) else NOTHING
    except Exception:
        # What is wrong with it shows when it is read in full.
        return NOTHING


def _decoded(content: bytes) -> tuple[Grey, Stated]:
    stored, height_to_width, stated = read_dicom(content) if looks_like_dicom(content) else read_picture(content)
    if stored.min() == stored.max():
        raise UnreadableFilm("The film is blank, as every pixel is the same: check that it was exported whole.")
    pixels, note = squared(stored, height_to_width)
    if note is not None:
        steps = stated.spacing_mm
        if steps is not None:
            row, column = (
                step * before / after for step, before, after in zip(steps, stored.shape, pixels.shape, strict=True)
            )
            steps = row, column
        stated = replace(stated, spacing_mm=steps, notes=(note, *stated.notes))
    return np.ascontiguousarray(pixels), stated
