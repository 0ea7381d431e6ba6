"""Exemplars in our crops' frame: a turned and scaled picture of a known shape comes back upright; half are left out."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES
from core.crops import CONTEXT_SIDE, CROP_SIDE
from core.training.crop_store import HandCrops
from core.training.exemplar_frame import (
    MEAN_CROPS,
    find_frame,
    framed_crops,
    load_mean_crops,
    mean_crops,
    reframe,
)

_MARGIN = (CONTEXT_SIDE - CROP_SIDE) // 2


def _bone() -> NDArray[np.uint8]:
    """A crop with margin: a shaft that widens towards a plate, and a cap beyond it."""
    picture = np.full((CONTEXT_SIDE, CONTEXT_SIDE), 30, np.uint8)
    shaft = np.array([[62, 143], [82, 143], [86, 84], [58, 84]], np.int32)
    cv2.fillPoly(picture, [shaft], 200)
    cv2.ellipse(picture, (72, 72), (17, 7), 0, 0, 360, 230, -1)
    cv2.circle(picture, (72, 36), 14, 120, -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), np.uint8)


@pytest.fixture(scope="module")
def means() -> dict[str, NDArray[np.uint8]]:
    crops = np.tile(_bone(), (10, 13, 1, 1))
    hands = HandCrops(
        months=np.arange(10, dtype=np.float32),
        female=np.zeros(10, np.int64),
        ids=np.arange(10).astype(str),
        crops=crops,
        found=np.ones((10, 13), bool),
    )
    return mean_crops(hands)


def test_means_are_by_bone_and_age(means: dict[str, NDArray[np.uint8]]) -> None:
    assert list(means) == list(RUS_BONES)
    inner = _bone()[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    half = cv2.resize(inner, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for bone in RUS_BONES:
        assert means[bone].shape == (5, CROP_SIDE // 2, CROP_SIDE // 2) and means[bone].dtype == np.uint8
        np.testing.assert_allclose(means[bone][2].astype(int), half.astype(int), atol=1)


@pytest.mark.parametrize(("bone", "degrees", "zoom"), [("MP3", 17.0, 1.15), ("DP1", -52.0, 1.0), ("Radius", 0.0, 0.85)])
def test_a_turned_and_scaled_exemplar_comes_back_upright(
    means: dict[str, NDArray[np.uint8]], bone: str, degrees: float, zoom: float
) -> None:
    matrix = cv2.getRotationMatrix2D((CONTEXT_SIDE / 2, CONTEXT_SIDE / 2), degrees, zoom)
    turned = cv2.warpAffine(_bone(), matrix, (CONTEXT_SIDE, CONTEXT_SIDE), borderMode=cv2.BORDER_REPLICATE)
    frame = find_frame(np.asarray(turned, np.uint8), means[bone], bone)
    assert frame.degrees == pytest.approx(-degrees, abs=4)
    assert frame.fit > 0.9
    framed = reframe(np.asarray(turned, np.uint8), frame)
    assert framed.shape == (CONTEXT_SIDE, CONTEXT_SIDE) and framed.dtype == np.uint8
    inner = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    before = np.corrcoef(turned[inner].ravel(), _bone()[inner].ravel())[0, 1]
    after = np.corrcoef(framed[inner].ravel(), _bone()[inner].ravel())[0, 1]
    assert after > 0.85 and after > before


def test_half_of_the_exemplars_are_left_out_and_each_speaks_for_its_group(
    means: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    rows = [
        ("PP_09_0.png", "", "PP", "9", "exemplar"),
        ("PP_09_1.png", "", "PP", "9", "exemplar"),
        ("Ulna_03_0.png", "Ulna", "Ulna", "3", "exemplar"),
        ("hand.png", "Radius", "Radius", "1", "unverified"),
    ]
    for number, (file, *_) in enumerate(rows):
        picture = cv2.resize(_bone(), (60, 60))
        picture[:6, :6] = 60 * number
        cv2.imwrite(str(tmp_path / file), picture)
    table = pd.DataFrame(rows, columns=["file", "bone", "bone_group", "rus_chn_grade", "quality"])
    table.to_csv(tmp_path / "labels.csv", index=False)
    every = framed_crops(tmp_path, "exemplar", "all", means)
    trained = framed_crops(tmp_path, "exemplar", "trained", means)
    left_out = framed_crops(tmp_path, "exemplar", "left_out", means)
    assert [RUS_BONES[bone] for bone in every.bones] == ["PP3", "PP5", "PP3", "PP5", "Ulna"]
    assert every.grades.tolist() == [9, 9, 9, 9, 3]
    assert [RUS_BONES[bone] for bone in trained.bones] == ["PP3", "PP5", "Ulna"]
    assert [RUS_BONES[bone] for bone in left_out.bones] == ["PP3", "PP5"]
    assert not (trained.crops[0] == left_out.crops[0]).all(), "the same exemplar is trained on and left out"
    assert len(framed_crops(tmp_path, "unverified", "all", means)) == 1


def test_the_shipped_means_are_of_every_bone() -> None:
    means = load_mean_crops()
    assert list(means) == list(RUS_BONES) and MEAN_CROPS.stat().st_size < 2**20
    for bone in RUS_BONES:
        assert means[bone].shape == (5, CROP_SIDE // 2, CROP_SIDE // 2) and means[bone].std() > 10
