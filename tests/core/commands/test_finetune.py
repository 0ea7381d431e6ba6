"""python -m core finetune, as a person calls it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.commands import finetune as commands

_run = CliRunner().invoke


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--device", "cpu"], "save a reading first."),
        (["--dataset", "a", "--ledger", "b"], "name an export with --dataset, or a ledger with --ledger."),
        (
            ["--dataset", "nowhere", "--device", "cpu"],
            "nowhere has no readable manifest.json: choose an export.",
        ),
        (["--dataset", __file__, "--device", "cpu"], "test_finetune.py is not a zip, or is damaged: take the export"),
        (["--ledger", "nowhere", "--device", "cpu"], "There is no ledger in nowhere: name its data folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(options: list[str], sentence: str, tmp_path: Path) -> None:
    done = _run(
        commands.app,
        [*options, "--out", str(tmp_path / "run")],
        env={"COLUMNS": "300", "BONEGRADE_DATA": str(tmp_path)},
    )
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "run" / "unpacked").exists()
