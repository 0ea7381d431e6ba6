"""docs/learning.md's small project, command by command: from films to a better model that goes live, and back."""

import json

from core.learning.gate.passing import kept_report
from tests.webapp.running_app import ROOT
from tests.webapp.train.conftest import Project
from tests.webapp.train.made_project import GOLD, LEARNED, VERSION


def test_every_command_of_the_project_does_what_the_document_says(project: Project) -> None:
    said = iter(project.said.items())

    def next_said(command: str) -> str:
        line, output = next(said)
        assert line.split()[3] == command
        return output

    assert f"{LEARNED} films, {LEARNED} of them new; {LEARNED * 13} labels imported" in next_said("import")
    assert f"{LEARNED + GOLD + 1} films" in next_said("export")
    assert "The candidate is in data/runs/first/weights" in next_said("finetune")
    told = json.loads((project.data / "runs" / "first" / "run.json").read_text())
    used = told["films"]["grader"]
    assert told["state"] == "done" and used["learn"] + used["held"] == LEARNED
    left_out = told["films"]["left_out"]["grader"]
    assert left_out == {"of the test part, where the gold films are": GOLD, "no pixels kept, or no hand found": 1}
    best, start = (told["metrics"]["grader"][when]["held_loss"] for when in ("best", "start"))
    assert best < start

    for_both = next_said("promote")
    assert "RUS-CHN age, mean error on gold films" in for_both and "Better than the live model" in for_both
    assert "is live; `python -m core rollback` brings" in next_said("promote")
    assert f"Version {VERSION} is live." in next_said("rollback")
    assert next(said, None) is None
    assert [entry.how for entry in project.history] == ["promoted", "promoted", "rolled back"]
    assert project.history[-1].version == VERSION


def test_the_gate_compared_on_as_many_gold_films_as_it_asks_for(project: Project) -> None:
    report = kept_report(project.data / "runs" / "first")
    assert report is not None and report.promotes
    assert (report.films.gold, report.films.least_gold, report.films.missing, report.films.learned) == (30, 30, 0, 0)
    better = {one.key for one in report.of("better")}
    assert "gold_table_age" in better and not report.of("worse")
    assert {one.n for one in report.differences if one.group == "bones"} == {GOLD}


def test_every_picture_that_the_document_shows_is_there() -> None:
    pictures = [line for line in (ROOT / "docs/learning.md").read_text().splitlines() if line.startswith("![")]
    assert len(pictures) >= 4
    for line in pictures:
        assert (ROOT / "docs" / line.rpartition("(")[2].rstrip(")")).is_file(), line
