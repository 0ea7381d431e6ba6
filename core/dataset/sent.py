"""Labels and pictures that are sent as files and zips, laid out in a folder as an import reads them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.dataset.checking import Format
from core.dataset.labels import BadLabels
from core.intake.archive import Limits, Unpacker

#: By which files the labels of a format are known within a zip.
_ENDINGS: Final[dict[Format, tuple[str, ...]]] = {
    "csv": (".csv",),
    "coco": (".json",),
    "voc": (".xml",),
    "yolo": (".yaml", ".yml", ".names", "classes.txt"),
}


def laid_out(files: Sequence[Path], folder: Path) -> Path:
    """The files, and those of zips under their own names, in the new folder `folder`.

    Raises core.intake.BatchRefused for a zip that is damaged, encrypted, too big or leads out of itself.
    """
    folder.mkdir(parents=True)
    unpacked = folder.with_name(folder.name + "-unpacked")
    unpacked.mkdir()
    unpacker = Unpacker(unpacked, Limits())
    for file in files:
        if file.suffix.lower() != ".zip":
            shutil.copyfile(file, folder / file.name)
            continue
        for member in unpacker.unpack(file, lambda name: not any(part.startswith((".", "__")) for part in name.parts)):
            if member.path is not None:
                place = folder / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                member.path.replace(place)
    return folder


def label_source(folder: Path, kind: Format) -> Path:
    """What an import of this format is to read in a folder: its one CSV, or the folder in which the others' files lie."""
    endings = _ENDINGS[kind]
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name.lower().endswith(endings)]
    if not found:
        raise BadLabels("What was sent", "", f"there is no file of this format in it ({', '.join(endings)}).")
    if kind == "csv":
        if len(found) > 1:
            raise BadLabels("What was sent", "", "there are several CSV files in it; send the one with the labels.")
        return found[0]
    return found[0].parent
