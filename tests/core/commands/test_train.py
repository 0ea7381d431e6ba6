"""python -m core train whole-hand and opinions, as a person calls them: what is wrong is said at once."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from tests.hands import write_data_folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["whole-hand", "--data", "none"], "labels.csv is missing"),
        (["localizer", "--data", "none", "--run", "run"], "labels.csv is missing"),
        (["examples", "--data", "none", "--out", "out"], "labels.csv is missing"),
        (["whole-hand", "--data", "hands", "--small", "none.npz"], "none.npz is missing: name the .npz"),
        (["whole-hand", "--data", "hands", "--small", "other.npz"], "other.npz is not a file of small hands"),
        (
            ["whole-hand", "--data", "hands", "--encoder", "efficientnet_lite0", "--finest", "128"],
            "give --finest 256 or more",
        ),
        (["whole-hand", "--data", "hands", "--opinions", "none.csv"], "none.csv is missing. Name the table"),
        (["whole-hand", "--data", "hands", "--opinions", "seen.csv"], "names the SHA-256 of each network"),
        (["whole-hand", "--data", "hands", "--opinions", "seen.csv", "--opinion-weight", "2"], "up to 1, not 2"),
        (["grader", "--data", ".", "--opinions", "seen.csv"], "names the SHA-256 of each network"),
        (["opinions", "--data", "hands", "--out", "out.csv"], "has left out a hand: train one there with --leave-out even"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_data_folder(tmp_path / "hands", 2)
    np.savez(tmp_path / "other.npz", windows=np.zeros(3))
    (tmp_path / "seen.csv").write_text("id,months,unseen_by\nh0,100,\n")
    result = CliRunner().invoke(cli, ["train", *arguments])
    assert result.exit_code == 2
    sentence = result.stderr.strip()
    assert message in sentence and sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence


def test_choices_that_there_are_not() -> None:
    for option, value in (("--leave-out", "some"), ("--finest", "300"), ("--minutes", "0")):
        arguments = ["train", "whole-hand", "--data", "none", option, value]
        result = CliRunner().invoke(cli, arguments, env={"COLUMNS": "300"})
        assert result.exit_code == 2 and option in result.stderr
