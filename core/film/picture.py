"""Films as pictures: PNG, JPEG, TIFF, WebP and BMP."""

from io import BytesIO
from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from core.errors import UnreadableFilm
from core.film.greys import TOO_LARGE, Grey, check_size, grey_of_numbers, grey_of_samples

#: Pillow's names of the formats that are let in.
_FORMATS: Final = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
#: Tags of a TIFF file (TIFF 6.0, section 8) and of EXIF (Exif 2.32, section 4.6.4).
_BITS_PER_SAMPLE, _PHOTOMETRIC, _ORIENTATION, _PLANAR, _SAMPLE_FORMAT = 258, 262, 274, 284, 339

_UNKNOWN: Final = (
    "The file is not a PNG, JPEG, TIFF, WebP, BMP or DICOM picture that can be read, or its beginning is damaged:"
    " export the film again in one of these formats."
)


def read_picture(content: bytes) -> Grey:
    """Greys of a picture file, upright; `core.film.radiograph.read_radiograph` says by what rules.

    Returns HxW float32 in [0, 1]. Raises UnreadableFilm, or an error of Pillow where the data are damaged.
    """
    try:
        opened = Image.open(BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise UnreadableFilm(TOO_LARGE) from error
    except UnidentifiedImageError as error:
        raise UnreadableFilm(_UNKNOWN) from error
    check_size(*opened.size)
    orientation = opened.getexif().get(_ORIENTATION, 1)
    # Pillow decodes strictly: it raises where the data end early, and turns a TIFF upright on its own.
    opened.load()
    if opened.mode in ("RGB", "RGBA", "LA") and _bits_per_channel(opened, content) == 16:
        return grey_of_samples(_upright(_deep_colour(opened, content), orientation), 65535)
    tags = opened.tag_v2 if isinstance(opened, TiffImageFile) else {}
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I;16") or upright.mode in ("I", "F"):
        grey = _deep_grey(upright, unsigned=tags.get(_SAMPLE_FORMAT, (1,))[0] == 1)
        # Pillow turns "white is zero" round by itself in greys of up to 8 bits only.
        return np.float32(1.0) - grey if tags.get(_PHOTOMETRIC) == 0 else grey
    return grey_of_samples(np.asarray(_in_plain_channels(upright)), 255)


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
    # The bit depth stands at a fixed place in a PNG file (PNG specification, section 11.2.1); the other formats have 8.
    return content[24] if image.format == "PNG" else 8


def _deep_colour(image: Image.Image, content: bytes) -> NDArray[Any]:
    """Colour of 16 bits a channel, of which Pillow keeps 8: HxWxC uint16, not yet upright."""
    samples: NDArray[Any]
    if isinstance(image, TiffImageFile):
        samples = imagecodecs.tiff_decode(content)
        return samples.transpose(1, 2, 0) if image.tag_v2.get(_PLANAR, 1) == 2 else samples
    samples = imagecodecs.png_decode(content)
    return samples


def _upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """HxWxC as a viewer shows it, by the EXIF orientation 1 to 8."""
    if orientation in (5, 6, 7, 8):
        samples = samples.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples
