"""The manifest of an export: what it was made from, and the SHA-256 of every file in it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from core.errors import BoneGradeError

NAME: Final = "manifest.json"
#: Raised by one whenever an export of the same revision comes to differ.
FORMAT_VERSION: Final = 2


class DamagedDataset(BoneGradeError):
    """A file of an export is missing, was changed or was added."""


def write_manifest(folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Writes the manifest of all files in a folder with some facts before them, and returns it."""
    manifest = {"format_version": FORMAT_VERSION, **facts, "files": _files(folder)}
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    return manifest


def check_files(folder: Path, called: Path | None = None) -> dict[str, Any]:
    """Checks an export against its manifest and returns the manifest. called: the name under which the caller knows the
    export, if not the folder's.

    Raises DamagedDataset with the first file that is not as it was written.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        listed: dict[str, Any] = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise DamagedDataset(f"{called or folder} has no readable {NAME}: choose an export.") from None
    found = _files(folder)
    for name in sorted({*listed, *found}):
        if listed.get(name) != found.get(name):
            how = "missing" if name not in found else "not in the manifest" if name not in listed else "changed"
            raise DamagedDataset(f"{name} is {how}: export again, or copy the whole folder again.")
    return manifest


def _files(folder: Path) -> dict[str, dict[str, Any]]:
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)}
        for name in paths
        if name != NAME
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
