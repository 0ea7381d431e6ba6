"""Near-copies of the shipped example hands: told from one another, whatever was done to a copy."""

from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.film.likeness import Look, are_same, look_of, may_be_same
from core.film.radiograph import Radiograph, film_hash, read_radiograph
from tests.hands import shipped_examples

Greys = NDArray[np.uint8]


def _film(greys: Greys) -> Radiograph:
    pixels = np.ascontiguousarray(greys, np.float32) / np.float32(255)
    return Radiograph(pixels, None, None, film_hash(pixels))


@pytest.fixture(scope="module")
def hands() -> list[tuple[Radiograph, Look]]:
    films = [read_radiograph(example.path) for example in shipped_examples()][:4]
    return [(film, look_of(film)) for film in films]


def _same(one: tuple[Radiograph, Look], other: tuple[Radiograph, Look]) -> bool:
    return may_be_same(one[1], other[1]) and are_same(one[0], other[0])


def _jpeg(greys: Greys) -> Greys:
    return cv2.imdecode(cv2.imencode(".jpg", greys, [cv2.IMWRITE_JPEG_QUALITY, 70])[1], cv2.IMREAD_GRAYSCALE)


def _crop(greys: Greys) -> Greys:
    height, width = greys.shape
    return greys[height // 12 : height - height // 10, width // 12 : width - width // 15]


@pytest.mark.parametrize(
    "change",
    [
        _jpeg,
        _crop,
        lambda greys: (255 * (greys / 255) ** 1.6).astype(np.uint8),
        lambda greys: (greys * 0.5 + 10).astype(np.uint8),
        lambda greys: 255 - greys,
        lambda greys: cv2.resize(greys, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
        lambda greys: cv2.putText(greys.copy(), "R  SUPINE 12:45", (20, 60), 0, 1.5, (255.0,), 3),
        lambda greys: _jpeg(_crop((255 * (greys / 255) ** 1.3).astype(np.uint8))),
    ],
    ids=["jpeg", "crop", "exposure", "darker", "negative", "half", "writing", "all"],
)
def test_a_copy_is_found_and_is_no_copy_of_others(
    hands: list[tuple[Radiograph, Look]], change: Callable[[Greys], Greys]
) -> None:
    for number, hand in enumerate(hands[:2]):
        copy = _film(change(np.round(hand[0].pixels * 255).astype(np.uint8)))
        found = [other for other, theirs in enumerate(hands) if _same((copy, look_of(copy)), theirs)]
        assert found == [number]


def test_different_hands_are_told_apart_and_a_look_is_kept_whole(hands: list[tuple[Radiograph, Look]]) -> None:
    assert not any(_same(one, other) for one, other in combinations(hands, 2))
    for _, look in hands[:2]:
        kept = Look.from_bytes(look.to_bytes())
        assert len(look.to_bytes()) < 10_000
        assert np.array_equal(kept.bits, look.bits) and np.array_equal(kept.descriptors, look.descriptors)
        assert np.abs(kept.points - look.points).max() <= 1 / 32
