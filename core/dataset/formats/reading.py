"""The formats in which labels are read: how each is recognised by its files, and what reads it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from core.dataset.formats import coco, csv_labels, pascal_voc, yolo
from core.dataset.labels import BadLabels, Fault, LabelledFilm

Format = Literal["coco", "voc", "csv", "yolo"]
_READ: Final[Mapping[Format, Callable[[Path, Fault], list[LabelledFilm]]]] = {
    "coco": coco.read,
    "voc": pascal_voc.read,
    "csv": csv_labels.read,
    "yolo": yolo.read,
}

#: The endings by which the label files of a format are recognised within a zip.
_ENDINGS: Final[dict[Format, tuple[str, ...]]] = {
    "csv": (".csv",),
    "coco": (".json",),
    "voc": (".xml",),
    "yolo": (".yaml", ".yml", ".names", "classes.txt"),
}


def read_labels(source: Path, kind: Format, fault: Fault) -> list[LabelledFilm]:
    """The films of a file or folder of labels. fault: called with each label and each film that cannot be read. Raises
    BadLabels where none can."""
    return _READ[kind](source, fault)


def label_source(folder: Path, kind: Format) -> Path:
    """What an import of this format reads in a folder: its one CSV, or the folder in which the other formats' files are."""
    endings = _ENDINGS[kind]
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name.lower().endswith(endings)]
    if not found:
        raise BadLabels("What was sent", "", f"there is no file of this format in it ({', '.join(endings)}).")
    if kind == "csv":
        if len(found) > 1:
            raise BadLabels("What was sent", "", "there are several CSV files in it; send the one with the labels.")
        return found[0]
    return found[0].parent
