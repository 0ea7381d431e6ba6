"""What all kinds of film files share: the limits on the size of a film and its file, and the ways from stored numbers to grey
values."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import UnreadableFilm

Grey = NDArray[np.float32]

MAX_BYTES: Final = 200 * 10**6
MAX_PIXELS: Final = 64 * 10**6
MAX_SIDE: Final = 20_000
MIN_SIDE: Final = 64

TOO_LARGE: Final = (
    f"The film is larger than can be read: save it with at most {MAX_SIDE:,} pixels a side"
    f" and {MAX_PIXELS // 10**6} million pixels in all."
)
#: A progressive JPEG is decoded scan by scan, each over all pixels; cameras and archives write about ten scans, but a small
#: file can hold thousands.
_MOST_SCANNED: Final = 20 * MAX_PIXELS
_START_OF_SCAN: Final = b"\xff\xda"

#: Weights of red, green and blue in the luminance (ITU-R BT.601-7, section 2.5.1).
_LUMINANCE: Final = (0.299, 0.587, 0.114)


def check_size(width: int, height: int) -> None:
    """Raises UnreadableFilm for a picture that is too large to decode or too small to show a hand."""
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UnreadableFilm(TOO_LARGE)
    if min(width, height) < MIN_SIDE:
        raise UnreadableFilm(
            f"The film has fewer than {MIN_SIDE} pixels a side, too few to show a hand: export it in its full size."
        )


def check_scans(jpeg: bytes, pixels: int) -> None:
    """Raises UnreadableFilm for a JPEG with this number of pixels whose scans would take longer to decode than any
    radiograph's."""
    if jpeg.count(_START_OF_SCAN) * pixels > _MOST_SCANNED:
        raise UnreadableFilm(
            "The JPEG is stored in far more scans than a radiograph needs: export the film again as a PNG picture."
        )


def grey_of_samples(samples: NDArray[Any], full: int) -> Grey:
    """Grey values from integers in 0..full.

    samples: HxW greys, or HxWxC with C = 2 (grey, alpha), 3 (RGB) or 4 (RGBA); colour becomes luminance, and what is
    transparent lets black through. Returns HxW float32 in [0, 1].
    """
    scale = np.float32(full)
    if samples.ndim == 2:
        return samples.astype(np.float32) / scale
    channels = samples.shape[2]
    grey: Grey = samples[..., 0].astype(np.float32)
    # A grey film saved as RGB keeps its exact greys.
    if channels >= 3 and not all(np.array_equal(samples[..., 0], samples[..., other]) for other in (1, 2)):
        grey *= np.float32(_LUMINANCE[0])
        for channel in (1, 2):
            grey += samples[..., channel] * np.float32(_LUMINANCE[channel])
    # Rounding of the weights can lead slightly above white.
    grey = np.minimum(grey / scale, np.float32(1.0))
    if channels in (2, 4):
        grey *= samples[..., -1] / scale
    return grey


def grey_of_numbers(numbers: NDArray[Any]) -> Grey:
    """Grey values from numbers whose black and white are not stated: their finite range becomes [0, 1].

    numbers: real numbers of any shape and type. Minus infinity and "not a number" become 0, infinity becomes 1, and
    everything becomes 0 where no two finite numbers differ. Returns float32 of the same shape in [0, 1].
    """
    finite = numbers[np.isfinite(numbers)]
    if finite.size == 0 or finite.min() == finite.max():
        return np.zeros(numbers.shape, np.float32)
    low, high = float(finite.min()), float(finite.max())
    shares = (numbers.astype(np.float64) - low) / (high - low)
    return np.clip(np.nan_to_num(shares, nan=0.0), 0.0, 1.0).astype(np.float32)
