"""Films as pictures: PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, and HEIC and AVIF as phones write them."""

from io import BytesIO
from typing import Any, Final

import imagecodecs
import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from core.errors import UnreadableFilm
from core.film.greys import TOO_LARGE, Grey, check_scans, check_size, grey_of_numbers, grey_of_samples
from core.film.stated import ORIENTATIONS, Note, Stated

pillow_heif.register_heif_opener()

#: Pillow's names of the formats that are accepted.
_FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000", "AVIF", "HEIF")
#: Those of them that are JPEG: one with a second picture, as phones write, has another name.
_JPEGS: Final = ("JPEG", "MPO")
#: Tags of a TIFF file (TIFF 6.0, section 8) and of EXIF (Exif 2.32, section 4.6.4).
_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _PLANAR, _SAMPLE_FORMAT = 258, 262, 274, 284, 339
_DOTS_PER_WIDTH, _DOTS_PER_HEIGHT = 282, 283
#: EXIF orientations by which a picture's rows become columns when it is turned upright.
_ON_ITS_SIDE: Final = (5, 6, 7, 8)
#: More pages than any scanner's film has.
_MAX_PAGES: Final = 100

#: The mean spread of red, green and blue, as a share of full scale, from which a picture is in colour, and how many rows and
#: columns are examined.
_COLOURED, _FEW = 0.02, 256

_IN_COLOUR: Final = Note(
    "photograph",
    True,
    "The picture is in colour, as a photograph of a film or of a screen is: a slanted view, glare and blur move the age. "
    "Use the film's own file if you can get it.",
)

_UNKNOWN: Final = (
    "The file is not a PNG, JPEG, TIFF, WebP, BMP, GIF, JPEG 2000, HEIC, AVIF or DICOM picture that can be read, or its"
    " beginning is damaged: export the film again in one of these formats."
)
_HEIC: Final = (
    "The HEIC or AVIF picture can't be read: choose \"Most Compatible\" in the phone's camera settings and take it again,"
    " or share it as a JPEG."
)


def read_picture(content: bytes) -> tuple[Grey, float | None, Stated]:
    """Grey values of a picture file, upright, by the rules of `core.film.radiograph.read_radiograph`.

    Returns HxW float32 in [0, 1]; the ratio of a pixel's height to its width, None where the file does not say; notes on how it
    was read. Raises UnreadableFilm, or an error of Pillow where the data are damaged.
    """
    try:
        opened = Image.open(BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise UnreadableFilm(TOO_LARGE) from error
    except UnidentifiedImageError as error:
        # HEIC and AVIF are ISO base media files, which begin with their brand (ISO/IEC 14496-12, 4.3).
        raise UnreadableFilm(_HEIC if content[4:8] == b"ftyp" else _UNKNOWN) from error
    page, pages = _largest_page(opened)
    check_size(*opened.size)
    if opened.format in _JPEGS:
        check_scans(content, opened.width * opened.height)
    orientation = _orientation(opened)
    ratio = _height_to_width(opened)
    if ratio is not None and orientation in _ON_ITS_SIDE:
        ratio = 1 / ratio
    grey, notes = _greys(opened, content, page, orientation)
    if pages > 1:
        notes = (_of_several(page, pages, grey), *notes)
    return grey, ratio, Stated(notes=notes, orientation=orientation)


def _orientation(opened: Image.Image) -> int:
    """The EXIF orientation; 1 where none, or no valid one, is given."""
    said = opened.getexif().get(_ORIENTATION)
    return next((one for one in ORIENTATIONS if one == said), 1)


def _largest_page(opened: Image.Image) -> tuple[int, int]:
    """Turns to the largest page of a TIFF, or the first picture of any other format, as a viewer shows it. Returns its number,
    counted from 0, and how many there are."""
    pages: int = getattr(opened, "n_frames", 1)
    if not isinstance(opened, TiffImageFile) or pages == 1:
        return 0, pages
    areas = []
    for place in range(min(pages, _MAX_PAGES)):
        opened.seek(place)
        areas.append(opened.size[0] * opened.size[1])
    largest = int(np.argmax(areas))
    opened.seek(largest)
    return largest, pages


def _of_several(page: int, pages: int, grey: Grey) -> Note:
    height, width = grey.shape
    return Note(
        "several_pictures",
        True,
        f"The file holds {pages} pictures; number {page + 1}, of {width} x {height} pixels, was read: check that it is the "
        "film.",
    )


def _height_to_width(opened: Image.Image) -> float | None:
    """The height of a stored pixel divided by its width: from the dots per length along both sides."""
    if isinstance(opened, TiffImageFile):
        density = (opened.tag_v2.get(_DOTS_PER_WIDTH), opened.tag_v2.get(_DOTS_PER_HEIGHT))
    else:
        # PNG's pHYs chunk without a unit; JFIF (ITU-T T.871, 10.1), whose densities are a bare ratio without one; any other.
        density = next(
            (opened.info[key] for key in ("aspect", "jfif_density", "dpi") if key in opened.info), (None, None)
        )
    across, down = density
    if not across or not down:
        return None
    return float(across) / float(down)


def _greys(opened: Image.Image, content: bytes, page: int, orientation: int) -> tuple[Grey, tuple[Note, ...]]:
    # Pillow decodes strictly: it raises where the data end early, and turns a TIFF upright on its own.
    opened.load()
    if opened.mode in ("RGB", "RGBA", "LA") and _bits_per_channel(opened, content) == 16:
        return _grey_of_channels(_upright(_deep_colour(opened, content, page), orientation), 65535)
    tags = opened.tag_v2 if isinstance(opened, TiffImageFile) else {}
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        grey = _deep_grey(upright, unsigned=tags.get(_SAMPLE_FORMAT, (1,))[0] == 1)
        # Pillow itself inverts "white is zero" only for grey values of up to 8 bits.
        return np.float32(1.0) - grey if tags.get(_PHOTOMETRIC) == 0 else grey, ()
    return _grey_of_channels(np.asarray(_in_plain_channels(upright)), 255)


def _grey_of_channels(samples: NDArray[Any], full: int) -> tuple[Grey, tuple[Note, ...]]:
    """As `grey_of_samples`, but what is visible only in the colours, or only in the transparency, is read from there.

    Programs that cut out or layer pictures write films in which every pixel is transparent, or black with the picture in the
    alpha channel.
    """
    shown = grey_of_samples(samples, full)
    if shown.min() < shown.max() or samples.ndim == 2 or samples.shape[2] not in (2, 4):
        return shown, (_IN_COLOUR,) if _is_coloured(samples, full) else ()
    colours = grey_of_samples(samples[..., :-1] if samples.shape[2] == 4 else samples[..., 0], full)
    alpha = grey_of_samples(samples[..., -1], full)
    for name, grey in (("colours, which are stated to be transparent", colours), ("transparency", alpha)):
        if grey.min() < grey.max():
            return grey, (
                Note("transparency", True, f"The picture stands in the file's {name}; it was read from there."),
            )
    return shown, ()


def _is_coloured(samples: NDArray[Any], full: int) -> bool:
    """Whether the picture is visibly in colour, as a photograph is and no radiograph. Every n-th pixel is enough."""
    if samples.ndim == 2 or samples.shape[2] < 3:
        return False
    few = samples[:: max(1, samples.shape[0] // _FEW), :: max(1, samples.shape[1] // _FEW), :3]
    return float((few.max(axis=2) - few.min(axis=2)).mean()) > _COLOURED * full


def _deep_grey(image: Image.Image, unsigned: bool) -> Grey:
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return grey_of_samples(values, 65535)
    # Pillow keeps unsigned 32-bit numbers in signed ones.
    return grey_of_numbers(values.view(np.uint32) if image.mode == "I" and unsigned else values)


def _in_plain_channels(image: Image.Image) -> Image.Image:
    """The picture as 8-bit grey, grey with alpha, RGB or RGBA, whatever its palette or colour space."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _bits_per_channel(image: Image.Image, content: bytes) -> int:
    if isinstance(image, TiffImageFile):
        return int(max(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))))
    # The bit depth is at a fixed place in a PNG file (PNG specification, section 11.2.1); the other formats have 8.
    return content[24] if image.format == "PNG" else 8


def _deep_colour(image: Image.Image, content: bytes, page: int) -> NDArray[Any]:
    """Colour of 16 bits a channel, of which Pillow keeps 8: HxWxC uint16, not yet upright."""
    samples: NDArray[Any]
    if isinstance(image, TiffImageFile):
        samples = imagecodecs.tiff_decode(content, index=page)
        return samples.transpose(1, 2, 0) if image.tag_v2.get(_PLANAR, 1) == 2 else samples
    samples = imagecodecs.png_decode(content)
    return samples


def _upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """HxWxC as a viewer shows it, by the EXIF orientation 1 to 8."""
    if orientation in _ON_ITS_SIDE:
        samples = samples.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples
