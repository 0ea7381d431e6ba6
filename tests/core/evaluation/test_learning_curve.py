"""How the error falls with the number of hands."""

from pathlib import Path

import pytest

from core.cohort.films import DataFolderError
from core.evaluation.learning_curve import (
    LearnedFrom,
    LearningCurve,
    curve_chart,
    curve_recipe,
    curve_text,
    learning_curve,
)
from tests.windows import windows_of_hands

SMALL, UNSEEN = windows_of_hands(6, 1), windows_of_hands(4, 2, 400, first_id=20)


def test_each_number_of_hands_has_a_network_and_about_as_many_steps(tmp_path: Path) -> None:
    curve = learning_curve(SMALL, UNSEEN, [6, 3, 3], steps=1, seed=1, run=tmp_path)
    assert [point.hands for point in curve.points] == [3, 6] and curve.unseen == 4
    for point in curve.points:
        assert 0 < point.interval[0] <= point.mae_months <= point.interval[1] and point.learned_mae_months > 0
    assert learning_curve(SMALL, UNSEEN, [3, 6], steps=1, seed=1, run=tmp_path) == curve, "trained networks are kept"
    steps = [curve_recipe(hands, 800, 1).stages[0].passes * -(-hands // 64) for hands in (750, 1500, 3000, 6000, 12000)]
    assert all(abs(count - 800) <= 50 for count in steps)


def test_more_hands_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="There are 6 small hands: give no count above that"):
        learning_curve(SMALL, UNSEEN, [3, 7], steps=1, seed=1, run=tmp_path)


def test_the_table_and_the_picture() -> None:
    points = [LearnedFrom(750, 15.0, (13.5, 16.25), 3.0), LearnedFrom(12_000, 9.0, (8.0, 10.0), 7.5)]
    curve = LearningCurve(800, 1, 228, points)
    assert curve_text(curve).splitlines()[0].startswith("| hands learned from | MAE of 228 hands unseen")
    assert curve_text(curve).splitlines()[2:] == [
        "| 750 | 15.00 | 13.50 to 16.25 | 3.00 |",
        "| 12,000 | 9.00 | 8.00 to 10.00 | 7.50 |",
    ]
    unseen, learned = curve_chart(curve).lines
    assert unseen.reach == [(1.5, 1.25), (1.0, 1.0)] and list(learned.y) == [3.0, 7.5]
