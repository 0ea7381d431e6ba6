"""Boxed films in memory, of drawn hands."""

from pathlib import Path

import cv2
import numpy as np

from core.cohort.films import read_boxes
from core.training.localizer.boxed_films import load_boxed
from tests.hands import drawn_hand, write_boxes, write_data_folder


def test_only_boxed_films_of_the_split_are_loaded(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 3)
    boxes = read_boxes(data)
    assert len(load_boxed(data, "train")) == 2 and len(load_boxed(data, "val")) == 1
    write_boxes(data, [("h0", "MC3", 1, 2, 3, 4), ("h0", "MC1", 9, 2, 11, 4), ("h0", "MC5", 0, 2, 1, 4)])
    (only,) = load_boxed(data, "train")
    assert np.isnan(only.boxes).all(1).sum() == 18
    both = load_boxed(data, "train", {"h0": np.zeros((21, 4)), "h1": boxes["h1"]})
    assert len(both) == 2
    np.testing.assert_array_equal(both[0].boxes, only.boxes, "boxes drawn by hand go before the localiser's own")
    np.testing.assert_allclose(both[1].boxes, boxes["h1"])


def test_right_hands_are_loaded_as_left_ones(tmp_path: Path) -> None:
    data = write_data_folder(tmp_path / "data", 2)
    (left,) = load_boxed(data, "train")
    picture, boxes = drawn_hand(unit=64.0)
    width = picture.shape[1]
    cv2.imwrite(str(data / "images" / "0.png"), picture[:, ::-1])
    mirrored = np.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], 1)
    (data / "boxes21.csv").unlink()
    (right,) = load_boxed(data, "train", {"h0": mirrored})
    np.testing.assert_array_equal(right.grey, left.grey)
    np.testing.assert_allclose(right.boxes, left.boxes, atol=1e-9)
