"""python -m core train convert-rsna and all, as a person calls them."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.cohort.films import read_films
from core.training.loop.device import CPU
from core.training.programs import full_set
from tests.graded import COLUMNS, write_graded


def run(*arguments: str | Path) -> Result:
    """Runs one of the training commands in this process."""
    return CliRunner().invoke(cli, ["train", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A download of twelve pictures, one of which is missing."""
    folder = tmp_path / "download"
    (folder / "boneage-training-dataset").mkdir(parents=True)
    random = np.random.default_rng(0)
    for film in range(1, 12):
        grey = random.integers(0, 256, (80, 64), np.uint8)
        cv2.imwrite(str(folder / f"boneage-training-dataset/{film}.png"), grey)
    table = pd.DataFrame({"id": range(1, 13), "boneage": 100, "male": True})
    table.to_csv(folder / "boneage-training-dataset.csv", index=False)
    return folder


def test_convert(source: Path, tmp_path: Path) -> None:
    result = run("convert-rsna", "--source", source, "--out", tmp_path / "out", "--workers", "1")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith('There is no "Validation Dataset.csv"')
    assert lines[1] == "Left out: 12. There is no picture of this id."
    folder = tmp_path / "out"
    assert lines[2] == (
        f"11 films are in {folder} (10 train, 1 val, 0 test); 1 were left out, see {folder / 'left_out.csv'}."
    )


def test_one_command_converts_and_trains(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    monkeypatch.setattr(full_set, "make_all", lambda *arguments: trained.append(arguments) or False)
    folder, graded = tmp_path / "rsna", tmp_path / "graded"
    graded.mkdir()
    write_graded(graded, pd.DataFrame([("a.png", "MC", "", 1, "exemplar")], columns=COLUMNS))
    result = run(
        "all", "--source", source, "--data", folder, "--run", tmp_path / "run", "--device", "cpu", "--exemplars", graded,
        "--workers", "1",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(read_films(folder, "train")) == 10
    assert result.stdout.strip().endswith("--split val"), "this download has no films of the split test"
    assert trained == [(folder, tmp_path / "run", full_set.full_set_recipe(), CPU, graded, 1)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["convert-rsna", "--source", "none", "--out", "out"], "There is no folder none"),
        (["all", "--data", "none"], "labels.csv is missing"),
        (["all", "--data", "out", "--source", "none"], "There is no folder none"),
        (["all", "--data", "none", "--device", "cuda"], "PyTorch sees no GPU"),
        (["all", "--data", "none", "--boxes", "drawn"], "--boxes goes with --source"),
        (["all", "--data", "none", "--exemplars", "nowhere"], "labels.csv is missing. Point at a folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = run(*arguments)
    assert result.exit_code == 2
    sentence = result.stderr.strip()
    assert message in sentence and sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence


def test_a_device_that_does_not_exist() -> None:
    arguments = ["train", "all", "--data", "none", "--device", "tpu"]
    result = CliRunner().invoke(cli, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 2 and "'tpu' is not one of 'auto', 'cpu', 'cuda'." in result.stderr
