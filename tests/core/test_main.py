"""The command line."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.bones import RUS_BONES
from core.film.radiograph import read_radiograph
from models.registry import load_whole_hands
from tests.films import dicom_file, dicom_film
from tests.hands import Assess, Example, shipped_examples, two_hands_file, write_boxes
from tests.no_hands import noise


def run(*arguments: str | Path) -> Result:
    """Runs the command line in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def one_sentence(text: str) -> str:
    """The text, which must be a single sentence on one line."""
    sentence = text.strip()
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence and len(sentence) > 20
    return sentence


@pytest.fixture
def noisy_file(tmp_path: Path) -> Path:
    """A picture of noise."""
    cv2.imwrite(str(tmp_path / "noise.png"), np.round(noise() * 255).astype(np.uint8))
    return tmp_path / "noise.png"


def test_assess_as_json_with_maps(example: Example, assessed: Assess, tmp_path: Path) -> None:
    result = run("assess", example.path, "--sex", example.sex, "--json", "--maps", tmp_path / "maps")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    expected = json.loads(json.dumps(assessed(example).to_dict()))
    assert {**document, "seconds": 0} == {**expected, "seconds": 0}
    assert list(document["bones"]) == list(RUS_BONES)
    for bone in document["bones"].values():
        assert {"box", "grade", "label", "probabilities", "confidence"} <= bone.keys()
    for key in ("rus_chn", "tw3_rus", "tw3_c_rus"):
        assert {"total", "age_years", "interval90_years"} <= document["standards"][key].keys()
    assert {"bone_age_months", "interval90_months", "consensus90_months", "checks", "weights"} <= document.keys()
    (low, high), (lower, upper) = document["consensus90_months"], document["interval90_months"]
    assert lower < low < document["bone_age_months"] < high < upper
    pictures = sorted((tmp_path / "maps").iterdir())
    assert len(pictures) == 65 and all(picture.suffix == ".png" for picture in pictures)


def test_assess_for_people(example: Example) -> None:
    result = run("assess", example.path, "--sex", example.sex)
    assert result.exit_code == 0, result.output
    assert all(bone in result.stdout for bone in RUS_BONES)
    assert "What six readers would agree on" in result.stdout
    assert "90 % interval" in result.stdout and "Research use only" in result.stdout


def test_a_refused_film(noisy_file: Path) -> None:
    result = run("assess", noisy_file, "--sex", "M", "--json")
    assert result.exit_code == 3
    assert "No hand could be recognised" in one_sentence(result.stderr)
    assert json.loads(result.stdout)["refused"] == "not_a_hand"


def test_a_missing_file(tmp_path: Path) -> None:
    result = run("assess", tmp_path / "none.png", "--sex", "M")
    assert result.exit_code == 3
    one_sentence(result.stderr)
    assert result.stdout == ""


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("no picture")
    result = run("assess", tmp_path / "notes.png", "--sex", "F")
    assert result.exit_code == 3
    one_sentence(result.stderr)


def test_a_sex_that_nobody_says(example: Example) -> None:
    result = run("assess", example.path)
    assert result.exit_code == 2
    assert "does not say the child's sex" in one_sentence(result.stderr)


def test_what_the_file_states(example: Example, assessed: Assess, tmp_path: Path) -> None:
    """An example squeezed to 60 % of its width, as a DICOM that says so, with its sex and an age."""
    levels = np.round(read_radiograph(example.path).pixels * 4095)
    squeezed = cv2.resize(levels, (round(levels.shape[1] * 0.6), levels.shape[0]), interpolation=cv2.INTER_AREA)
    film = dicom_film(squeezed.astype(np.uint16), PatientSex=example.sex, PatientAge="100M", PixelSpacing=[0.12, 0.2])
    (tmp_path / "film.dcm").write_bytes(dicom_file(film))
    result = run("assess", tmp_path / "film.dcm", "--json")
    assert result.exit_code == 0, result.output
    document, whole = json.loads(result.stdout), assessed(example)
    assert document["sex"] == example.sex and document["film"]["age_months"] == 100
    assert abs(document["bone_age_months"] - (whole.bone_age_months or 0)) < 1.5
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["stated_sex"]["passed"] and "resampled" in checks["square_pixels"]["message"]


def test_of_two_hands_the_one_that_is_asked_for_is_read(example: Example, assessed: Assess, tmp_path: Path) -> None:
    result = run("assess", two_hands_file(example, tmp_path), "--sex", example.sex, "--hand", "right", "--json")
    assert result.exit_code == 0, result.output
    document, alone = json.loads(result.stdout), assessed(example)
    assert document["film"]["laterality"] == "R"
    assert [hand["laterality"] for hand in document["other_hands"]] == ["L"]
    (check,) = (check for check in document["checks"] if check["name"] == "one_hand")
    assert not check["passed"] and "the right one was read" in check["message"]
    assert abs(document["bone_age_months"] - (alone.bone_age_months or 0)) < 3


@pytest.mark.parametrize("arguments", [["--sex", "girl"], ["--sex", "m"], ["--sex", "F", "--hand", "both"]])
def test_a_wrong_choice_is_a_usage_error(example: Example, arguments: list[str]) -> None:
    result = run("assess", example.path, *arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr


def test_evaluate(assessed: Assess, noisy_file: Path, tmp_path: Path) -> None:
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
    labels.append(("noise", noisy_file.name, "F", 100.0))
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


def test_evaluate_without_a_folder(tmp_path: Path) -> None:
    result = run("evaluate", "--data", tmp_path / "none")
    assert result.exit_code == 2
    sentence = result.stderr.strip()
    assert "labels.csv is missing" in sentence and "\n" not in sentence


@pytest.mark.parametrize("program", ["localizer", "examples"])
def test_training_without_a_folder(program: str, tmp_path: Path) -> None:
    where = ["--run", tmp_path / "run"] if program == "localizer" else ["--out", tmp_path / "out"]
    result = run("train", program, "--data", tmp_path / "none", *where)
    assert result.exit_code == 2
    assert "labels.csv is missing" in result.stderr


def test_help() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(command in result.stdout for command in ("assess", "evaluate", "train"))
