"""The grader's training material."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from core.assessment import Assessor
from core.bones import RUS_BONES
from core.crops import CONTEXT_SIDE, cut_all
from core.radiograph import read_radiograph
from core.training.crop_store import (
    GROUP_BONES,
    HandCrops,
    cut_films,
    frame_exemplar,
    left_out,
    read_graded,
    to_levels,
)
from core.training.films import DataFolderError, Film
from tests.hands import Assess, Example
from tests.no_hands import noise


def test_levels() -> None:
    assert to_levels(np.array([0.0, 0.5, 1.0], np.float32)).tolist() == [0, 128, 255]


def test_hands_are_stored_and_read_back(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    hands = HandCrops(
        crops=random.integers(0, 256, (2, 13, 8, 8), np.uint8),
        found=random.random((2, 13)) < 0.5,
        months=np.array([100.5, 20.0], np.float32),
        female=np.array([0, 1]),
        ids=np.array(["a", "007"]),
    )
    hands.save(tmp_path / "hands.npz")
    again = HandCrops.load(tmp_path / "hands.npz")
    assert len(again) == 2
    for name in HandCrops.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(again, name), getattr(hands, name))


def test_films_are_cut_and_refused_ones_left_out(
    assessor: Assessor, example: Example, assessed: Assess, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), to_levels(noise()))
    films = [
        Film("noise", tmp_path / "noise.png", "M", 50.0, "train"),
        Film("hand", example.path, "F", 120.0, "train"),
    ]
    hands = cut_films(films, assessor.localizer)
    assert hands.ids.tolist() == ["hand"] and hands.months.tolist() == [120.0] and hands.female.tolist() == [1]
    assert hands.crops.shape == (1, 13, CONTEXT_SIDE, CONTEXT_SIDE) and hands.crops.dtype == np.uint8
    assert hands.found.all()
    crops = cut_all(read_radiograph(example.path), assessed(example).localization)
    for place, bone in enumerate(RUS_BONES):
        np.testing.assert_allclose(hands.crops[0, place] / 255, crops[bone], atol=0.01)


@pytest.mark.parametrize(("height", "width"), [(60, 60), (400, 300), (40, 90), (300, 30)])
def test_an_exemplar_fills_the_frame_of_a_crop(height: int, width: int) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    framed = frame_exemplar(grey)
    assert framed.shape == (CONTEXT_SIDE, CONTEXT_SIDE) and framed.dtype == np.uint8


def test_an_exemplar_is_in_the_middle_and_its_edge_goes_on() -> None:
    grey = np.full((80, 80), 60, np.uint8)
    cv2.circle(grey, (40, 40), 15, 220, -1)
    framed = frame_exemplar(grey)
    y, x = np.nonzero(framed > 0.9 * framed.max())
    assert abs(x.mean() - CONTEXT_SIDE / 2) < 2 and abs(y.mean() - CONTEXT_SIDE / 2) < 2
    radius = np.ptp(x) / 2
    assert radius == pytest.approx(15 * 1.05 * 96 / 80, abs=2), "80 pixels fill 105 % of a crop's 96"
    corner = framed[:10, :10]
    assert corner.std() < 3 and corner.mean() < framed[72, 72] / 2


def test_graded_crops_speak_for_every_bone_of_their_group(tmp_path: Path) -> None:
    rows = [
        ("a.png", "", "PP", "9", "exemplar"),
        ("b.png", "Ulna", "Ulna", "3", "exemplar"),
        ("c.png", "", "Radius", "1", "unverified"),
    ]
    for file, *_ in rows:
        cv2.imwrite(str(tmp_path / file), np.random.default_rng(0).integers(0, 256, (50, 40), np.uint8))
    table = pd.DataFrame(rows, columns=["file", "bone", "bone_group", "rus_chn_grade", "quality"])
    table.to_csv(tmp_path / "labels.csv", index=False)
    graded = read_graded(tmp_path, "exemplar")
    assert len(graded) == 3 and graded.crops.shape == (3, CONTEXT_SIDE, CONTEXT_SIDE)
    assert [RUS_BONES[bone] for bone in graded.bones] == ["PP3", "PP5", "Ulna"]
    assert graded.grades.tolist() == [9, 9, 3]
    assert len(read_graded(tmp_path, "unverified")) == 1


def _graded_table() -> pd.DataFrame:
    """Two exemplars of each of three grades, one of a fourth, and a crop of a hand, in no order."""
    rows = [
        ("b_1.png", "MC", "", 2, "exemplar"),
        ("hand.png", "MC", "MC3", 2, "unverified"),
        ("a_0.png", "MC", "", 1, "exemplar"),
        ("u_0.png", "Ulna", "", 1, "exemplar"),
        ("b_0.png", "MC", "", 2, "exemplar"),
        ("u_1.png", "Ulna", "", 1, "exemplar"),
        ("a_1.png", "MC", "", 1, "exemplar"),
        ("alone.png", "PP1", "", 4, "exemplar"),
    ]
    return pd.DataFrame(rows, columns=["file", "bone_group", "bone", "rus_chn_grade", "quality"])


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_second_of_two_exemplars_is_left_out(seed: int | None) -> None:
    table = _graded_table()
    if seed is not None:
        table = table.sample(frac=1, random_state=seed)
    assert set(table["file"][left_out(table)]) == {"a_1.png", "b_1.png", "u_1.png", "hand.png"}


def test_parts_of_the_exemplars(tmp_path: Path) -> None:
    table = _graded_table()
    for number, file in enumerate(table["file"]):
        cv2.imwrite(str(tmp_path / file), np.random.default_rng(number).integers(0, 256, (50, 40), np.uint8))
    table.to_csv(tmp_path / "labels.csv", index=False)
    trained, tested, everything = (read_graded(tmp_path, "exemplar", part) for part in ("trained", "left_out", "all"))
    assert (len(trained), len(tested), len(everything)) == (6, 5, 11)
    rows = {part: {crop.tobytes() for crop in graded.crops} for part, graded in (("a", trained), ("b", tested))}
    assert not rows["a"] & rows["b"], "no crop is in both"
    assert rows["a"] | rows["b"] == {crop.tobytes() for crop in everything.crops}
    assert sorted(tested.grades) == [1, 1, 1, 2, 2], "each grade that has two"
    assert len(read_graded(tmp_path, "unverified", "left_out")) == 1
    with pytest.raises(DataFolderError, match="no crop of quality unverified"):
        read_graded(tmp_path, "unverified", "trained")


def test_a_graded_folder_not_laid_out_as_expected(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing"):
        read_graded(tmp_path, "exemplar")
    _graded_table().drop(columns=["bone", "quality"]).to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(DataFolderError, match="no column bone, quality"):
        read_graded(tmp_path, "exemplar")


def test_groups_cover_every_bone_once() -> None:
    assert sorted(bone for bones in GROUP_BONES.values() for bone in bones) == sorted(RUS_BONES)
