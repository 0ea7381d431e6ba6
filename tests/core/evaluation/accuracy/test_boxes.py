"""Figures of the boxes, on cases worked out by hand."""

import numpy as np
import pytest

from core.bones import RUS_BONES
from core.evaluation.accuracy.boxes import average_precision, localization_figures
from core.evaluation.figures import plain
from core.film.box import Box
from tests.readings import BOX, drawn_boxes, make_reading


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Box(0, 0, 2, 2), Box(0, 0, 2, 2), 1.0),
        (Box(0, 0, 2, 2), Box(1, 1, 3, 3), 1 / 7),
        (Box(0, 0, 4, 4), Box(1, 1, 3, 3), 0.25),
        (Box(0, 0, 10, 10), Box(5, 0, 15, 10), 1 / 3),
        (Box(0, 0, 2, 2), Box(2, 0, 4, 2), 0.0),
        (Box(0, 0, 2, 2), Box(5, 5, 6, 6), 0.0),
    ],
)
def test_iou(first: Box, second: Box, expected: float) -> None:
    assert first.iou(second) == pytest.approx(expected)
    assert second.iou(first) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("hits", "confidence", "expected"),
    [
        ([True, True], [0.5, 0.9], 1.0),
        ([True, False, True], [0.9, 0.8, 0.7], (1 + 2 / 3) / 3),  # precision 1, 1/2, 2/3
        ([True, False, True], [0.7, 0.9, 0.8], (2 / 3 + 2 / 3) / 3),  # the miss comes first: 0, 1/2, 2/3
        ([False, True], [0.9, 0.1], 0.25),
        ([False, True], [0.1, 0.9], 0.5),
        ([True, False], [0.5, 0.0], 0.5),  # the second was not found: no false alarm, but its truth counts
        ([False, False], [0.5, 0.6], 0.0),
        ([False, False], [0.0, 0.0], 0.0),
    ],
)
def test_average_precision(hits: list[bool], confidence: list[float], expected: float) -> None:
    assert average_precision(np.array(hits), np.array(confidence)) == pytest.approx(expected)


def test_localization_figures() -> None:
    shifted = Box(5.0, 0.0, 15.0, 10.0)  # IoU 1/3 with BOX
    readings = [
        make_reading("exact", 200, 200, confidence=0.9),
        make_reading("shifted", 200, 200, boxes=dict.fromkeys(RUS_BONES, shifted), confidence=0.8),
        make_reading("refused", 200, None),
        make_reading("nobody boxed", 200, 200),
    ]
    boxes = {name: drawn_boxes(BOX) for name in ("exact", "shifted", "refused")}
    figures = plain(localization_figures(readings, boxes))
    assert figures["hands"] == 3
    assert figures["all_found"] == 0.75, "of all hands, boxed or not"
    assert figures["mean_iou"] == pytest.approx((1 + 1 / 3 + 0) / 3, abs=1e-4)
    assert figures["hit_rate_iou50"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["map50"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["mean_iou_by_bone"] == dict.fromkeys(RUS_BONES, 0.444)


def test_a_bone_that_was_not_found_has_no_overlap() -> None:
    without = {bone: BOX for bone in RUS_BONES if bone != "Ulna"}
    figures = plain(localization_figures([make_reading("a", 100, None, boxes=without)], {"a": drawn_boxes(BOX)}))
    assert figures["mean_iou"] == pytest.approx(12 / 13, abs=1e-4)
    assert figures["mean_iou_by_bone"]["Ulna"] == 0 and figures["all_found"] == 0


def test_a_region_that_nobody_boxed_does_not_count() -> None:
    drawn = drawn_boxes(BOX)
    drawn[RUS_BONES.index("MC1")] = np.nan
    readings = [
        make_reading("a", 100, 100),
        make_reading("b", 100, 100, boxes=dict.fromkeys(RUS_BONES, Box(20, 20, 30, 30))),
    ]
    figures = plain(localization_figures(readings, {"a": drawn, "b": drawn_boxes(BOX)}))
    assert figures["mean_iou"] == pytest.approx(12 / 25, abs=1e-4)
    assert figures["mean_iou_by_bone"]["MC1"] == 0 and figures["mean_iou_by_bone"]["MC3"] == 0.5


def test_a_bone_that_nobody_boxed_counts_nowhere() -> None:
    drawn = drawn_boxes(BOX)
    drawn[1:] = np.nan
    figures = plain(localization_figures([make_reading("a", 100, 100)], {"a": drawn}))
    assert figures["mean_iou"] == figures["map50"] == 1.0 and figures["mean_iou_by_bone"] == {"Radius": 1.0}
    drawn[:] = np.nan
    assert plain(localization_figures([make_reading("a", 100, 100)], {"a": drawn})) == {"hands": 1, "all_found": 1.0}


def test_without_boxes_only_the_share_of_whole_hands() -> None:
    assert plain(localization_figures([make_reading("a", 100, 100)], {})) == {"hands": 0, "all_found": 1.0}
