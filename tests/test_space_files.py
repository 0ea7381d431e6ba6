"""What Hugging Face is told of this repository, and what it takes of it; that it starts there is tested by `make space`."""

import subprocess
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.space.as_a_space import front_matter
from tests.webapp.running_app import ROOT

#: What ZeroGPU has, as it said in the autumn of 2026 to Spaces that asked for others.
_PYTHONS_OF_ZERO_GPU: Final = ("3.10", "3.12")
_TORCHES_OF_ZERO_GPU: Final = ("2.8.0", "2.9.1", "2.10.0", "2.11.0")
#: Beyond it a file has to be stored otherwise, and the hub takes no such push.
_LARGEST: Final = 10 * 2**20


@pytest.fixture(scope="module")
def told() -> Any:
    """The header of README.md."""
    return front_matter()


def wanted(name: str) -> Requirement:
    """The line of requirements.txt."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return next(one for one in map(Requirement, lines) if one.name == name)


def test_the_space_gets_the_gradio_that_is_wanted_and_locked(told: Any) -> None:
    assert told["sdk"] == "gradio" and (ROOT / told["app_file"]).exists()
    assert told["sdk_version"] in wanted("gradio").specifier
    assert f"\ngradio=={told['sdk_version']} " in (ROOT / "requirements.lock").read_text()


def test_people_can_sign_in(told: Any) -> None:
    assert told["hf_oauth"] is True and "oauth" in wanted("gradio").extras


def test_the_python_is_one_that_the_program_and_zero_gpu_take(told: Any) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    asked = SpecifierSet(next(line for line in pyproject.splitlines() if "requires-python" in line).split('"')[1])
    assert f"{told['python_version']}.0" in asked and told["python_version"] in _PYTHONS_OF_ZERO_GPU


def test_zero_gpu_has_a_torch_that_is_wanted() -> None:
    assert any(version in wanted("torch").specifier for version in _TORCHES_OF_ZERO_GPU)


def test_no_file_is_too_large_for_a_push() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in filter(None, listed.split("\0"))]
    assert files and not [file.name for file in files if file.stat().st_size >= _LARGEST]
