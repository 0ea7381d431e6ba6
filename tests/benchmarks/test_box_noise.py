"""What holds the boxes' IoU, on made-up boxes whose drawing is known."""

import numpy as np
import pytest

from benchmarks.box_noise import Boxes, ceilings, corners, mean_iou, moved, residuals, shapes, table


def _found(hands: int) -> Boxes:
    random = np.random.default_rng(4)
    low = random.uniform(0, 400, (hands, 13, 2))
    return np.concatenate([low, low + random.uniform(20, 60, (hands, 13, 2))], axis=-1)


def _drawing(*shape: int) -> Boxes:
    return np.random.default_rng(5).normal(0, 0.1, (*shape, 4))


def test_shapes_and_corners_are_inverse() -> None:
    boxes = _found(3)
    np.testing.assert_allclose(corners(shapes(boxes)), boxes)


def test_residuals_bring_found_boxes_to_the_drawn_ones() -> None:
    found, by = _found(3), _drawing(3, 13)
    drawn = moved(found, by)
    np.testing.assert_allclose(residuals(found, drawn), by, atol=1e-12)
    assert mean_iou(found, drawn) < 0.95
    assert mean_iou(moved(found, residuals(found, drawn)), drawn) == pytest.approx(1.0)


def test_what_is_the_bones_own_is_foretold_by_other_hands() -> None:
    found = _found(12)
    given = ceilings(found, moved(found, _drawing(13)))
    assert given["as found"] < 0.95
    assert given["each bone moved and scaled as it is on other hands"] == pytest.approx(1.0)


def test_what_is_the_hands_own_is_known_from_that_hand_alone() -> None:
    found = _found(12)
    given = ceilings(found, moved(found, _drawing(12, 1)))
    assert given["each bone moved and scaled as it is on other hands"] < 0.95
    assert given["so, and by the mean of its own hand's drawing"] > 0.97


def test_parts_that_are_taken_from_the_drawing() -> None:
    found = _found(12)
    across = np.zeros((12, 13, 4))
    across[..., 0] = 0.2
    given = ceilings(found, moved(found, across))
    assert given["drawn x of the centre, the rest as found"] == pytest.approx(1.0)
    assert given["drawn centre"] == pytest.approx(1.0) == given["drawn centre and size"]
    # a fifth of the width to the side: 0.8 shared of 1.2 in all
    without = [given[name] for name in ("as found", "drawn size", "drawn height", "drawn y of the centre")]
    assert without == pytest.approx([0.8 / 1.2] * 4)


def test_boxes_that_are_not_there_count_nowhere() -> None:
    found = _found(12)
    drawn = moved(found, _drawing(12, 13))
    found[0, 3] = np.nan
    drawn[1, 5] = np.nan
    left = mean_iou(found, drawn)
    assert ceilings(found, drawn)["as found"] == left
    assert 0 < left < 1 and ceilings(found, drawn)["drawn centre and size"] == pytest.approx(1.0)


def test_the_table_has_a_column_for_each_split() -> None:
    found = _found(12)
    values = ceilings(found, moved(found, _drawing(12, 13)))
    lines = table({"train": (50, values), "val": (13, values)}).splitlines()
    assert lines[0] == "| boxes | train (50 hands) | val (13 hands) |"
    assert lines[2].startswith("| as found | 0.") and len(lines) == 2 + len(values)
