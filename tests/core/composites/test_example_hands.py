"""The example hands: how they are made, on films that are made here, and what ships."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.composites.example_hands import make_examples
from core.composites.hand_average import TooFewHandsError
from core.hand.localizer import Localizer
from models.hand_localizer import HandLocalizer

SHIPPED = Path(__file__).resolve().parents[3] / "examples"


def test_without_enough_hands_nothing_is_made(tmp_path: Path) -> None:
    """Films of noise, and a network that has learnt nothing: no film shows a hand."""
    (tmp_path / "images").mkdir()
    random = np.random.default_rng(0)
    rows = []
    for number, sex in enumerate("FFM"):
        cv2.imwrite(str(tmp_path / f"images/{number}.png"), random.integers(0, 256, (96, 80), np.uint8))
        rows.append(
            {"id": number, "file": f"images/{number}.png", "sex": sex, "bone_age_months": 120, "split": "train"}
        )
    pd.DataFrame(rows).to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(TooFewHandsError, match=r"^Only 0 of 2 films of sex F within 6 months of 120 months .* 8 "):
        make_examples(tmp_path, tmp_path / "out", Localizer(HandLocalizer()), [("F", 120.0)])
    assert not (tmp_path / "out").exists()


def test_what_ships_covers_both_sexes_and_the_ages() -> None:
    entries = json.loads((SHIPPED / "examples.json").read_text(encoding="utf-8"))
    assert len(entries) >= 6 and {entry["sex"] for entry in entries} == {"F", "M"}
    ages = [entry["age_years"] for entry in entries]
    assert min(ages) < 5 and max(ages) > 15
    for entry in entries:
        # Nothing that could lead back to a film: these fields and no others.
        assert set(entry) == {"file", "sex", "age_years", "hands", "title"}
        assert entry["hands"] >= 8
        child = "Girl" if entry["sex"] == "F" else "Boy"
        assert entry["title"] == f"{child}, about {round(entry['age_years'])} years (average of {entry['hands']} hands)"
    assert {entry["file"] for entry in entries} == {path.name for path in SHIPPED.glob("*.png")}


def test_what_ships_is_small_8_bit_grey_on_black() -> None:
    for path in SHIPPED.glob("*.png"):
        assert path.stat().st_size <= 500_000
        with Image.open(path) as picture:
            assert picture.mode == "L" and picture.size == (720, 960) and not picture.info
            greys = np.asarray(picture)
        frame = np.concatenate([greys[:10].ravel(), greys[:, :10].ravel(), greys[:, -10:].ravel()])
        assert frame.max() == 0 and greys.max() >= 250
