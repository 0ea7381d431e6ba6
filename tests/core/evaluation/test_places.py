"""The second check of the places, on marks and centres whose distance is known."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from core.assessment.assessor import Assessor
from core.cohort.films import DataFolderError
from core.evaluation.figures import plain
from core.evaluation.marks import KEYPOINT_OF_BONE, Mark
from core.evaluation.places import FoundCentre, annotator_figures, as_text, evaluate_places, place_figures
from core.film.box import Box
from tests.core.evaluation.marked import box_rows, write_boxes17, write_keypoints
from tests.hands import Assess, Example
from tests.no_hands import noise

#: A box of 6 x 8 pixels about (13, 14): its diagonal is 10.
BOXED = Mark((13.0, 14.0), 10.0, Box(10.0, 10.0, 16.0, 18.0))


def test_distances_and_insides() -> None:
    marks = {"a": {"Radius": BOXED, "Ulna": BOXED}, "b": {"Radius": BOXED}, "refused": {"Radius": BOXED}}
    centres = {
        "a": {"Radius": FoundCentre((13.0, 11.0), 0.0, False), "Ulna": FoundCentre((16.0, 18.0), 0.0, False)},
        "b": {"Radius": FoundCentre((13.0, 23.0), 0.0, False), "MC1": FoundCentre((0.0, 0.0), 0.0, False)},
        "refused": {},
    }
    figures = plain(place_figures(marks, centres))
    assert (figures["hands"], figures["without_any"]) == (3, 1)
    assert list(figures["by_bone"]) == ["Radius", "Ulna"]
    radius = figures["by_bone"]["Radius"]
    assert (radius["n"], radius["found"]) == (3, 2)
    assert radius["inside"] == pytest.approx(1 / 3, abs=1e-4), "one inside, one below the box, one not found"
    assert radius["median"] == pytest.approx((0.3 + 0.9) / 2) and radius["p95"] == pytest.approx(0.3 + 0.95 * 0.6)
    assert radius["distal_median"] == pytest.approx((0.3 - 0.9) / 2), "up is distal"
    assert radius["scatter_p95"] == pytest.approx(0.6), "both lie 0.6 from their middle"
    ulna = figures["by_bone"]["Ulna"]
    assert ulna["inside"] == 1.0 and ulna["median"] == 0.5, "the corner of the box, half a diagonal off"
    assert figures["all"]["inside"] == 0.5 and figures["all"]["found"] == 3
    assert figures["all"]["median"] == 0.5 and figures["all"]["scatter_p95"] == pytest.approx(0.6)


def test_joints_have_no_inside() -> None:
    marks = {"a": {"MC3": Mark((0.0, 0.0), 200.0, None)}}
    row = plain(place_figures(marks, {"a": {"MC3": FoundCentre((6.0, 8.0), 90.0, False)}}))["all"]
    assert "inside" not in row and row["median"] == 0.05
    assert row["distal_median"] == pytest.approx(0.03), "a bone that lies on its side points to the right"


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 200.0])
def test_offsets_turn_and_mirror_with_the_hand(degrees: float) -> None:
    turn = np.radians(degrees)
    distal = np.array([np.sin(turn), -np.cos(turn)])
    thumb = np.array([np.cos(turn), np.sin(turn)])  # of a left hand, to the right of where the fingers point
    x, y = np.array([50.0, 60.0]) + 3.0 * distal + 2.0 * thumb
    mark = Mark((50.0, 60.0), 10.0, None)
    assert FoundCentre((x, y), degrees, False).offset_from(mark) == pytest.approx((0.3, 0.2))
    assert FoundCentre((x, y), degrees, True).offset_from(mark) == pytest.approx((0.3, -0.2))


def test_nothing_found_and_nothing_marked() -> None:
    assert plain(place_figures({}, {})) == {"hands": 0, "without_any": 0}
    figures = plain(place_figures({"a": {"Radius": BOXED}}, {"a": {}}))
    assert figures["all"]["inside"] == 0.0 and "median" not in figures["all"]


def test_annotators_against_each_other(tmp_path: Path) -> None:
    write_boxes17(
        tmp_path,
        box_rows("a", "eval_nonexpert", shift=5.0) + box_rows("a", "eval_expert") + box_rows("b", "eval_expert"),
    )
    figures = plain(annotator_figures(tmp_path))
    assert figures["hands"] == 1 and figures["all"]["n"] == 12
    assert figures["all"]["median"] == figures["all"]["p95"] == pytest.approx(0.5)
    assert figures["all"]["inside"] == 0.0, "5 pixels to the side, of a box with 3 on either"


def _folder(folder: Path, example: Example) -> Path:
    """The example as a film of `val`, and noise as one of `train`."""
    cv2.imwrite(str(folder / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    rows = [("hand", str(example.path), "M", 100, "val"), ("noise", "noise.png", "F", 100, "train")]
    columns = ["id", "file", "sex", "bone_age_months", "split"]
    pd.DataFrame([*rows, ("unmarked", "none.png", "F", 100, "val")], columns=columns).to_csv(
        folder / "labels.csv", index=False
    )
    return folder


def test_a_folder_with_both_files(assessor: Assessor, example: Example, assessed: Assess, tmp_path: Path) -> None:
    folder = _folder(tmp_path, example)
    centres = {region.bone: region.centre for region in assessed(example).localization.regions}
    places = {KEYPOINT_OF_BONE[bone]: centres[bone] for bone in ("MC1", "MP3", "DP5")}
    write_keypoints(folder, "hand", {name: (x + 2.0, y) for name, (x, y) in places.items()})
    write_boxes17(folder, box_rows("noise", "train"))
    measured = evaluate_places(folder, assessor.localizer, "f" * 64)
    figures = plain(measured)
    joints = figures["splits"]["val"]["keypoints"]
    assert joints["hands"] == 1 and joints["all"]["found"] == 3 and list(joints["by_bone"]) == ["MC1", "MP3", "DP5"]
    assert joints["all"]["median"] == pytest.approx(2 / 200, abs=2e-4) == joints["all"]["p95"]
    boxes = figures["splits"]["train"]["ossification_boxes"]
    assert (boxes["hands"], boxes["without_any"], boxes["all"]["inside"]) == (1, 1, 0.0)
    assert figures["splits"]["val"]["ossification_boxes"] == {"hands": 0, "without_any": 0}
    assert figures["without_counterpart"] == {"ossification_boxes": ["MC1"], "keypoints": ["Radius", "Ulna"]}
    text = as_text(measured)
    assert "no counterpart: Radius, Ulna" in text and "f" * 64 in text and " MP3 " in text


def test_a_folder_with_neither_file(assessor: Assessor, example: Example, tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="bring one of these two files"):
        evaluate_places(_folder(tmp_path, example), assessor.localizer, "f" * 64)
    pd.DataFrame({"id": ["hand"], "keypoint": ["wrist"]}).to_csv(tmp_path / "keypoints21.csv", index=False)
    with pytest.raises(DataFolderError, match="has no column hand_h, v, x, y"):
        evaluate_places(tmp_path, assessor.localizer, "f" * 64)
