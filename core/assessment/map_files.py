"""Writes an explanation's pictures to a folder."""

from pathlib import Path

import cv2
import numpy as np

from core.assessment.explain import Explanation


def write_maps(explanation: Explanation, folder: Path) -> None:
    """One 8-bit grey PNG for each bone and map, e.g. MC3_grad_cam.png; level 255 is 1.0 on the map's own scale."""
    folder.mkdir(parents=True, exist_ok=True)
    for bone, maps in explanation.maps.items():
        for name in ("crop", "grad_cam", "sa_spatial", "sa_channel"):
            levels = np.round(getattr(maps, name) * 255).astype(np.uint8)
            (folder / f"{bone}_{name}.png").write_bytes(cv2.imencode(".png", levels)[1].tobytes())
