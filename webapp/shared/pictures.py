"""Turns pixels and maps into pictures for a page: JPEG films, colour-mapped overlays, data URIs."""

import base64
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.film.enhance import stretched

#: Longest side of a film on the page, in pixels; the assessment itself works on the full film.
FILM_SIDE: Final = 1400

#: Viridis grows lighter in even steps from violet at 0 to yellow at 1, for people with any colour vision (van der Walt
#: and Smith 2015); Turbo is not used: it is brightest in its middle, and its red and green look alike to one man in
#: twelve.
_COLOUR_MAP: Final = cv2.COLORMAP_VIRIDIS


def grey8(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Pixels in [0, 1] as 0..255, HxW."""
    return np.round(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)


def film_picture(pixels: NDArray[np.float32], longest_side: int = FILM_SIDE) -> NDArray[np.uint8]:
    """A film prepared for the screen: at most longest_side pixels long, HxW of 0..255.

    Shown with its darkest and brightest half per cent cut off, so that an underexposed film can be seen at all.
    """
    shrink = min(1.0, longest_side / max(pixels.shape))
    if shrink < 1.0:
        size = (max(1, round(pixels.shape[1] * shrink)), max(1, round(pixels.shape[0] * shrink)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    return grey8(stretched(pixels))


def heat(values: NDArray[np.float32], low: float = 0.0, high: float = 1.0) -> NDArray[np.uint8]:
    """A map in colours, HxWx3 BGR, violet at `low` or less and yellow at `high` or more: equal values have equal colours
    on every crop."""
    return np.asarray(cv2.applyColorMap(grey8((values - low) / (high - low)), _COLOUR_MAP), dtype=np.uint8)


def blended(crop: NDArray[np.float32], values: NDArray[np.float32], opacity: float) -> NDArray[np.uint8]:
    """A crop with a map laid over it, HxWx3 BGR. crop, values: HxW in [0, 1]; opacity: 0..1 of the map."""
    under = cv2.cvtColor(grey8(crop), cv2.COLOR_GRAY2BGR)
    return np.asarray(cv2.addWeighted(heat(values), opacity, under, 1.0 - opacity, 0.0), dtype=np.uint8)


def colour_stops(count: int = 17) -> list[str]:
    """Colours of the map at `count` evenly spaced values from 0 to 1, as "rgb(...)"."""
    ramp = np.linspace(0.0, 1.0, count, dtype=np.float32)[None, :]
    return [f"rgb({red},{green},{blue})" for blue, green, red in heat(ramp)[0].tolist()]


def jpeg(picture: NDArray[np.uint8], quality: int = 90) -> bytes:
    """JPEG file of an HxW or HxWx3 (BGR) picture."""
    return _encoded(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


def png(picture: NDArray[np.uint8]) -> bytes:
    """PNG file of an HxW or HxWx3 (BGR) picture."""
    return _encoded(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


def data_uri(file: bytes, kind: str) -> str:
    """A picture file as text that an <img> can show. kind: "jpeg" or "png"."""
    return f"data:image/{kind};base64,{base64.b64encode(file).decode('ascii')}"


def _encoded(suffix: str, picture: NDArray[np.uint8], settings: list[int]) -> bytes:
    encoded, file = cv2.imencode(suffix, picture, settings)
    if not encoded:
        raise ValueError(f"A picture of shape {picture.shape} could not be written as {suffix}.")
    return file.tobytes()
