"""Labels as YOLO text files (docs.ultralytics.com/datasets/detect): one file per film, one line per box, as fractions of the
film's size.

A class is a bone with its grade ("Radius_7"), or only a bone where other files have no grade.
"""

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from core.bones import RUS_BONES
from core.dataset.labels import OUTLINE, BadLabels, Fault, Label, LabelledFilm, bone_and_grade, label, refuse
from core.dataset.split import PARTS
from core.film.box import Box
from core.standards import grade_count

_NAMES: Final = tuple(f"{bone}_{grade}" for bone in RUS_BONES for grade in range(grade_count(bone) + 1))
#: Files that may hold the names of the classes; the first that exists is read.
_NAMES_FILES: Final = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "names.txt")
MAX_BYTES: Final = 10 * 10**6


class Writer:
    """Writes each film that is added to `labels/PART/NAME.txt` in a new folder, and the classes to `data.yaml`. Labels without
    a box or without a grade are left out: YOLO has no place for them."""

    def __init__(self, folder: Path):
        for part in PARTS:
            (folder / "labels" / part).mkdir(parents=True)
        about: dict[str, object] = {"path": "."}
        about |= {part: f"images/{part}" for part in PARTS}
        about["names"] = dict(enumerate(_NAMES))
        (folder / "data.yaml").write_text(yaml.safe_dump(about, sort_keys=False), encoding="utf-8", newline="\n")
        self._folder = folder / "labels"

    def add(self, film: LabelledFilm) -> None:
        """Writes the film's file. Its width, height and part of the split must be known."""
        assert film.width is not None and film.height is not None
        lines = []
        for said in film.labels:
            if said.box is not None and said.grade is not None:
                (x, y), box = said.box.centre, said.box
                shares = (x / film.width, y / film.height, box.width / film.width, box.height / film.height)
                name = f"{said.bone}_{said.grade}"
                lines.append(" ".join([str(_NAMES.index(name)), *(f"{share:.8f}" for share in shares)]) + "\n")
        file = self._folder / film.split / f"{Path(film.file).stem}.txt"
        file.write_text("".join(lines), encoding="utf-8", newline="\n")

    def close(self) -> None:
        """Nothing is left to do."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def read(folder: Path, fault: Fault = refuse) -> list[LabelledFilm]:
    """Films of all text files in a folder and below, by name, with boxes as fractions of the film's size.

    The names of the classes are in the folder, in `data.yaml`, `classes.txt` or `obj.names`. A line with corners in place of a
    box (rotated boxes, outlines) is read as the upright box around them. fault: called with each line that cannot be read.
    Raises BadLabels where there are no names or no files.
    """
    if not folder.is_dir():
        raise BadLabels(
            folder.name, "", "this is not a folder; choose the one with the text files and the names of classes."
        )
    names_file = next((folder / name for name in _NAMES_FILES if (folder / name).is_file()), None)
    if names_file is None:
        raise BadLabels(folder.name, "", "there are no names of classes; put data.yaml or classes.txt into the folder.")
    names = _names(names_file)
    files = [path for path in sorted(folder.rglob("*.txt")) if path.name not in _NAMES_FILES and _is_of_a_film(path)]
    if not files:
        raise BadLabels(folder.name, "", "there are no text files in this folder; choose the one with the labels.")
    return [_film(path, names, fault) for path in files]


def _is_of_a_film(path: Path) -> bool:
    # lists of pictures, which darknet keeps next to the labels
    return path.name not in ("train.txt", "val.txt", "valid.txt", "test.txt")


def _names(path: Path) -> dict[int, str]:
    try:
        text = _text(path)
        if path.suffix not in (".yaml", ".yml"):
            return dict(enumerate(line.strip() for line in text.splitlines() if line.strip()))
        document: Any = yaml.safe_load(text)
        given = document["names"]
        return {
            int(number): str(name)
            for number, name in (given if isinstance(given, dict) else dict(enumerate(given))).items()
        }
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        problem = "there is no list of names in it; write the classes' names under names."
        raise BadLabels(path.name, "", problem) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadLabels(path.name, "", f"the file is bigger than {MAX_BYTES // 10**6} MB; it holds no labels.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadLabels(path.name, "", f"the file cannot be read ({error.strerror}); check the path.") from None
    except UnicodeError:
        raise BadLabels(path.name, "", "this is not text in UTF-8; export the labels again.") from None


def _film(path: Path, names: dict[int, str], fault: Fault) -> LabelledFilm:
    labels: dict[str, Label] = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        place = f"line {number}"
        try:
            said = _label(line.split(), names, place) if line.strip() else None
            if said is not None and said.bone in labels:
                raise ValueError(f"{said.bone} is boxed twice; leave one of the two out.")
        except ValueError as problem:
            fault(BadLabels(path.name, place, str(problem)))
        else:
            if said is not None:
                labels[said.bone] = said
    return LabelledFilm(path.stem, tuple(labels.values()), fractions=True)


def _label(values: list[str], names: dict[int, str], place: str) -> Label:
    try:
        number, *shares = int(values[0]), *map(float, values[1:])
    except ValueError:
        raise ValueError("the line is not made of numbers; give class, x, y, width, height.") from None
    if number not in names:
        raise ValueError(f"the class {number} has no name; add it to the names.")
    bone, grade = bone_and_grade(names[number])
    # a detector writes its confidence after the box
    if len(shares) in (4, 5):
        return label(bone, grade, None, Box.about((shares[0], shares[1]), shares[2], shares[3]), place)
    if len(shares) < 6 or len(shares) % 2:
        raise ValueError("the line holds neither a box nor corners; give class, x, y, width, height.")
    around = Box(min(shares[0::2]), min(shares[1::2]), max(shares[0::2]), max(shares[1::2]))
    return replace(label(bone, grade, None, around, place), remark=OUTLINE)
