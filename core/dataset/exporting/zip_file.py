"""An export as one zip file: packed as the Data tab hands it out, and unpacked into a folder."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

from core.dataset.labels import BadLabels
from core.dataset.manifest import NAME, DamagedDataset
from core.dataset.sent import laid_out
from core.intake import BatchRefused, Limits, SentFile
from core.intake.errors import BatchTooLarge
from core.machine import DISK_FULL

#: The limits of other zips, except for a single file's size: a table of crops may have 20,000 of them.
_LIMITS: Final = Limits(file_bytes=Limits.total_bytes)
#: The earliest date that a zip file can hold.
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)


def zipped(folder: Path, target: Path) -> None:
    """Packs a folder into a zip file whose bytes depend on the folder's files alone."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _NO_DATE)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix in (".parquet", ".png") else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as packed:
                shutil.copyfileobj(source, packed, 1 << 20)


def unzipped(archive: Path, place: Path) -> Path:
    """Unpacks a zip into a new folder within `place`, readable by this user alone; the caller removes it.

    Raises DamagedDataset where the zip is damaged, too large or not an export, and OSError where the disk is full.
    """
    place.mkdir(mode=0o700, parents=True)
    try:
        folder = laid_out([SentFile(archive, "export.zip")], place / "export", _LIMITS)
    except BatchTooLarge as refusal:
        raise DamagedDataset(
            f"{archive} holds more than is unpacked here ({_LIMITS.files} files, {_LIMITS.total_bytes // 10**9} GB): unpack it "
            "yourself and name the folder."
        ) from refusal
    except (BatchRefused, BadLabels) as refusal:
        cause = refusal.__cause__
        if isinstance(cause, OSError) and cause.errno in DISK_FULL:
            raise cause from refusal
        raise DamagedDataset(
            f"{archive} is not a zip, or is damaged: take the export from the Data tab again, or name the folder of an export "
            "that was unpacked."
        ) from refusal
    if not (folder / NAME).is_file():
        raise DamagedDataset(
            f"{archive} is not an export, since it has no {NAME}: name the zip that the Data tab hands out, or the folder of "
            "an export."
        )
    return folder
