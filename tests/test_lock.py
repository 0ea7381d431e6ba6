"""The lock for production has every requirement, at a version that it admits, and a hash for each."""

import re
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]


def test_the_lock_is_of_these_requirements_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock and "index-url" not in lock
    blocks = re.split(r"\n(?=[a-z0-9])", lock)[1:]
    assert blocks and all("--hash=sha256:" in block for block in blocks)
    pinned = {block.split("==")[0].strip(): Version(re.split(r"[\s;]", block.split("==")[1])[0]) for block in blocks}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        wanted = Requirement(line)
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        assert name in pinned and pinned[name] in wanted.specifier, line
