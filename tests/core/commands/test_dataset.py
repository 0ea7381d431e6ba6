"""python -m core export and import, as a person calls them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.access.log import AccessLog
from core.commands import dataset as commands
from core.dataset.exporting.options import FORMATS
from core.dataset.manifest import check_files
from core.film.radiograph import Radiograph, film_hash
from core.ledger import Consent, Ledger, LedgerSettings
from core.machine import user
from tests.stored_films import hand

_run = CliRunner().invoke


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the commands use."""
    monkeypatch.setenv("BONEGRADE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("BONEGRADE_DB", raising=False)
    return tmp_path / "data"


@pytest.fixture
def labels(tmp_path: Path) -> list[str]:
    """What imports one film, without assessing it."""
    cv2.imwrite(str(tmp_path / "1.png"), np.round(hand(1).pixels * 255).astype(np.uint8))
    (tmp_path / "labels.csv").write_text("file,bone,grade\n1.png,MC3,5\n1.png,PP1,3\n")
    command = ["import", str(tmp_path / "labels.csv"), "--format", "csv", "--images", str(tmp_path)]
    return [*command, "--reader", "ines", "--no-assess"]


def test_import_then_export(data: Path, labels: list[str], tmp_path: Path) -> None:
    done = _run(commands.app, [*labels, "--sex", "F", "--consent"])
    assert done.exit_code == 0, done.output
    assert "1 films, 1 of them new; 2 labels imported, 0 known already." in done.output
    assert "2 known already" in _run(commands.app, [*labels, "--sex", "F"]).output
    done = _run(commands.app, ["export", str(tmp_path / "out"), "--rule", "majority"])
    assert done.exit_code == 0, done.output
    assert f"Revision 1 is in {tmp_path / 'out'}: 1 films" in done.output
    assert check_files(tmp_path / "out").rule == "majority"
    assert noted(data) == [
        "exported: revision 1, labels, csv, coco, crops; at the command line",
        "added: 0 films, 0 labels; at the command line",
        "added: 1 films, 2 labels; at the command line",
    ]


def noted(data: Path) -> list[str]:
    """What the access log says that this user did, newest first."""
    return [f"{one.deed}: {one.detail}" for one in AccessLog(data).latest(99, who=user()).entries]


def test_films_that_look_the_same_are_listed_by_the_program(data: Path, labels: list[str]) -> None:
    assert _run(cli, [*labels, "--sex", "F", "--consent"]).exit_code == 0
    assert _run(cli, ["copies"]).output == "No two films look the same.\n"
    film = hand(1)
    darker = np.round(film.pixels * np.float32(200)) / np.float32(255)
    ledger = Ledger.open(LedgerSettings.in_folder(data))
    ledger.add_film(
        Radiograph(darker, None, None, film_hash(darker)), "F", reader="ines", source="queue", consent=Consent()
    )
    ledger.close()
    assert _run(cli, ["copies"]).output == "film\tlooks like\n2\t1\n"


def test_films_that_look_the_same_are_pointed_out_as_they_come_in(
    data: Path, labels: list[str], tmp_path: Path
) -> None:
    greys = cv2.imread(str(tmp_path / "1.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "2.png"), np.round(greys * 0.8).astype(np.uint8))
    with (tmp_path / "labels.csv").open("a") as table:
        table.write("2.png,MC3,5\n")
    command = [*labels, "--sex", "F", "--consent"]
    assert "New pairs of films that look the same: 1." in _run(cli, command).output
    assert _run(cli, ["copies"]).output == "film\tlooks like\n2\t1\n"
    assert "look the same" not in _run(cli, command).output


def test_an_export_with_every_option(data: Path, labels: list[str], tmp_path: Path) -> None:
    _run(commands.app, [*labels, "--sex", "F", "--consent"])
    options = [
        "--rule",
        "reviewer_first",
        "--reviewer",
        "ines",
        "--revision",
        "1",
        "--format",
        "csv",
        "--format",
        "films",
    ]
    options += ["--split", "0/0/100", "--reader-names", "--licence", "cc-by-nc-4.0"]
    done = _run(commands.app, ["export", str(tmp_path / "out"), *options])
    assert done.exit_code == 0, done.output
    manifest = check_files(tmp_path / "out")
    assert manifest.formats == ("csv", "films")
    assert manifest.reviewers == ("ines",)
    assert manifest.split.films == {"train": 0, "val": 0, "test": 1}
    assert "license: cc-by-nc-4.0" in (tmp_path / "out" / "README.md").read_text()


def test_refusals_are_one_sentence_and_change_nothing(data: Path, labels: list[str], tmp_path: Path) -> None:
    done = _run(commands.app, labels)
    assert done.exit_code == 2 and "the sex of 1.png is not known" in done.output
    done = _run(commands.app, ["export", str(tmp_path / "out")])
    assert done.exit_code == 2 and "save a reading first" in done.output
    assert not (tmp_path / "out").exists()
    ledger = Ledger.open(LedgerSettings.in_folder(data))
    assert list(ledger.films()) == [] and ledger.ledger_revision() == 0
    ledger.close()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["export"], "name a folder to export to"),
        (["export", "out", "--rule", "loudest"], "'loudest' is not one of 'latest', 'majority', 'reviewer_first'."),
        (
            ["export", "out", "--format", "pdf"],
            "'pdf' is not one of 'labels', 'csv', 'coco', 'crops', 'voc', 'yolo', 'films'.",
        ),
        (["export", "out", "--hub", "lab/x", "--reader-names"], "only pseudonyms go to the hub"),
        (
            ["import", "x", "--format", "xlsx", "--images", ".", "--reader", "i"],
            "'xlsx' is not one of 'coco', 'voc', 'csv', 'yolo'.",
        ),
        (
            ["import", "x", "--format", "csv", "--images", ".", "--reader", "i", "--sex", "X"],
            "'X' is not one of 'M', 'F'.",
        ),
    ],
)
def test_options_that_do_not_exist(data: Path, options: list[str], sentence: str) -> None:
    done = _run(commands.app, options, env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert sentence in " ".join(done.output.replace("│", " ").split())


def test_hub_without_a_folder(data: Path, labels: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(commands.app, [*labels, "--sex", "F"])
    pushed: list[str] = []

    def push(folder: Path, repo: str) -> None:
        check_files(folder)
        assert "; to the hub: lab/readings; at the command line" in noted(data)[0], "before anything is sent"
        pushed.append(repo)

    monkeypatch.setattr("core.dataset.hub.private.push_dataset", push)
    done = _run(commands.app, ["export", "--hub", "lab/readings"])
    assert done.exit_code == 0 and "is in lab/readings" in done.output
    assert pushed == ["lab/readings"]


def test_the_formats_are_those_of_the_export() -> None:
    assert tuple(commands.Formats) == FORMATS
