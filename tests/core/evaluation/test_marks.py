"""People's marks are matched to the bones."""

from pathlib import Path

from core.bones import RUS_BONES
from core.evaluation.marks import BOX_OF_BONE, KEYPOINT_OF_BONE, read_keypoints, read_ossification_boxes
from tests.core.evaluation.marked import box_rows, write_boxes17, write_keypoints


def test_boxes_are_matched_to_bones(tmp_path: Path) -> None:
    write_boxes17(tmp_path, box_rows("007", "train"))
    marks = read_ossification_boxes(tmp_path)
    assert list(marks) == ["007"] and list(marks["007"]) == list(BOX_OF_BONE)
    at = {bone: mark.centre for bone, mark in marks["007"].items()}
    assert at["DP1"] == (90, 30), "the thumb's only joint between phalanges"
    assert at["DP3"] == (70, 10) and at["DP5"] == (50, 10) and at["MP5"] == (50, 30)
    assert at["MC3"] == at["PP3"] == (70, 50) and at["PP1"] == (90, 50)
    assert at["Radius"] == (80, 90) and at["Ulna"] == (60, 90)
    assert {mark.unit for mark in marks["007"].values()} == {10.0}
    assert set(RUS_BONES) - set(BOX_OF_BONE) == {"MC1"}


def test_a_right_hand_is_numbered_the_other_way(tmp_path: Path) -> None:
    write_boxes17(tmp_path, box_rows("right", "train", mirrored=True))
    at = {bone: mark.centre for bone, mark in read_ossification_boxes(tmp_path)["right"].items()}
    assert at["DP1"] == (10, 30) and at["DP3"] == (30, 10) and at["DP5"] == (50, 10) and at["MC5"] == (50, 50)
    assert at["Radius"] == (20, 90)


def test_the_experts_boxes_count(tmp_path: Path) -> None:
    write_boxes17(tmp_path, box_rows("a", "eval_nonexpert", shift=5.0) + box_rows("a", "eval_expert"))
    assert read_ossification_boxes(tmp_path)["a"]["Radius"].centre == (80, 90)


def test_joints_are_matched_to_bones(tmp_path: Path) -> None:
    fingers = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
    places = {f"{name}{k}": (10.0 * i, 10.0 * k) for i, name in enumerate(fingers) for k in (1, 2, 3, 4)}
    write_keypoints(tmp_path, "a", {"wrist": (0.0, 0.0), **places}, hidden="pinky_finger3")
    marks = read_keypoints(tmp_path)["a"]
    at = {bone: mark.centre for bone, mark in marks.items()}
    assert at["MC1"] == (0, 10) and at["PP1"] == (0, 20) and at["DP1"] == (0, 30)
    assert at["MC3"] == at["PP3"] == (20, 10) and at["MP3"] == (20, 20) and at["DP3"] == (20, 30)
    assert at["MP5"] == (40, 20) and "DP5" not in at, "a joint that is not visible is no mark"
    assert {mark.unit for mark in marks.values()} == {200.0} and marks["MC1"].box is None
    assert set(RUS_BONES) - set(KEYPOINT_OF_BONE) == {"Radius", "Ulna"}
