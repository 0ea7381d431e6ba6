"""What docs/api.md shows runs as it stands there, against an app behind a login, with a token."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.hands import shipped_examples
from tests.webapp.running_app import ROOT, RunningApp

_DOCS = ROOT / "docs" / "api.md"
#: What each example says when it has come to its end, in the order in which they stand there.
_SAID = [
    (
        "python",
        ["bone age in months:", "why grade", "saved 2 bones", "with conflict None", "next:", " is in "],
    ),
    ("sh", ["event: complete", '"bone_age_months":']),
    ("python", ["tools: ['assess', 'explain', 'film', 'correct', 'queue', 'queue_add', 'export']", "'image'"]),
]


@pytest.mark.parametrize("place", range(len(_SAID)))
def test_an_example_runs(place: int, app: RunningApp, tokens: Mapping[str, str], tmp_path: Path) -> None:
    found = re.findall(r"^```(python|sh)\n(.*?)^```$", _DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [kind for kind, _ in found] == [kind for kind, _ in _SAID]
    kind, example = found[place]
    shutil.copyfile(shipped_examples()[0].path, tmp_path / "film.png")
    program = [sys.executable, "-c"] if kind == "python" else ["bash", "-euo", "pipefail", "-c"]
    settings = {"BONEGRADE_URL": app.url, "BONEGRADE_TOKEN": tokens["admin"], "GRADIO_TEMP_DIR": str(tmp_path)}
    done = subprocess.run(
        [*program, example], cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for words in _SAID[place][1]:
        assert words in done.stdout
    assert tokens["admin"] not in done.stdout + done.stderr
