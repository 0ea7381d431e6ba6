"""The pictures of what each grade of each bone looks like; each is an average of several children, see
core.training.grade_pictures."""

import functools
import json
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from core.standards.tables import checked_bone, checked_grade

MEDIA_TYPE = "image/webp"


@dataclass(frozen=True)
class GradePicture:
    """content: a square grey WebP file. children: how many different children's crops are averaged in it."""

    content: bytes
    children: int


def _folder() -> Traversable:
    return resources.files("core").joinpath("data", "grade_pictures")


@functools.cache
def _index() -> dict[tuple[str, int], tuple[str | None, int]]:
    """(bone, grade) -> (file, children)."""
    entries = json.loads(_folder().joinpath("index.json").read_text(encoding="utf-8"))["pictures"]
    return {(entry["bone"], entry["grade"]): (entry["file"], entry["children"]) for entry in entries}


@functools.cache
def grade_picture(bone: str, grade: int) -> GradePicture | None:
    """What a bone looks like at a RUS-CHN grade 0..n; None where too few children near that grade were to be had.

    Raises ValueError for an unknown bone and for a grade that the bone does not have.
    """
    file, children = _index()[checked_bone(bone), checked_grade(bone, grade)]
    return None if file is None else GradePicture(_folder().joinpath(file).read_bytes(), children)
