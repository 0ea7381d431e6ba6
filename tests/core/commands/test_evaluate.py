"""python -m core evaluate, evaluate-grades, evaluate-places and evaluate-refusals, on the example hands."""

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.bones import RUS_BONES
from core.hand.crops import CROP_SIDE
from models.registry import load_whole_hands
from tests.hands import Assess, Example, shipped_examples, write_boxes
from tests.no_hands import noise


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def printed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def hands(tmp_path: Path, assessed: Assess) -> Path:
    """The first three examples, each labelled two months older than it is read, with its thumb's joints marked."""
    labels, points = [], []
    for example in shipped_examples()[:3]:
        assessment = assessed(example)
        assert assessment.bone_age_months is not None
        shutil.copy(example.path, tmp_path)
        film = example.path.stem
        labels.append((film, example.path.name, example.sex, assessment.bone_age_months + 2.0))
        centres = {region.bone: region.centre for region in assessment.localization.regions}
        for name, bone in (("thumb1", "MC1"), ("thumb2", "PP1"), ("thumb3", "DP1")):
            x, y = centres[bone]
            points.append((film, name, x, y + 5.0, 2, 100.0))
    pd.DataFrame(labels, columns=["id", "file", "sex", "bone_age_months"]).to_csv(tmp_path / "labels.csv", index=False)
    columns = ["id", "keypoint", "x", "y", "v", "hand_h"]
    pd.DataFrame(points, columns=columns).to_csv(tmp_path / "keypoints21.csv", index=False)
    return tmp_path


def test_every_figure_is_in_the_json_and_the_pictures_are_written(hands: Path, tmp_path: Path) -> None:
    kept = tmp_path / "errors.json"
    figures = printed(run("evaluate", "--data", hands, "--json", "--figures", tmp_path / "pictures", "--keep", kept))
    assert json.loads(kept.read_text()) == figures["alike"], "what the app reads"
    assert figures["alike"] == {"split": None, "weights": figures["weights"], "groups": []}, "too few hands to be alike"
    assert figures["data"] == {"split": None, "hands": 3}
    assert sum(row["all"]["n"] for row in figures["age_by_year"].values()) == 3
    assert all(row["all"]["mae_months"] == pytest.approx(2.0, abs=0.01) for row in figures["age_by_year"].values())
    assert set(figures["small_children"]["grade0_by_bone"]) == set(RUS_BONES)
    assert figures["grade_against_age"]["all"]["Radius"]["n"] == 3
    assert figures["interval90"]["male"]["answered"] + figures["interval90"]["female"]["answered"] == 3
    ninety = next(row for row in figures["reliability"] if row["nominal"] == 0.9)
    assert ninety == {"nominal": 0.9} | {k: v for k, v in figures["interval90"].items() if k not in ("male", "female")}
    assert (tmp_path / "pictures" / "reliability.svg").is_file()


def test_a_refused_film_counts_as_one_that_was_not_answered(assessed: Assess, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    examples = shipped_examples()[:2]
    labels, boxes = [], []
    for example in examples:
        assessment = assessed(example)
        assert assessment.bone_age_months is not None
        shutil.copy(example.path, tmp_path)
        labels.append((example.path.stem, example.path.name, example.sex, assessment.bone_age_months + 2.0))
        for bone, graded in assessment.bones.items():
            assert graded is not None
            boxes.append((example.path.stem, bone, *graded.box))
    labels.append(("noise", "noise.png", "F", 100.0))
    pd.DataFrame(labels, columns=["id", "file", "sex", "bone_age_months"]).to_csv(tmp_path / "labels.csv", index=False)
    write_boxes(tmp_path, boxes)

    result = run("evaluate", "--data", tmp_path, "--split", "val", "--json")  # there is no split column: all rows
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["data"]["hands"] == 3
    assert figures["refused"] == ["noise"] and figures["refusal_reasons"] == {"noise": "not_a_hand"}
    everyone = figures["age"]["all"]
    assert (everyone["n"], everyone["answered"]) == (3, 2)
    assert everyone["within_12_months"] == pytest.approx(2 / 3, abs=1e-4)
    assert everyone["mae_months"] == pytest.approx(2.0, abs=0.01)
    assert everyone["bias_months"] == pytest.approx(-2.0, abs=0.01)
    place = figures["localization"]
    assert place["hands"] == 2 and place["all_found"] == pytest.approx(2 / 3, abs=1e-4)
    assert place["mean_iou"] == pytest.approx(1.0, abs=1e-3)
    assert place["hit_rate_iou50"] == 1 and place["map50"] == 1
    assert figures["interval90"]["answered"] == 2
    assert set(figures["weights"]) == {"localizer", "grader", *load_whole_hands()}


def test_every_second_film(hands: Path) -> None:
    figures = printed(run("evaluate", "--data", hands, "--json", "--every", "2"))
    assert figures["data"] == {"split": None, "hands": 2, "every": 2}


def test_pictures_that_cannot_be_written(hands: Path) -> None:
    result = run("evaluate", "--data", hands, "--every", "3", "--figures", hands / "labels.csv")
    assert result.exit_code == 2
    assert "Choose another folder." in result.stderr and result.stdout == ""
    result = run("evaluate", "--data", hands, "--every", "3", "--keep", hands / "none" / "errors.json")
    assert result.exit_code == 2 and "Choose another file." in result.stderr


def test_places(hands: Path) -> None:
    figures = printed(run("evaluate-places", "--data", hands, "--json"))
    joints = figures["splits"]["all"]["keypoints"]
    assert (joints["hands"], joints["all"]["n"], joints["all"]["found"]) == (3, 9, 9)
    assert joints["all"]["median"] == pytest.approx(0.05, abs=1e-3)
    assert len(figures["weights"]["localizer"]) == 64
    assert "no counterpart" in run("evaluate-places", "--data", hands, "--every", "3").stdout


@pytest.fixture
def crops(tmp_path: Path, example: Example, example_crops: dict[str, np.ndarray[Any, Any]], assessed: Assess) -> Path:
    """The example's crops with the grades that it was given, as unverified; two exemplars of one grade."""
    rows = []
    for bone, crop in example_crops.items():
        margin = (len(crop) - CROP_SIDE) // 2
        inner = np.round(crop[margin:-margin, margin:-margin] * 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{bone}.png"), inner)
        graded = assessed(example).bones[bone]
        assert graded is not None
        rows.append((f"{bone}.png", bone.rstrip("35"), bone, graded.grade, "unverified"))
    rows += [(f"{bone}.png", "PP", "", 5, "exemplar") for bone in ("PP3", "PP5")]
    columns = ["file", "bone_group", "bone", "rus_chn_grade", "quality"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path


def test_grades(crops: Path) -> None:
    figures = printed(run("evaluate-grades", "--data", crops, "--json"))
    assert figures["data"] == {"quality": "unverified", "part": "left_out", "crops": 13, "trained_on": False}
    assert list(figures["by_bone"]) == list(RUS_BONES) and figures["all"]["n"] == 13
    assert figures["all"]["within_one"] >= 0.75, "its own grades, of crops that are framed nearly the same"
    exemplars = printed(run("evaluate-grades", "--data", crops, "--json", "--quality", "exemplar", "--part", "all"))
    assert exemplars["data"]["crops"] == 4 and list(exemplars["by_bone"]) == ["PP3", "PP5"]
    assert "13 crops with a grade" in run("evaluate-grades", "--data", crops).stdout


def test_refusals(tmp_path: Path, hands: Path) -> None:
    """Of the pictures, an example gets an age and noise is refused; of the hands, all get one."""
    data = tmp_path / "data"
    pictures = data / "not_for_reading"
    pictures.mkdir(parents=True)
    shutil.copytree(hands, data / "hands", ignore=shutil.ignore_patterns("data"))
    cv2.imwrite(str(pictures / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    shutil.copy(shipped_examples()[0].path, pictures / "hand.png")
    (pictures / "labels.csv").write_text("file,kind\nnoise.png,no hand\nhand.png,hand\n")
    figures = printed(run("evaluate-refusals", "--data", data, "--json"))
    assert (figures["rows"], figures["split"], figures["refused_hands"]) == ("all", None, [])
    refused = figures["kinds"]["no hand"]
    assert (refused["n"], refused["refused"], refused["reasons"]) == (1, 1, {"not_a_hand": 1})
    assert figures["kinds"]["hand"]["age"] == 1 and figures["aged"] == {"hand": ["hand.png"], "no hand": []}
    assert figures["hands"]["n"] == 3 and figures["hands"]["refused"] == 0
    text = run("evaluate-refusals", "--data", data, "--rows", "odd", "--every", "3").stdout
    assert "hand with an age: hand.png" in text and "no hand" not in text and "rows odd" in text


@pytest.mark.parametrize("command", ["evaluate", "evaluate-grades", "evaluate-places", "evaluate-refusals"])
def test_without_a_folder(command: str, tmp_path: Path) -> None:
    result = run(command, "--data", tmp_path / "none")
    assert result.exit_code == 2
    sentence = result.stderr.strip()
    assert "labels.csv is missing" in sentence and "\n" not in sentence and result.stdout == ""


@pytest.mark.parametrize(
    ("option", "value", "choices"),
    [("--quality", "good", "'unverified', 'exemplar'"), ("--part", "half", "'all', 'trained', 'left_out'")],
)
def test_options_that_do_not_exist(option: str, value: str, choices: str, tmp_path: Path) -> None:
    arguments = ["evaluate-grades", "--data", str(tmp_path), option, value]
    result = CliRunner().invoke(cli, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 2 and f"'{value}' is not one of {choices}." in result.stderr
