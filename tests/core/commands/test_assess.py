"""python -m core assess: what it prints, what it refuses, and the pictures of an explanation in a folder."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.assessment.records import BoneMaps, Explanation, StageGuide
from core.bones import RUS_BONES
from core.commands.assess import write_maps
from core.film.radiograph import read_radiograph
from tests.films import dicom_file, dicom_film
from tests.hands import Assess, Example, two_hands_file
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
