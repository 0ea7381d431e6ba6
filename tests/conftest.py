"""All tests compute with threads as the program does, and with the shipped weights, whatever was promoted on this machine."""

import os
from pathlib import Path

import pytest

import core  # noqa: F401  (settles how threads compute, before any test loads torch)
from core.assessment.assessor import Assessor

os.environ["BONEGRADE_WEIGHTS"] = str(Path(__file__).parent / "no_promoted_weights")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The page's tests first, whose files take longest, so that of two processes neither waits for the other at the end."""
    items.sort(key=lambda item: "webapp" not in item.path.parts)


@pytest.fixture(scope="session")
def shipped() -> Assessor:
    """The pipeline with the shipped weights, loaded once in each process of tests."""
    return Assessor.from_registry()
