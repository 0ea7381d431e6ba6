"""Pictures: absolute colours, sizes that a screen can show."""

import base64

import cv2
import numpy as np

from webapp.shared.pictures import blended, colour_stops, data_uri, film_picture, heat, jpeg, png


def test_equal_values_have_equal_colours_whatever_else_is_on_the_map() -> None:
    even = np.full((4, 4), 0.73, np.float32)
    mixed = even.copy()
    mixed[0] = [0.0, 0.2, 0.9, 1.0]
    assert np.array_equal(heat(even)[1:], heat(mixed)[1:])


def test_the_colour_bar_runs_from_blue_to_red_in_the_colours_of_the_map() -> None:
    stops = colour_stops(3)
    middle = heat(np.full((1, 1), 0.5, np.float32))[0, 0].tolist()
    assert stops[1] == "rgb({2},{1},{0})".format(*middle)
    first, last = ([int(part) for part in stop[4:-1].split(",")] for stop in (stops[0], stops[-1]))
    assert first[2] > first[0] and last[0] > last[2]


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
