"""Figures of merit, on cases worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.assessment import Assessment, BoneAssessment
from core.bones import RUS_BONES, Sex
from core.evaluation import (
    Reading,
    age_figures,
    as_text,
    average_precision,
    interval_figures,
    iou,
    localization_figures,
)
from core.localization import Localization
from core.standards import STANDARDS, grade_count, grade_label, score_card, tw3_stage
from core.training.films import Film

Box = tuple[float, float, float, float]
BOX: Box = (0.0, 0.0, 10.0, 10.0)


def _reading(
    name: str,
    label: float,
    months: float | None,
    sex: Sex = "M",
    boxes: dict[str, Box] | None = None,
    confidence: float = 0.9,
    interval: tuple[float, float] | None = None,
) -> Reading:
    """A mature hand that was given this bone age; refused where the age is None and there are no boxes."""
    film = Film(name, Path(f"{name}.png"), sex, label, "")
    if months is None and boxes is None:
        return Reading(film, None, "not_a_hand", 0.1)
    places = dict.fromkeys(RUS_BONES, BOX) if boxes is None else boxes
    certain = {bone: np.eye(grade_count(bone) + 1)[-1] for bone in places}
    bones: dict[str, BoneAssessment | None] = {
        bone: BoneAssessment(
            bone=bone,
            box=places[bone],
            axis_degrees=0.0,
            grade=grade_count(bone),
            label=grade_label(bone, grade_count(bone)),
            tw3_stage=tw3_stage(bone, grade_count(bone)),
            probabilities=tuple(certain[bone]),
            confidence=confidence,
            influence_months=(0.0, 0.0),
        )
        if bone in places
        else None
        for bone in RUS_BONES
    }
    assessment = Assessment(
        sex=sex,
        width=20,
        height=20,
        film_sha256="0" * 64,
        laterality="L",
        rotation_degrees=0.0,
        inverted=False,
        bones=bones,
        standards={key: score_card(key, sex, certain) for key in STANDARDS},
        bone_age_months=months,
        interval90_months=interval,
        checks=(),
        weights={},
        seconds=0.1,
        localization=Localization((), False, 0.0, False, 1.0, np.zeros((21, 2)), np.ones(21), 0.0),
    )
    return Reading(film, assessment, None if months is not None else "missing", 0.1)


def _drawn(*boxes: Box) -> NDArray[np.float64]:
    """21 hand-drawn boxes: these in turn for the 13 RUS bones, NaN for the rest."""
    drawn = np.full((21, 4), np.nan)
    for place in range(13):
        drawn[place] = boxes[place % len(boxes)]
    return drawn


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7),
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 2, 2), (2, 0, 4, 2), 0.0),
        ((0, 0, 2, 2), (5, 5, 6, 6), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_iou(first: Box, second: Box, expected: float) -> None:
    assert iou(first, second) == pytest.approx(expected)
    assert iou(second, first) == pytest.approx(expected)


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
    shifted: Box = (5.0, 0.0, 15.0, 10.0)  # IoU 1/3 with BOX
    readings = [
        _reading("exact", 200, 200, confidence=0.9),
        _reading("shifted", 200, 200, boxes=dict.fromkeys(RUS_BONES, shifted), confidence=0.8),
        _reading("refused", 200, None),
        _reading("nobody boxed", 200, 200),
    ]
    boxes = {name: _drawn(BOX) for name in ("exact", "shifted", "refused")}
    figures = localization_figures(readings, boxes)
    assert figures["hands"] == 3
    assert figures["all_found"] == 0.75, "of all hands, boxed or not"
    assert figures["mean_iou"] == pytest.approx((1 + 1 / 3 + 0) / 3, abs=1e-4)
    assert figures["hit_rate_iou50"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["map50"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["mean_iou_by_bone"] == dict.fromkeys(RUS_BONES, 0.444)


def test_a_bone_that_was_not_found_has_no_overlap() -> None:
    without = {bone: BOX for bone in RUS_BONES if bone != "Ulna"}
    figures = localization_figures([_reading("a", 100, None, boxes=without)], {"a": _drawn(BOX)})
    assert figures["mean_iou"] == pytest.approx(12 / 13, abs=1e-4)
    assert figures["mean_iou_by_bone"]["Ulna"] == 0 and figures["all_found"] == 0


def test_a_region_that_nobody_boxed_does_not_count() -> None:
    drawn = _drawn(BOX)
    drawn[RUS_BONES.index("MC1")] = np.nan
    readings = [_reading("a", 100, 100), _reading("b", 100, 100, boxes=dict.fromkeys(RUS_BONES, (20, 20, 30, 30)))]
    figures = localization_figures(readings, {"a": drawn, "b": _drawn(BOX)})
    assert figures["mean_iou"] == pytest.approx(12 / 25, abs=1e-4)
    assert figures["mean_iou_by_bone"]["MC1"] == 0 and figures["mean_iou_by_bone"]["MC3"] == 0.5


def test_a_bone_that_nobody_boxed_counts_nowhere() -> None:
    drawn = _drawn(BOX)
    drawn[1:] = np.nan
    figures = localization_figures([_reading("a", 100, 100)], {"a": drawn})
    assert figures["mean_iou"] == figures["map50"] == 1.0 and figures["mean_iou_by_bone"] == {"Radius": 1.0}
    drawn[:] = np.nan
    assert localization_figures([_reading("a", 100, 100)], {"a": drawn}) == {"hands": 1, "all_found": 1.0}


def test_without_boxes_only_the_share_of_whole_hands() -> None:
    assert localization_figures([_reading("a", 100, 100)], {}) == {"hands": 0, "all_found": 1.0}


def test_ages() -> None:
    readings = [
        _reading("a", 200, 206),
        _reading("b", 200, 188, sex="F"),
        _reading("c", 200, 213),
        _reading("refused", 200, None, sex="F"),
    ]
    figures = age_figures(readings)
    everyone = figures["all"]
    assert (everyone["n"], everyone["answered"]) == (4, 3)
    assert everyone["mae_months"] == pytest.approx((6 + 12 + 13) / 3, abs=0.01)
    assert everyone["bias_months"] == pytest.approx((6 - 12 + 13) / 3, abs=0.01)
    assert everyone["within_12_months"] == 0.5, "12 months are within, and the refused film is not"
    # These hands are mature: the RUS-CHN table ends at 18 years for boys.
    assert figures["male"]["mae_months_raw"] == pytest.approx(16.0, abs=0.01)
    assert figures["female"]["n"] == 2 and figures["female"]["within_12_months"] == 0.5


def test_groups_of_two_years() -> None:
    labels = [23.9, 24.0, 47.9, 48.0, 216.0, 130.0]
    groups = age_figures([_reading(str(label), label, label) for label in labels])["groups"]
    assert {name: group["n"] for name, group in groups.items()} == {
        "0-2": 1, "2-4": 2, "4-6": 1, "10-12": 1, "18-20": 1,
    }  # fmt: skip
    assert list(groups) == ["0-2", "2-4", "4-6", "10-12", "18-20"]


def test_nobody_answered() -> None:
    figures = age_figures([_reading("a", 100, None)])
    assert (figures["all"]["n"], figures["all"]["answered"]) == (1, 0)
    assert interval_figures([_reading("a", 100, None)]) == {"answered": 0}


def test_intervals() -> None:
    readings = [
        _reading("in", 100, 100, interval=(90, 110)),
        _reading("on the edge", 110, 100, interval=(90, 110)),
        _reading("out", 111, 100, interval=(90, 110)),
        _reading("wide", 111, 100, interval=(80, 120)),
        _reading("refused", 100, None),
    ]
    assert interval_figures(readings) == {"answered": 4, "coverage": 0.75, "mean_width_months": 25.0}


def test_text_for_people() -> None:
    readings = [_reading("a", 100, 104, interval=(90, 110)), _reading("lost", 100, None)]
    figures = {
        "data": {"split": None, "hands": 2},
        "localization": localization_figures(readings, {"a": _drawn(BOX)}),
        "age": age_figures(readings),
        "interval90": interval_figures(readings),
        "refused": ["lost"],
        "refusal_reasons": {"lost": "not_a_hand"},
        "seconds_per_hand": 0.1,
        "weights": {},
    }
    text = as_text(figures)
    assert "2 hands, 1 without an age" in text and "not_a_hand" in text
    assert "8-10" in text and "mean IoU 1.0" in text
