"""Whole hands, cut and kept."""

from pathlib import Path

import numpy as np

from core.assessment.assessor import Assessor
from core.cohort.films import Film
from core.cohort.hand_windows import HandWindows, cut_hands
from core.hand.hand import Hand
from tests.hands import Example
from tests.windows import windows_of_hands


def test_windows_are_saved_and_loaded(tmp_path: Path) -> None:
    some = windows_of_hands(3, 0)
    some.save(tmp_path / "windows.npz")
    loaded = HandWindows.load(tmp_path / "windows.npz")
    assert len(loaded) == 3
    for name in HandWindows.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(some, name))


def test_hands_are_joined_and_left_out_by_id() -> None:
    first, second = windows_of_hands(2, 0), windows_of_hands(3, 1, first_id=7)
    both = HandWindows.joined([first, second])
    assert both.ids.tolist() == ["0", "1", "7", "8", "9"]
    fewer = both.without({"1", "8", "other"})
    assert fewer.ids.tolist() == ["0", "7", "9"] and fewer.windows.shape == (3, 200, 200)
    assert fewer.months.tolist() == [first.months[0], second.months[0], second.months[2]]
    assert len(both.without(set(both.ids.tolist()))) == 0


def test_hands_are_cut_as_the_film_s_own_window(assessor: Assessor, example: Example, example_hand: Hand) -> None:
    film = Film("hand", example.path, "F", 120.0, "train")
    cut = cut_hands([film], assessor.localizer, 200)
    assert cut.windows.shape == (1, 200, 200) and cut.windows.dtype == np.uint8 and cut.ids.tolist() == ["hand"]
    np.testing.assert_allclose(cut.windows[0] / 255, example_hand.window(200), atol=0.01)
