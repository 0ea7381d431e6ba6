"""python -m core assess: the pictures of an explanation in a folder. What it prints is tested with the command line."""

from pathlib import Path

import cv2
import numpy as np

from core.assessment.records import BoneMaps, Explanation, StageGuide
from core.commands.assess import write_maps


def test_one_grey_picture_for_each_bone_and_map(tmp_path: Path) -> None:
    maps = {
        bone: BoneMaps(bone, *(np.full((96, 96), level, np.float32) for level in (0.0, 0.2, 0.6, 1.0, 0.4)))
        for bone in ("Radius", "MC3")
    }
    write_maps(Explanation(3, 2, maps, StageGuide()), tmp_path / "new" / "maps")
    written = sorted(path.name for path in (tmp_path / "new" / "maps").iterdir())
    kinds = ("crop", "grad_cam", "residual", "sa_channel", "sa_spatial")
    assert written == sorted(f"{bone}_{kind}.png" for bone in maps for kind in kinds)
    for kind, level in (("crop", 0), ("grad_cam", 51), ("sa_spatial", 153), ("sa_channel", 255), ("residual", 102)):
        picture = cv2.imread(str(tmp_path / "new" / "maps" / f"MC3_{kind}.png"), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (96, 96) and picture.dtype == np.uint8
        assert (picture == level).all()
