"""The lock for production has every requirement, at a version that it admits, and a hash for each."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def _blocks() -> list[str]:
    return re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.lock").read_text())[1:]


def _pinned() -> dict[str, Version]:
    return {block.split("==")[0].strip(): Version(re.split(r"[\s;]", block.split("==")[1])[0]) for block in _blocks()}


def test_the_lock_is_of_these_requirements_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock and "index-url" not in lock
    assert _blocks() and all("--hash=sha256:" in block for block in _blocks())
    pinned = _pinned()
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        wanted = Requirement(line)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        assert name in pinned and pinned[name] in wanted.specifier, line


def test_the_page_is_tested_with_the_lowest_gradio_that_is_allowed() -> None:
    """The box editor leans on gradio's page: where the lock goes up, run the browser tests with both, or raise the lowest."""
    wanted = next(
        Requirement(line)
        for line in (ROOT / "requirements.txt").read_text().splitlines()
        if Requirement(line).name == "gradio"
    )
    (lowest,) = (Version(one.version) for one in wanted.specifier if one.operator == ">=")
    assert lowest >= Version("6.26"), "whose login fix a Space needs"
    assert _pinned()["gradio"] in wanted.specifier and _pinned()["gradio"].release[:2] == lowest.release[:2]
