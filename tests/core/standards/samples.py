"""Grades and probabilities of all bones for the tests of the standards, and the tables as their files have them."""

import itertools
import json
from importlib import resources
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.bones import RUS_BONES, Sex
from core.standards import (
    GRADE_COUNTS,
    STANDARDS,
)

SEXES: tuple[Sex, ...] = ("M", "F")


every_table = pytest.mark.parametrize(("key", "sex"), list(itertools.product(STANDARDS, SEXES)))


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((resources.files("core") / "data" / f"{name}.json").read_text("utf-8"))
    return document


def certain(grades: dict[str, int]) -> dict[str, NDArray[np.float64]]:
    return {bone: np.eye(GRADE_COUNTS[bone] + 1)[grade] for bone, grade in grades.items()}


def all_at(grade: int) -> dict[str, int]:
    """All bones at one grade, or at their last one where they have fewer."""
    return {bone: min(grade, GRADE_COUNTS[bone]) for bone in RUS_BONES}


def drawn(seed: int) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return {bone: rng.dirichlet(np.full(GRADE_COUNTS[bone] + 1, 0.5)) for bone in RUS_BONES}
