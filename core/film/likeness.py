"""Decides whether two files show the same film: in another format, with another exposure, smaller, turned a little, or cropped.

A film's look is a perceptual hash of the whole (imagehash.phash, 256 bits) and some points that stand out, described by ORB
(Rublee et al. 2011). Hashes and points say which films may be the same and how one lies on the other; the grey values of both,
superimposed in this way, say whether they are.
"""

import zlib
from dataclasses import dataclass
from typing import Final, Self

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.film.radiograph import Radiograph

_SIDE: Final = 512
_HASH_SIDE: Final = 16
_POINTS: Final = 200
#: How many of 256 bits may differ where the grey values are compared too, and where there are none. Of 11175 pairs of different
#: hands the nearest differ by 46; averages of hands, by 12.
_MOST_BITS, _MOST_BITS_ALONE = 44, 10
#: The fewest matching points with which two films are superimposed.
_LEAST_ALIKE: Final = 12
#: The greatest distance between a point and its place on the other film, in pixels of 512.
_NEAR: Final = 4.0
#: The correlation of the fine grey values of two superimposed films from which they are the same, over at least this share of
#: the smaller one. Copies reach 0.81 to 1, different hands 0.52, averages of hands 0.78.
_LEAST_CORRELATION, _LEAST_SHARE = 0.8, 0.3
#: Fine grey values from this multiple of their median on are taken for writing. Copies that bear writing reach 0.88 in this
#: way, and 0.74 otherwise; different hands 0.39, averages of hands 0.75.
_MARKS: Final = 4.0


@dataclass(frozen=True, eq=False)
class Look:
    """What a film looks like, without its pixels. bits: 256 bool. points: Nx2 float32, in pixels of the film at a longest side
    of 512. descriptors: Nx32 uint8."""

    bits: NDArray[np.bool_]
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """The look as some kilobytes, to be stored."""
        parts = (np.packbits(self.bits), np.round(self.points * 16).astype("<u2"), self.descriptors)
        return zlib.compress(b"".join(part.tobytes() for part in parts))

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """The look that was stored."""
        content = zlib.decompress(kept)
        head = _HASH_SIDE**2 // 8
        count = (len(content) - head) // 36
        points = np.frombuffer(content, "<u2", 2 * count, head).reshape(count, 2)
        descriptors = np.frombuffer(content, np.uint8, 32 * count, head + 4 * count).reshape(count, 32)
        bits = np.unpackbits(np.frombuffer(content, np.uint8, head)).astype(bool)
        return cls(bits, points.astype(np.float32) / np.float32(16), descriptors)


def look_of(radiograph: Radiograph) -> Look:
    """What the film looks like."""
    picture = _small(radiograph)
    hashed = imagehash.phash(Image.fromarray(picture), hash_size=_HASH_SIDE)
    points, descriptors = cv2.ORB_create(nfeatures=_POINTS).detectAndCompute(picture, None)  # type: ignore[attr-defined]
    if descriptors is None:
        points, descriptors = (), np.empty((0, 32), np.uint8)
    places = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
    return Look(np.asarray(hashed.hash, bool).ravel(), places, descriptors)


def alike(one: Look, other: Look, with_greys: bool) -> bool:
    """Whether the whole films look the same, or one is the other's negative, which inverts every bit. with_greys: their grey
    values are going to be compared as well."""
    differing = int(np.count_nonzero(one.bits != other.bits))
    return min(differing, one.bits.size - differing) <= (_MOST_BITS if with_greys else _MOST_BITS_ALONE)


def placed(one: Look, other: Look) -> NDArray[np.float64] | None:
    """How one film would lie on the other, from the points that stand out on both: the 2x3 matrix that takes pixels of the one
    at a longest side of 512 to those of the other; None where too few match."""
    if min(len(one.points), len(other.points)) < _LEAST_ALIKE:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(one.descriptors, other.descriptors)
    if len(pairs) < _LEAST_ALIKE:
        return None
    mine = one.points[[pair.queryIdx for pair in pairs]]
    theirs = other.points[[pair.trainIdx for pair in pairs]]
    matrix, fitting = cv2.estimateAffinePartial2D(mine, theirs, ransacReprojThreshold=_NEAR)
    return None if matrix is None or int(fitting.sum()) < _LEAST_ALIKE else np.asarray(matrix, np.float64)


def may_be_same(one: Look, other: Look) -> bool:
    """Whether it is worth comparing the grey values."""
    return alike(one, other, with_greys=True) or placed(one, other) is not None


def are_same(one: Radiograph, other: Radiograph) -> bool:
    """Whether both show the same film, by their grey values."""
    mine, theirs = look_of(one), look_of(other)
    matrix = placed(mine, theirs)
    matrices = [] if matrix is None else [matrix]
    if alike(mine, theirs, with_greys=True):
        first, second = _small(one).shape, _small(other).shape
        matrices.append(np.array([[second[1] / first[1], 0.0, 0.0], [0.0, second[0] / first[0], 0.0]]))
    # a negative correlates with -1
    return any(abs(correlation(one, other, matrix)) >= _LEAST_CORRELATION for matrix in matrices)


def correlation(one: Radiograph, other: Radiograph, matrix: NDArray[np.float64]) -> float:
    """The correlation of the fine grey values of both where they overlap, with or without what is written on them, whichever is
    greater; 0 where they hardly overlap."""
    mine, theirs = _fine(_small(one)), _fine(_small(other))
    size = theirs.shape[::-1]
    laid = np.asarray(cv2.warpAffine(mine, matrix, size), np.float32)
    both = cv2.warpAffine(np.ones(mine.shape, np.float32), matrix, size) > 0.99
    least = _LEAST_SHARE * min(mine.size * abs(np.linalg.det(matrix[:, :2])), theirs.size)
    if np.count_nonzero(both) < max(least, 1.0):
        return 0.0
    first, second = laid[both], theirs[both]
    return max(_agreement(first, second), _agreement(_without_marks(first), _without_marks(second)), key=abs)


def _agreement(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The correlation of equally many grey values; 0 where either side shows nothing."""
    spread = float(first.std() * second.std())
    return 0.0 if spread == 0.0 else float(((first - first.mean()) * (second - second.mean())).mean() / spread)


def _without_marks(fine: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fine grey values with the outliers clipped, such as writing that only one of two copies bears."""
    most = _MARKS * float(np.median(np.abs(fine)))
    return np.clip(fine, -most, most)


def _small(radiograph: Radiograph) -> NDArray[np.uint8]:
    """The film at a longest side of 512, its grey values equalised locally."""
    pixels = radiograph.pixels
    scale = _SIDE / max(pixels.shape)
    size = max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1)
    picture = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    grey = np.round(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(grey), np.uint8)


def _fine(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    greys = picture.astype(np.float32)
    return greys - cv2.GaussianBlur(greys, (0, 0), 8.0)
