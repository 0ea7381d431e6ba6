"""Burned-in writing: drawn on drawn hands, where it is known to be."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.film import burned_in_text
from core.film.burned_in_text import TextPlace, find_text
from core.film.radiograph import Radiograph, film_hash
from tests.hands import drawn_hand

WIDTH, HEIGHT = 720, 960
Quarter = tuple[int, int, int, int]


def film(picture: NDArray[np.uint8]) -> Radiograph:
    """A film of 8-bit greys."""
    pixels = np.asarray(picture / 255.0, np.float32)
    return Radiograph(pixels, None, None, film_hash(pixels))


def hand() -> NDArray[np.uint8]:
    """A drawn hand with empty corners."""
    return drawn_hand(WIDTH, HEIGHT, unit=200.0)[0]


def write(picture: NDArray[np.uint8], text: str, at: tuple[int, int], size: float = 1.0) -> Quarter:
    """Writes on a picture; gives the box of what was written."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 3)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, 250, 3, cv2.LINE_AA)
    return at[0], at[1] - height, at[0] + width, at[1]


def covered(place: TextPlace, written: Quarter) -> bool:
    """Whether a place holds the middle of what was written."""
    x, y = (written[0] + written[2]) / 2, (written[1] + written[3]) / 2
    left, top, right, bottom = place.box
    return left < x < right and top < y < bottom


def test_a_hand_without_writing_is_left_in_peace() -> None:
    assert find_text(film(hand())) == []


@pytest.mark.parametrize("text", ["DOE JANE", "2011-03-04", "MRN 173059"])
@pytest.mark.parametrize("at", [(30, 60), (430, 930)])
def test_names_dates_and_numbers_are_found_where_they_stand(text: str, at: tuple[int, int]) -> None:
    picture = hand()
    written = write(picture, text, at)
    places = find_text(film(picture))
    assert any(covered(place, written) for place in places)
    assert {place.kind for place in places} == {"writing"}
    # A box around the line, not around the film.
    assert all(p.box.area < 0.1 * WIDTH * HEIGHT for p in places)


@pytest.mark.parametrize("turn", [cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE])
def test_writing_is_found_in_any_direction(turn: int) -> None:
    picture = hand()
    write(picture, "DOE JANE", (30, 60))
    assert "writing" in {place.kind for place in find_text(film(np.asarray(cv2.rotate(picture, turn), np.uint8)))}


def test_writing_is_found_on_an_inverted_and_on_a_dark_film() -> None:
    picture = hand()
    write(picture, "DOE JANE", (30, 60))
    assert find_text(film(np.asarray(255 - picture, np.uint8)))
    assert find_text(film(np.asarray(picture // 5, np.uint8)))


def test_a_lone_letter_is_a_marker_and_initials_are_writing() -> None:
    picture = hand()
    written = write(picture, "L", (60, 140), size=2.5)
    (place,) = find_text(film(picture))
    assert place.kind == "marker" and covered(place, written)
    write(picture, "JD", (50, 200), size=1.5)
    assert {place.kind for place in find_text(film(picture))} == {"writing"}


def test_boxes_lie_inside_films_of_any_size() -> None:
    picture = hand()
    write(picture, "DOE JANE", (2, 24))
    for size in ((180, 240), (1800, 2400)):
        radiograph = film(np.asarray(cv2.resize(picture, size), np.uint8))
        places = find_text(radiograph)
        assert places
        for left, top, right, bottom in (place.box for place in places):
            assert 0 <= left < right <= radiograph.width and 0 <= top < bottom <= radiograph.height
            assert right < size[0] * 0.5 and bottom < size[1] * 0.1


def test_nothing_is_fetched_to_look_for_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    burned_in_text._detector.cache_clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert find_text(film(hand())) == []


def test_the_detector_leaves_no_trace_in_the_home_folder_and_asks_nobody(tmp_path: Path) -> None:
    """In a process of its own, whose home is empty and whose network refuses and writes down who is asked for."""
    program = """
import socket, sys
asked = []
def refuse(event, given):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.sendto"):
        asked.append(event)
        raise OSError("the network refuses")
sys.addaudithook(refuse)
import numpy as np
from core.film.burned_in_text import find_text
from core.film.radiograph import Radiograph, film_hash
pixels = np.random.default_rng(0).random((200, 200), np.float32)
find_text(Radiograph(pixels, None, None, film_hash(pixels)))
print(asked)
"""
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        proxy.listen()
        proxy.settimeout(0.5)
        # what is not written in Python goes by way of the proxy, if anywhere
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        elsewhere = {name: address for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy")}
        home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | elsewhere | home,
            capture_output=True,
            text=True,
            check=True,
        )
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.rglob("*")) == []
