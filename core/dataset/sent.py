"""Files and zips that were sent, laid out in a folder: labels and pictures for an import, or a whole export."""

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from core.dataset.labels import BadLabels
from core.intake import SentFile
from core.intake.archive import Limits, Unpacker


def laid_out(files: Sequence[SentFile], folder: Path, limits: Limits) -> Path:
    """Lays out the files, and those in zips, under the names that their sender gave them, in the new folder `folder`.

    limits: for all zips together. Raises core.intake.BatchRefused for a zip that is damaged, encrypted, too big or leads
    outside itself, and BadLabels for two files of one name or a name that cannot be used.
    """
    folder.mkdir(parents=True)
    unpacked = folder.with_name(folder.name + "-unpacked")
    unpacked.mkdir()
    unpacker = Unpacker(unpacked, limits)
    for file in files:
        if PurePosixPath(file.name).suffix.lower() != ".zip":
            shutil.copyfile(file.path, _place(folder, PurePosixPath(file.name)))
            continue
        wanted = unpacker.unpack(file.path, lambda name: not any(part.startswith((".", "__")) for part in name.parts))
        for member in wanted:
            if member.path is not None:
                member.path.replace(_place(folder, member.name))
    return folder


def _place(folder: Path, name: PurePosixPath) -> Path:
    """Where a file of this name goes. Raises BadLabels where the name cannot be used."""
    place = folder / name
    if not name.parts or name.is_absolute() or ".." in name.parts:
        raise BadLabels("What was sent", str(name), "this is not a file name; give it another one.")
    if place.exists():
        raise BadLabels("What was sent", str(name), "two files have this name; give one another name.")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError:  # a file has the name of a folder
        raise BadLabels("What was sent", str(name), "this name cannot be used here; give it another one.") from None
    return place
