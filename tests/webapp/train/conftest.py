"""The project of docs/learning.md, gone through once for all tests of the Train tab."""

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import cli
from core.assessment.live_model import LiveEntry, read_history
from core.evaluation.stress import trial
from core.learning.gate import passing
from tests.webapp.running_app import ROOT
from tests.webapp.train.made_project import read_on_the_page, write_films, write_live_model

#: The command of the document after which people work on the page.
_THEN_ON_THE_PAGE = "import"


@dataclass(frozen=True)
class Project:
    """folder: where the commands were typed. said: what each command of the document said, in their order. history: of the
    models after the last command."""

    folder: Path
    said: Mapping[str, str]
    history: Sequence[LiveEntry]

    @property
    def data(self) -> Path:
        """The ledger's folder."""
        return self.folder / "data"


def commands_of(document: str) -> list[str]:
    """The lines of the fenced commands in the document's part on the small project."""
    part = document.partition("## One small project")[2].partition("\n## ")[0]
    return [line for block in re.findall(r"^```sh\n(.*?)^```$", part, re.M | re.S) for line in block.splitlines()]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project after every command of the document, run as it stands there.

    The gate compares on all gold films that it asks for, without the stress, which takes most of its time.
    """
    folder = tmp_path_factory.mktemp("project")
    write_films(folder)
    write_live_model(folder / "data")
    said = {}
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        here.delenv("BONEGRADE_WEIGHTS")
        for module, kinds in ((trial, "CHANGES"), (trial, "CUTS"), (trial, "NON_HANDS")):
            here.setattr(module, kinds, {})
        here.setattr(passing, "_spread_out", lambda hands, count: [])
        for line in commands_of((ROOT / "docs" / "learning.md").read_text(encoding="utf-8")):
            words = shlex.split(line)
            if words[0] == "export":
                here.setenv(*words[1].split("=", 1))
                continue
            assert words[:3] == ["python", "-m", "core"], line
            done = CliRunner().invoke(cli, words[3:])
            assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"
            said[line] = done.output
            if words[3] == _THEN_ON_THE_PAGE:
                read_on_the_page(Path(os.environ["BONEGRADE_DATA"]).absolute())
    yield Project(folder, said, read_history(folder / "data" / "weights"))
