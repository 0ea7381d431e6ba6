"""The example hands that come with the app: averages of several children's films, never one child's."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.bones import Sex
from core.errors import BoneGradeError

EXAMPLES_FOLDER: Final = Path(__file__).resolve().parents[2] / "examples"


@dataclass(frozen=True)
class Example:
    """One example film, the sex of the children it averages and their mean age in years."""

    path: Path
    sex: Sex
    age_years: float
    title: str

    @property
    def caption(self) -> str:
        """The children shown, short enough for a thumbnail: "Girl, 10 y"."""
        return f"{'Girl' if self.sex == 'F' else 'Boy'}, {self.age_years:.0f} y"


def read_examples(folder: Path = EXAMPLES_FOLDER) -> list[Example]:
    """The examples that folder/examples.json lists, in its order; none if there is no such file.

    Raises BoneGradeError if the list names a file that is not there or a sex other than "M" and "F".
    """
    index = folder / "examples.json"
    if not index.is_file():
        return []
    examples = []
    for entry in json.loads(index.read_text(encoding="utf-8")):
        path = folder / entry["file"]
        if not path.is_file():
            raise BoneGradeError(f"{index} lists {entry['file']}, which is not beside it; make the examples again.")
        if entry["sex"] not in ("M", "F"):
            raise BoneGradeError(f"{index} gives {entry['file']} the sex {entry['sex']!r}; it must be 'M' or 'F'.")
        examples.append(Example(path, entry["sex"], float(entry["age_years"]), str(entry["title"])))
    return examples
