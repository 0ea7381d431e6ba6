"""Pictures: absolute colours, sizes that a screen can show."""

import base64

import cv2
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from webapp.shared.pictures import blended, colour_stops, data_uri, film_picture, heat, jpeg, png


def test_equal_values_have_equal_colours_whatever_else_is_on_the_map() -> None:
    even = np.full((4, 4), 0.73, np.float32)
    mixed = even.copy()
    mixed[0] = [0.0, 0.2, 0.9, 1.0]
    assert np.array_equal(heat(even)[1:], heat(mixed)[1:])


#: What light of red, green and blue looks like to whom: Machado, Oliveira and Fernandes (2009), severity 1.
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colours: NDArray[np.uint8], eyes: ArrayLike) -> NDArray[np.float32]:
    """BGR colours, N x 3, in CIELAB as these eyes see them."""
    shares = colours[:, ::-1] / 255
    light = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ np.transpose(eyes), 0, 1)
    shares = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(cv2.cvtColor(shares[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0])


@pytest.mark.parametrize("eyes", EYES)
def test_a_higher_value_is_lighter_to_all_eyes_in_even_steps(eyes: str) -> None:
    steps = np.diff(seen(heat(np.linspace(0, 1, 17, dtype=np.float32)[None])[0], EYES[eyes]), axis=0)
    assert steps[:, 0].min() > 2.5 and steps[:, 0].max() < 3 * steps[:, 0].min(), "lightness, of 100"
    assert np.linalg.norm(steps, axis=1).min() > 2.5, "what two neighbours differ by at least to be told apart"


def test_the_colour_bar_runs_from_violet_to_yellow_in_the_colours_of_the_map() -> None:
    stops = colour_stops(3)
    middle = heat(np.full((1, 1), 0.5, np.float32))[0, 0].tolist()
    assert stops[1] == "rgb({2},{1},{0})".format(*middle)
    first, last = ([int(part) for part in stop[4:-1].split(",")] for stop in (stops[0], stops[-1]))
    assert first[2] > first[1] and min(last[:2]) > last[2]


def test_an_overlay_of_no_opacity_is_the_crop_and_of_full_opacity_the_map() -> None:
    crop = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    values = crop[::-1].copy()
    assert np.array_equal(blended(crop, values, 0.0)[..., 0], np.round(crop * 255))
    assert np.array_equal(blended(crop, values, 1.0), heat(values))


def test_a_film_is_shrunk_to_its_longest_side_and_a_small_one_is_left() -> None:
    assert film_picture(np.zeros((300, 600), np.float32), 200).shape == (100, 200)
    assert film_picture(np.zeros((30, 60), np.float32), 200).shape == (30, 60)


def test_an_underexposed_film_is_shown_bright_enough() -> None:
    dark = np.linspace(0.05, 0.15, 10_000, dtype=np.float32).reshape(100, 100)
    shown = film_picture(dark)
    assert shown.min() == 0 and shown.max() == 255


def test_files_and_data_uris_hold_the_picture() -> None:
    picture = heat(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    kind, _, text = data_uri(png(picture), "png").partition(",")
    assert kind == "data:image/png;base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded, picture)
    assert jpeg(picture).startswith(b"\xff\xd8")
