"""The localiser's own boxes."""

from pathlib import Path

import cv2
import numpy as np

from core.assessment.assessor import Assessor
from core.bones import ALL_BONES
from core.cohort.films import Film
from core.training.localizer.pseudo_boxes import pseudo_boxes
from tests.hands import Assess, Example
from tests.no_hands import noise


def test_upright_hands_are_boxed_where_their_bones_are(
    assessor: Assessor, example: Example, assessed: Assess, tmp_path: Path
) -> None:
    picture = cv2.imread(str(example.path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    cv2.imwrite(str(tmp_path / "turned.png"), picture[::-1, ::-1])
    cv2.imwrite(str(tmp_path / "inverted.png"), 255 - picture)
    paths = {"upright": example.path} | {name: tmp_path / f"{name}.png" for name in ("noise", "turned", "inverted")}
    boxes = pseudo_boxes([Film(name, path, "F", 100.0, "train") for name, path in paths.items()], assessor.localizer)

    assert list(boxes) == ["upright"], "only an upright film with bone bright is worth learning from"
    boxed = boxes["upright"]
    assert boxed.shape == (21, 4)
    sure = ~np.isnan(boxed).any(1)
    assert sure.sum() >= 18
    found = assessed(example).localization
    middles = (boxed[:, :2] + boxed[:, 2:]) / 2
    np.testing.assert_allclose(middles[sure], found.all_centres[sure], atol=0.5)
    size = (boxed[:, 2:] - boxed[:, :2]) / found.regions[0].size
    assert (size[sure] > 0.1).all() and (size[sure] < 1).all()
    assert size[ALL_BONES.index("Radius"), 0] > size[ALL_BONES.index("DP5"), 0]


def test_what_the_network_is_not_sure_of_is_left_out(assessor: Assessor, example: Example, tmp_path: Path) -> None:
    picture = cv2.imread(str(example.path), cv2.IMREAD_GRAYSCALE)
    found = pseudo_boxes([Film("whole", example.path, "M", 100.0, "train")], assessor.localizer)["whole"]
    x0, _, x1, y1 = np.nan_to_num(found[ALL_BONES.index("DP3")]).astype(int)
    picture[: y1 + 5, x0 - 10 : x1 + 10] = 0  # the middle finger's tip is hidden
    cv2.imwrite(str(tmp_path / "hidden.png"), picture)
    boxes = pseudo_boxes([Film("hidden", tmp_path / "hidden.png", "M", 100.0, "train")], assessor.localizer)
    hidden = boxes.get("hidden")
    assert hidden is None or np.isnan(hidden[ALL_BONES.index("DP3")]).all()
