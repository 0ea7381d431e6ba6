"""Exemplars in our crops' frame: a turned and scaled picture of a known shape comes back upright; half are left out."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.cohort.crop_store import HandCrops
from core.cohort.exemplar_frame import (
    MEAN_CROPS,
    check_graded,
    find_frame,
    left_out,
    load_mean_crops,
    mean_crops,
    read_graded,
    reframe,
)
from core.cohort.films import DataFolderError
from core.hand.crops import CONTEXT_SIDE, CROP_SIDE
from tests.graded import COLUMNS, crops_of_hands, write_graded

_MARGIN = (CONTEXT_SIDE - CROP_SIDE) // 2


def _bone() -> NDArray[np.uint8]:
    """A crop with margin: a shaft that widens towards a plate, and a cap beyond it."""
    picture = np.full((CONTEXT_SIDE, CONTEXT_SIDE), 30, np.uint8)
    shaft = np.array([[62, 143], [82, 143], [86, 84], [58, 84]], np.int32)
    cv2.fillPoly(picture, [shaft], 200)
    cv2.ellipse(picture, (72, 72), (17, 7), 0, 0, 360, 230, -1)
    cv2.circle(picture, (72, 36), 14, 120, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)


def _hands(count: int) -> HandCrops:
    return dataclasses.replace(crops_of_hands(count), crops=np.tile(_bone(), (count, 13, 1, 1)))


@pytest.fixture(scope="module")
def means() -> dict[str, NDArray[np.uint8]]:
    return mean_crops(_hands(40))


def test_means_are_by_bone_and_age(means: dict[str, NDArray[np.uint8]]) -> None:
    assert list(means) == list(RUS_BONES)
    inner = _bone()[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    half = cv2.resize(inner, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for bone in RUS_BONES:
        assert means[bone].shape == (5, CROP_SIDE // 2, CROP_SIDE // 2) and means[bone].dtype == np.uint8
        np.testing.assert_allclose(means[bone][2].astype(int), half.astype(int), atol=1)


def test_no_mean_of_fewer_than_eight_hands() -> None:
    assert len(mean_crops(_hands(17))["Ulna"]) == 2
    with pytest.raises(DataFolderError, match="at least 8 hands"):
        mean_crops(_hands(7))


@pytest.mark.parametrize(("bone", "degrees", "zoom"), [("MP3", 17.0, 1.15), ("DP1", -52.0, 1.0), ("Radius", 0.0, 0.85)])
def test_a_turned_and_scaled_exemplar_comes_back_upright(
    means: dict[str, NDArray[np.uint8]], bone: str, degrees: float, zoom: float
) -> None:
    matrix = cv2.getRotationMatrix2D((CONTEXT_SIDE / 2, CONTEXT_SIDE / 2), degrees, zoom)
    turned = cv2.warpAffine(_bone(), matrix, (CONTEXT_SIDE, CONTEXT_SIDE), borderMode=cv2.BORDER_REPLICATE)
    inner = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    cut_out = np.ascontiguousarray(turned[inner], np.uint8)
    frame = find_frame(cut_out, means[bone], bone)
    assert frame.degrees == pytest.approx(-degrees, abs=4)
    assert frame.fit > 0.9
    framed = reframe(cut_out, frame)
    assert framed.shape == (CONTEXT_SIDE, CONTEXT_SIDE) and framed.dtype == np.uint8
    before = np.corrcoef(cut_out.ravel(), _bone()[inner].ravel())[0, 1]
    after = np.corrcoef(framed[inner].ravel(), _bone()[inner].ravel())[0, 1]
    assert after > 0.85 and after > before


def test_what_fits_nowhere_stays_where_it_is(means: dict[str, NDArray[np.uint8]]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 70), dtype=np.uint8)
    frame = find_frame(noise, means["PP5"], "PP5")
    assert np.hypot(frame.x, frame.y) < 0.15 and 0.8 < frame.zoom < 1.4


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
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_second_of_two_exemplars_is_left_out(seed: int | None) -> None:
    table = _graded_table()
    if seed is not None:
        table = table.sample(frac=1, random_state=seed)
    assert set(table["file"][left_out(table)]) == {"a_1.png", "b_1.png", "u_1.png", "hand.png"}


def test_parts_of_the_exemplars(tmp_path: Path) -> None:
    table = _graded_table()
    write_graded(tmp_path, table)
    trained, tested, everything = (read_graded(tmp_path, "exemplar", part) for part in ("trained", "left_out", "all"))
    assert (len(trained), len(tested), len(everything)) == (6, 5, 11)
    rows = {part: {crop.tobytes() for crop in graded.crops} for part, graded in (("a", trained), ("b", tested))}
    assert not rows["a"] & rows["b"], "no crop is in both"
    assert rows["a"] | rows["b"] == {crop.tobytes() for crop in everything.crops}
    assert sorted(tested.grades) == [1, 1, 1, 2, 2], "each grade that has two"
    assert [RUS_BONES[bone] for bone in everything.bones].count("MC5") == 4, "a group speaks for each of its bones"
    assert len(read_graded(tmp_path, "unverified", "left_out")) == 1
    with pytest.raises(DataFolderError, match="no crop of quality unverified"):
        read_graded(tmp_path, "unverified", "trained")


def test_a_graded_folder_not_laid_out_as_expected(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match=r"labels\.csv is missing"):
        read_graded(tmp_path, "exemplar")
    _graded_table().drop(columns=["bone", "quality"]).to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(DataFolderError, match="no column bone, quality"):
        read_graded(tmp_path, "exemplar")


@pytest.mark.parametrize(
    ("group", "bone", "grade", "message"),
    [
        ("MCX", "", "1", r"a\.png is not a bone or group of bones that is graded"),
        ("MC", "MC2", "1", r"a\.png is not a bone"),
        ("MC", "", "99", r"the grade of a\.png must be 1 to 10, and is '99'"),
        ("Ulna", "Ulna", "6b", r"must be 1 to 12, and is '6b'"),
        ("PP", "PP3", "", r"must be 1 to 12, and is ''"),
        ("PP", "PP3", "0", r"must be 1 to 12, and is '0'"),
    ],
)
def test_a_row_that_cannot_be(tmp_path: Path, group: str, bone: str, grade: str, message: str) -> None:
    write_graded(tmp_path, pd.DataFrame([("a.png", group, bone, grade, "exemplar")], columns=COLUMNS))
    for read in (check_graded, lambda folder: read_graded(folder, "exemplar")):
        with pytest.raises(DataFolderError, match=message):
            read(tmp_path)


def test_the_shipped_means_are_of_every_bone() -> None:
    means = load_mean_crops()
    assert list(means) == list(RUS_BONES) and MEAN_CROPS.stat().st_size < 2**20
    for bone in RUS_BONES:
        assert means[bone].shape == (5, CROP_SIDE // 2, CROP_SIDE // 2) and means[bone].std() > 10
