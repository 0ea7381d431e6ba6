"""The records of an assessment, and what may be imported without torch, the page included."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "module",
    [
        "core.assessment.records",
        "core.assessment.checks.film_and_age",
        "core.assessment.age.bone_age",
        "core.assessment.age.person",
        "core.ledger",
        "core.intake.background",
        "webapp.app",
    ],
)
def test_what_starts_before_a_film_is_read_does_not_wait_for_torch(module: str) -> None:
    command = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], cwd=ROOT).returncode == 0
