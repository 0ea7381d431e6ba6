"""A program that has sent a film, which is erased by another process, gets one sentence for it until it sends it anew."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from core.access.roles import Role
from core.access.tokens import Tokens
from tests.hands import shipped_examples
from tests.webapp.programs.program import Program
from tests.webapp.running_app import ROOT, running

_SECONDS = 60
_ERASED = "This film was erased after it was sent here"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """An administrator's, of an app over the data folder tmp_path/data whose uploads come into tmp_path/passing."""
    token = Tokens(tmp_path / "data").make("admin", Role.ADMIN, 30)
    settings = {"BONEGRADE_DATA": str(tmp_path / "data"), "GRADIO_TEMP_DIR": str(tmp_path / "passing")}
    with running(settings=settings) as app:
        program = Program(app.url, token)
        until = time.monotonic() + _SECONDS
        while isinstance(said := program.asks("queue"), str):  # the page answers before its line of events does
            assert time.monotonic() < until, said
            time.sleep(0.1)
        yield program
        program.http.close()


def gone(*paths: Path) -> bool:
    """Waits until files are gone."""
    until = time.monotonic() + _SECONDS
    while any(path.exists() for path in paths) and time.monotonic() < until:
        time.sleep(0.1)
    return not any(path.exists() for path in paths)


def erase(data: Path, film: int) -> None:
    """At the command line."""
    command = [sys.executable, "-m", "core", "erase", "film", str(film), "--labels", "go"]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"BONEGRADE_DATA": str(data)}, check=True, timeout=_SECONDS)


def test_what_a_program_sent_and_was_given_goes_with_the_film_and_others_stay(program: Program, tmp_path: Path) -> None:
    content, other = (one.path.read_bytes() for one in shipped_examples()[:2])
    sent, kept = program.sends(content), program.sends(other)
    added = program.asks("queue_add", films=[sent], sex="F", consent=True, writing="keep")
    number = int(added["films"][0]["film"])
    assert program.asks("correct", film=number, revision=0, grades={"Radius": 6})["saved"] == 1
    assert isinstance(program.asks("assess", film=sent, sex="F"), dict)
    assert isinstance(program.asks("assess", film=kept, sex="F"), dict)
    picture = program.asks("explain", film=sent, bone="MC3", sex="F")
    export = program.asks("export", formats=["films"])
    assert all(program.http.get(one["url"]).status_code == 200 for one in (picture, export))
    erase(tmp_path / "data", number)
    # the file that is asked for first is not served, however soon that is
    refused: Mapping[str, httpx.Response] = {
        name: program.http.get(one["url"]) for name, one in (("export", export), ("picture", picture))
    }
    for answer in refused.values():
        assert answer.status_code == 403 and "is not yours, or is gone" in answer.text
    assert gone(Path(sent["path"]), Path(picture["path"]), Path(export["path"]))
    for endpoint, more in (("assess", {}), ("explain", {"bone": "MC3"})):
        assert program.asks(endpoint, film=sent, sex="F", **more).startswith(_ERASED)
    assert isinstance(program.asks("assess", film=kept, sex="F"), dict), "of another film"
    again = program.sends(content)
    assert isinstance(program.asks("assess", film=again, sex="F"), dict), "an erasure is not a ban"
    assert program.http.get(program.asks("export", formats=["films"])["url"]).status_code == 200, "one made afterwards"


def test_a_file_that_was_sent_before_the_erasure_and_is_read_after_it_is_refused(
    program: Program, tmp_path: Path
) -> None:
    content = shipped_examples()[0].path.read_bytes()
    first = program.sends(content)
    added = program.asks("queue_add", films=[first], sex="F", consent=True, writing="keep")
    assert isinstance(added, dict), added
    number = int(added["films"][0]["film"])
    # the same pixels in another file, which nobody has read yet
    unread = program.sends(content + b"\0")
    erase(tmp_path / "data", number)
    assert program.asks("assess", film=unread, sex="F").startswith(_ERASED)
    assert gone(Path(first["path"]), Path(unread["path"]))
