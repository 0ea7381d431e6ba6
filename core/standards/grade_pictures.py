"""The pictures of what each grade of each bone looks like; each is an average of several children, see
core.composites.grade_pictures."""

import functools
import json
from importlib import resources
from importlib.resources.abc import Traversable

from core.standards.tables import checked_bone, checked_grade


def _folder() -> Traversable:
    return resources.files("core").joinpath("data", "grade_pictures")


@functools.cache
def _files() -> dict[tuple[str, int], str | None]:
    """(bone, grade) -> file."""
    entries = json.loads(_folder().joinpath("index.json").read_text(encoding="utf-8"))["pictures"]
    return {(entry["bone"], entry["grade"]): entry["file"] for entry in entries}


def grade_picture(bone: str, grade: int) -> bytes | None:
    """What a bone looks like at a RUS-CHN grade 0..n, as a square grey WebP file; None where there were too few
    children near that grade, or where their average shows another grade.

    Raises ValueError for an unknown bone and for a grade that the bone does not have.
    """
    file = _files()[checked_bone(bone), checked_grade(bone, grade)]
    return None if file is None else _folder().joinpath(file).read_bytes()
