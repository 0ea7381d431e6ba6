"""Small hands: read, unstretched, found and cut."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment.assessor import Assessor
from core.cohort.films import DataFolderError
from core.cohort.hand_windows import HandWindows
from core.cohort.small_hands import (
    SMALL_SIDE,
    SmallFilm,
    find_small_hand,
    kept_small_windows,
    read_small_films,
    unstretched,
)
from core.film.radiograph import read_radiograph
from core.hand.hand import Hand
from tests.hands import shipped_examples
from tests.no_hands import noise

ARRAYS = {
    "pixels": np.arange(3 * 16).reshape(3, 4, 4).astype(np.uint8),
    "id": np.array([10, 7, 12], np.int32),
    "male": np.array([True, False, True]),
    "bone_age_months": np.array([96, 120.5, 30], np.float32),
    "val": np.array([False, False, True]),
}


def _squeezed(path: Path, wider: float = 1.0) -> tuple[NDArray[np.uint8], float]:
    """A film whose sides were moved to make it so much wider, sampled as a square of 100 pixels; and its width over height."""
    grey = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
    height, width = grey.shape[0], round(grey.shape[1] * wider)
    canvas = np.zeros((height, width), np.uint8)
    left = max(0, (width - grey.shape[1]) // 2)
    cropped = max(0, (grey.shape[1] - width) // 2)
    canvas[:, left : left + grey.shape[1]] = grey[:, cropped : cropped + width]
    return np.asarray(cv2.resize(canvas, (100, 100), interpolation=cv2.INTER_NEAREST)), width / height


def test_films_are_read_without_those_of_val(tmp_path: Path) -> None:
    np.savez(tmp_path / "small.npz", **ARRAYS)
    films = read_small_films(tmp_path / "small.npz")
    assert [(film.id, film.sex, film.bone_age_months) for film in films] == [("10", "M", 96.0), ("7", "F", 120.5)]
    np.testing.assert_array_equal(films[1].pixels, ARRAYS["pixels"][1])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pixels": None}, "is not a file of small hands: it must be an .npz with pixels"),
        ({"pixels": np.zeros((3, 4, 5), np.uint8)}, "is not a file of small hands"),
        ({"pixels": np.zeros((3, 4, 4), np.float32)}, "is not a file of small hands"),
        ({"id": np.arange(2)}, "is not a file of small hands"),
        ({"male": np.array(["M", "F", "M"])}, "is not a file of small hands"),
        ({"bone_age_months": np.array([96, np.nan, 30])}, "gives no age in months for hand 7"),
        ({"val": np.ones(3, bool)}, "all are marked as val"),
    ],
)
def test_a_file_that_is_none_is_told(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    arrays = {name: value for name, value in {**ARRAYS, **changed}.items() if value is not None}
    np.savez(tmp_path / "small.npz", **arrays)
    with pytest.raises(DataFolderError, match=message) as caught:
        read_small_films(tmp_path / "small.npz")
    assert str(caught.value).endswith(".")


def test_a_file_of_another_kind_or_none_at_all(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("id,months\n")
    (tmp_path / "damaged").write_bytes(b"PK\x03\x04 and no more")
    for name in ("one.npy", "empty", "text", "damaged"):
        with pytest.raises(DataFolderError, match="is not a file of small hands"):
            read_small_films(tmp_path / name)
    with pytest.raises(DataFolderError, match="none is missing: name the"):
        read_small_films(tmp_path / "none")


@pytest.mark.parametrize("wider", [0.9, 1.0, 1.15])
def test_a_known_squeeze_is_undone(assessor: Assessor, wider: float) -> None:
    errors, alike = [], []
    for example in shipped_examples()[:3]:
        pixels, ratio = _squeezed(example.path, wider)
        hand = find_small_hand(assessor.localizer, pixels)
        errors.append(hand.film.width / hand.film.height - ratio)
        radiograph = read_radiograph(example.path)
        whole = Hand(radiograph, assessor.localizer.locate(radiograph)).window(SMALL_SIDE)
        alike.append(np.corrcoef(hand.window(SMALL_SIDE).ravel(), whole.ravel())[0, 1])
    assert np.abs(errors).max() < 0.1 and np.mean(np.abs(errors)) < 0.06
    assert min(alike) > 0.85, "it then looks as the hand of the whole film does at that size"


def test_small_films_are_unstretched_to_their_width() -> None:
    film = unstretched(np.full((100, 100), 51, np.uint8), 0.75)
    assert film.width == 192 and film.height == 256 and np.allclose(film.pixels, 0.2)


def test_hands_are_cut_once_and_kept_and_refused_ones_left_out(assessor: Assessor, tmp_path: Path) -> None:
    example = shipped_examples()[0]
    still = np.round(noise()[:100, :100] * 255).astype(np.uint8)
    films = [SmallFilm("noise", still, "M", 50.0), SmallFilm("9", _squeezed(example.path)[0], "F", 60.0)]
    asked = []
    hands = kept_small_windows(films, tmp_path, assessor.localizer, 1, lambda: asked.append(1))
    assert hands.ids.tolist() == ["9"] and hands.female.tolist() == [1] and hands.months.tolist() == [60.0]
    assert hands.windows.shape == (1, SMALL_SIDE, SMALL_SIDE) and hands.windows.std() > 20 and asked == [1]
    again = kept_small_windows(films, tmp_path, assessor.localizer, 1, lambda: asked.append(1))
    for name in HandWindows.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(hands, name))
    assert asked == [1], "nothing was cut anew"
