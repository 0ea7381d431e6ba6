"""python -m core experiment, as a person calls it; the networks of Table 1 and their training are tiny."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.__main__ import cli
from core.cohort.crop_store import complete_hands
from core.cohort.opinions import Opinion, write_opinions
from core.commands import experiment
from core.evaluation.table1 import runs
from core.evaluation.table1.runs import Variant, variants
from core.learning.replay.runs import ReplayRecipe
from core.training.material.sources import GraderSources, GradingMaterial, HandSources
from models.improved_resnet import ResNetOptions
from models.registry import load_grader
from tests.core.evaluation.table1.test_runs import exemplars_of
from tests.core.learning.made_lessons import OPTIONS
from tests.graded import crops_of_hands
from tests.hands import shipped_examples
from tests.windows import windows_of_hands


def _tiny(epochs: int) -> tuple[Variant, ...]:
    options = ResNetOptions(width=16, groups=2)
    rows = []
    for row in variants(epochs)[:2]:
        recipe = dataclasses.replace(row.recipe, hands=2, exemplars=2)
        rows.append(dataclasses.replace(row, options=options, recipe=recipe, seeds=1))
    return tuple(rows)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["experiment", "table1", *map(str, arguments)])


@pytest.fixture
def material(monkeypatch: pytest.MonkeyPatch) -> None:
    hands = crops_of_hands(4)
    monkeypatch.setattr(runs, "variants", _tiny)
    made = GradingMaterial(hands, complete_hands(hands), exemplars_of(hands))
    monkeypatch.setattr(GraderSources, "material", lambda self, run: made)


@pytest.mark.usefixtures("material")
def test_the_table_is_printed_and_kept(tmp_path: Path) -> None:
    result = _run("--data", tmp_path, "--run", tmp_path / "run", "--epochs", "1", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "| improved ResNet | 1 | 1 |" in result.stdout and "| year | n |" in result.stdout
    assert "| network | MAE, months | Shuffle Attention frozen |" in result.stdout
    figures = json.loads((tmp_path / "out" / "table1.json").read_text())
    assert [row["key"] for row in figures["rows"]] == ["plain", "improved"] and figures["hands"]["all"] == 4
    pictures = {path.name for path in (tmp_path / "out").glob("*.svg")}
    assert pictures == {f"table1_by_year_{sex}.svg" for sex in ("all", "male", "female")}
    again = _run("--data", tmp_path, "--run", tmp_path / "run", "--epochs", "2")
    assert again.exit_code == 2 and "begun with another number of epochs (1, now 2)" in again.stderr


@pytest.mark.usefixtures("material")
def test_a_folder_that_cannot_be_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = _run("--data", tmp_path, "--run", tmp_path / "run", "--epochs", "1", "--out", tmp_path / "file")
    assert result.exit_code == 2 and "cannot be written" in result.stderr and not (tmp_path / "run").exists()


@pytest.fixture
def opinions(tmp_path: Path) -> Path:
    """Of networks of the whole hand, on the four hands."""
    table = tmp_path / "opinions.csv"
    write_opinions(table, [Opinion(str(number), 100.0, ("ab" * 32,)) for number in range(4)])
    return table


@pytest.mark.usefixtures("material")
def test_a_replay_is_printed_drawn_and_gone_on_with(
    tmp_path: Path, opinions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = ReplayRecipe(start_hands=1, start_epochs=1, films=(2,), seeds=1, options=OPTIONS, passes=1)
    monkeypatch.setattr(experiment, "ReplayRecipe", lambda: recipe)
    given = [
        "--data",
        tmp_path,
        "--opinions",
        opinions,
        "--run",
        tmp_path / "run",
        "--order",
        "random",
        "--order",
        "queue",
    ]

    def replay(*more: str | Path) -> Result:
        return CliRunner().invoke(cli, ["experiment", "replay", *map(str, [*given, *more])])

    cut_short = replay("--minutes", "0")
    assert cut_short.exit_code == 0, cut_short.output
    assert "| start model | 0 |" in cut_short.stdout and "random order" not in cut_short.stdout
    whole = replay("--out", tmp_path / "out")
    assert "| random order | 2 | 1 |" in whole.stdout and "| queue's order |" in whole.stdout
    figures = json.loads((tmp_path / "out" / "replay.json").read_text())
    assert [row["order"] for row in figures["rows"]] == ["queue", "random"]
    assert (tmp_path / "out" / "replay.svg").exists()


@pytest.mark.usefixtures("material")
def test_a_replay_of_too_few_hands_or_without_opinions_is_one_sentence(tmp_path: Path, opinions: Path) -> None:
    def told(table: Path) -> str:
        given = ["experiment", "replay", "--data", tmp_path, "--opinions", table, "--run", tmp_path / "run"]
        done = CliRunner().invoke(cli, [str(one) for one in given])
        assert done.exit_code == 2
        return done.stderr

    assert "4 hands of train with all 13 bones are too few: 520 are needed" in told(opinions)
    assert "none.csv is missing" in told(tmp_path / "none.csv")


def test_a_learning_curve_is_printed_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, val = windows_of_hands(6, 1), windows_of_hands(4, 2, 400, first_id=20)
    monkeypatch.setattr(HandSources, "small_and_val", lambda self, run, side, workers: (small, val))
    given = ["--data", tmp_path, "--small", tmp_path / "small.npz", "--run", tmp_path / "run", "--steps", "1"]
    arguments = ["experiment", "learning-curve", *map(str, given), "--hands", "3", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli, [*arguments, "--hands", "6"])
    assert result.exit_code == 0, result.output
    assert "| hands learned from | MAE of 4 hands unseen, months |" in result.stdout
    figures = json.loads((tmp_path / "out" / "learning_curve.json").read_text())
    assert [point["hands"] for point in figures["points"]] == [3, 6]
    assert (tmp_path / "out" / "learning_curve.svg").is_file()
    too_many = CliRunner().invoke(cli, [*arguments, "--hands", "7"])
    assert too_many.exit_code == 2 and "There are 6 small hands: give no count above that." in too_many.stderr


def test_without_data(tmp_path: Path) -> None:
    result = _run("--data", tmp_path / "none", "--run", tmp_path / "run")
    assert result.exit_code == 2 and "labels.csv is missing" in result.stderr


@pytest.fixture
def two_hands(tmp_path: Path) -> Path:
    """Two example hands as a folder of labelled films."""
    rows = ["id,file,sex,bone_age_months,split"]
    for example in shipped_examples()[:2]:
        shutil.copy(example.path, tmp_path)
        rows.append(f"{example.path.stem},{example.path.name},{example.sex},90,val")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_gates_of_the_shipped_grader(two_hands: Path) -> None:
    result = CliRunner().invoke(cli, ["experiment", "gates", "--data", str(two_hands), "--json"])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["hands"] == 2 and figures["split"] == "val" and figures["grader_sha256"] == load_grader()[1].sha256
    assert set(figures["mae_months"]) == {"as_is", "shuffle_attention", "attention_residual", "dual_pooling"}
    assert all(0 < error < 120 for error in figures["mae_months"].values())
    assert len(figures["spread"]) == 4
    for stage in figures["spread"]:
        assert all(0 < spread < 0.5 for spread in stage.values()), "gates lie between 0 and 1"


def test_gates_as_a_table(two_hands: Path) -> None:
    result = CliRunner().invoke(cli, ["experiment", "gates", "--data", str(two_hands), "--every", "2"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("| 1 hands | network |") and "MAE, Shuffle Attention frozen" in result.stdout
    assert load_grader()[1].sha256[:12] in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(["--weights", "other"], "No weights are registered as 'other'"), (["--split", "test"], "in the split test")],
)
def test_gates_of_what_is_not_there(two_hands: Path, arguments: list[str], sentence: str) -> None:
    result = CliRunner().invoke(cli, ["experiment", "gates", "--data", str(two_hands), *arguments])
    assert result.exit_code == 2 and sentence in result.stderr
